/*
 * `npm run bench`: names (or their beginnings) as arguments in, the table of figures beside their limits out, and how each grows.
 * `--json` prints one object; `--quick` one round and no growth. Each row as it comes on stderr. Run by package.json alone.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Bench, Growth, Row } from './bench.ts';
import { bst } from './bst.ts';
import { directory } from './directory.ts';
import { iouAccept } from './iou-accept.ts';
import { iouHttp } from './iou-http.ts';
import { iouIssue } from './iou-issue.ts';
import { ledger } from './ledger.ts';
import { link } from './link.ts';
import { moneyDeposits } from './money-deposits.ts';
import { moneyPayout } from './money-payout.ts';
import { net } from './net.ts';
import { commit, growthTable, machine, resultsTable, type Report } from './table.ts';
import { tally } from './tally.ts';
import { torDump } from './tor-dump.ts';
import { tor } from './tor.ts';

/** Each in its own file; a row a name. */
export const benches: readonly Bench[] = [
  ...[...iouAccept, iouIssue, iouHttp, link],
  ...[bst, net, ...tally, ledger, directory],
  moneyPayout,
  moneyDeposits,
  tor,
  torDump,
];

const ROUNDS = 5;
const GROWTH_ROUNDS = 3;

export function chosen(all: readonly Bench[], prefixes: readonly string[]): Bench[] {
  const isNamed = (name: string) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix));
  return all.filter(({ names }) => names.some(isNamed));
}

/** At three amounts of work. */
export async function growthOf({ names, work, growth: sizes, run: measure }: Bench, rounds: number): Promise<Growth[]> {
  if (sizes === null) return [];
  const runs: Row[][] = [];
  for (const size of sizes) runs.push(await measure(rounds, size));
  return names.map((name) => {
    const rows = runs.map((run) => run.find((row) => row.name === name) as Row);
    const { unit } = rows[0] as Row;
    return { name, unit, work, sizes, values: rows.map((row) => row.value) };
  });
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const say = (text: string) => void process.stderr.write(`bench: ${text}\n`);
  const named = chosen(benches, positionals);
  if (named.length === 0) {
    say(`nothing begins with ${positionals.join(', ')}`);
    return 2;
  }
  const todo = named.filter((bench) => (bench.missing?.() ?? null) === null);
  for (const bench of named) if (!todo.includes(bench)) say(`left out ${bench.names.join(', ')}: ${bench.missing?.() ?? ''}`);
  // What was asked for by its name, and cannot be had.
  if (todo.length === 0) return 1;
  const results: Row[] = [];
  const growth: Growth[] = [];
  for (const bench of todo) {
    say(bench.names.join(', '));
    const rows = await bench.run(values.quick ? 1 : ROUNDS, bench.size);
    // Seen at once: the whole takes long, and the last of them may fail.
    say(`\n${resultsTable(rows)}`);
    results.push(...rows);
  }
  for (const bench of values.quick ? [] : todo.filter((one) => one.growth !== null)) {
    say(`${bench.names.join(', ')}: growth`);
    growth.push(...(await growthOf(bench, GROWTH_ROUNDS)));
  }
  const report: Report = { machine: machine(), commit: commit(), results, growth };
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(textOf(report));
  return 0;
}

function textOf({ machine: at, commit: of, results, growth }: Report): string {
  const grows = growth.length === 0 ? '' : `\nHow each grows:\n${growthTable(growth)}\n`;
  return `${at}\ncommit ${of}\n\n${resultsTable(results)}\n${grows}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main();
