/*
 * What a bench is: names, an amount of work, and how to run it. Written by each file of bench, listed in main.ts, printed by table.ts.
 */
export interface Bench {
  /** Of its rows, in order. */
  readonly names: readonly string[];
  /** What the work is counted in: deliveries, relays, subscribers. */
  readonly work: string;
  /** The work of the first table. */
  readonly size: number;
  /** Work of the second table: once, ten times and a hundred times as much; null where there is none. */
  readonly growth: readonly [number, number, number] | null;
  /** What it needs and this machine lacks, and how to mend that; null, or left out, where it can run. */
  missing?(): string | null;
  /** A row a name. Alternates what is measured and its limit `rounds` times and answers medians. */
  run(rounds: number, size: number): Promise<Row[]>;
}

export interface Row {
  readonly name: string;
  /** Also what stands behind the figure, where its name does not say it. */
  readonly unit: string;
  readonly value: number;
  /** Measured in the same run; null where there is none. */
  readonly limit: number | null;
  /** `value / limit`. */
  readonly ratio: number | null;
}

/** One row at three amounts of work. */
export interface Growth {
  readonly name: string;
  readonly unit: string;
  readonly work: string;
  readonly sizes: readonly number[];
  readonly values: readonly number[];
}

export function rowOf(name: string, unit: string, value: number, limit: number | null): Row {
  return { name, unit, value, limit, ratio: limit === null || limit === 0 ? null : value / limit };
}
