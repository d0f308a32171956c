/*
 * Random scenario files for the comparison with the oracle: small networks with hostile figures in, JSON text out. Deposits are
 * drawn around what the circuits cost, so that balances run out at, before and after every boundary. Called by oracle.spec.
 */
import fc from 'fast-check';
import { expectedOf } from './oracle.ts';

const NAMES = ['R1', 'R10', 'R2', 'a', 'Z', 'A', 'b-1', '0x'];
/** Together below what the ledger can hold. */
const DEPOSIT_MAX = 2n ** 58n;

export const anyScenario: fc.Arbitrary<string> = fc
  .record(
    {
      price: amounts(['0', '1', '2', '999', '1000000', '1000000000', '1000000007', '1000000000000000'], 10n ** 15n),
      exitRatio: fc.option(
        fc.oneof(
          fc.constantFrom(['1', '1'], ['3', '2'], ['2', '3'], ['1', '1000'], ['7213', '938'], ['1000000007', '3']),
          fc.tuple(fc.integer({ min: 1, max: 9000 }), fc.integer({ min: 1, max: 9000 })).map((pair) => pair.map(String)),
        ),
      ),
      startingBytes: fc.option(amounts(['0', '0', '1', '25700', '1000000', '1073741824'], 10n ** 6n)),
      quantum: fc.option(amounts(['0', '1', '7', '1000', '1000000', '1000000000', '1000000000000000000'], 10n ** 10n)),
      relays: relays(),
      guards: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
      intervals: fc.oneof({ weight: 4, arbitrary: plans(1, 3) }, { weight: 1, arbitrary: plans(6, 7) }),
      deposits: fc.infiniteStream(fc.tuple(fc.nat(9), fc.bigInt(0n, 2n ** 32n))).map((stream) => [...stream.take(4)]),
      parameters: fc.option(parameters()),
      unpaid: fc.array(fc.array(fc.nat(), { maxLength: 2 }), { minLength: 7, maxLength: 7 }),
      inNumbers: fc.boolean(),
    },
    { noNullPrototype: true },
  )
  .map(scenarioText);

function amounts(notable: readonly string[], max: bigint): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...notable) },
    { weight: 1, arbitrary: fc.bigInt(0n, max).map(String) },
  );
}

function relays() {
  const family = fc.constantFrom(null, null, null, 'x', 'y');
  const one = fc.record({ exit: fc.boolean(), guard: fc.boolean(), family }, { noNullPrototype: true });
  return fc.array(one, { minLength: 3, maxLength: 8 });
}

interface Draft {
  readonly subscriber: number;
  readonly hops: number;
  readonly way: readonly number[];
  readonly bytes: string;
}

/** Few ways through few relays: links are used again and again, in both directions. */
function plans(minLength: number, maxLength: number): fc.Arbitrary<Draft[][]> {
  const bytes = ['0', '1', '513', '514', '25699', '25700', '25701', '1048576', '1073741824', '3221225479'];
  const draft = fc.record(
    {
      subscriber: fc.nat(),
      hops: fc.constantFrom(1, 2, 3, 3, 3, 4, 5),
      way: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
      bytes: amounts(bytes, 10n ** 12n),
    },
    { noNullPrototype: true },
  );
  return fc.array(fc.array(draft, { maxLength: maxLength > 3 ? 3 : 6 }), { minLength, maxLength });
}

function parameters() {
  return fc.record(
    {
      carryIntervals: fc.constantFrom(0, 1, 2, 3, 4),
      dust: amounts(['0', '1', '5000', '1000000', '10000000000', '1000000000000000000'], 10n ** 9n),
      iouTickSec: fc.constantFrom(700, 1000, 5000, 7000, 21600, 30000),
      // Intervals that overlap, with and without a consensus in each.
      intervalSec: fc.constantFrom(1800, 3600, 9000),
      bstOffsetSec: fc.constantFrom(0, 1, 601, 9000, 30000),
      graceSec: fc.constantFrom(1, 60, 599),
      paymentWindowSec: fc.constantFrom(601, 7200),
      skewSec: fc.constantFrom(0, 600),
      startingBytes: fc.constantFrom('0', '25700', '51400'),
      price: fc.constantFrom('1', '1000000000'),
      quantum: fc.constantFrom('1', '1000'),
      circuitHops: fc.constantFrom(1, 3, 5),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
}

interface Draw {
  readonly relays: readonly { exit: boolean; guard: boolean }[];
  readonly guards: readonly number[];
  readonly intervals: Draft[][];
  readonly deposits: readonly (readonly [number, bigint])[];
  readonly unpaid: readonly (readonly number[])[];
  readonly parameters: Readonly<Record<string, unknown>> | null;
  /** Amounts as JSON numbers. */
  readonly inNumbers: boolean;
  readonly [figure: string]: unknown;
}

/** With other windows than a file's own, intervals overlap: what a contest voids would depend on what has come between. */
const WINDOWS = ['intervalSec', 'bstOffsetSec', 'paymentWindowSec'];

function scenarioText({ relays: flags, guards, intervals, deposits, unpaid, inNumbers, ...rest }: Draw): string {
  const isApart = !WINDOWS.some((name) => Object.hasOwn(rest.parameters ?? {}, name));
  const figures = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
  const all = flags.map((one, index) => ({ name: NAMES[index] as string, ...one, exit: one.exit || index === 1 }));
  const subscribers = guards.map((guard, index) => ({ name: `U${index + 1}`, guard: at(all, guard).name }));
  const plan = intervals.map((drafts, interval) => {
    const names = new Set(unpaid[interval]?.map((index) => at(all, index).name));
    const circuits = drafts.map((draft) => circuitOf(draft, all, subscribers));
    return { circuits, ...(isApart ? { unpaidBy: [...names] } : {}) };
  });
  const file = (paid: readonly bigint[], until: number): string =>
    JSON.stringify({
      ...figures,
      relays: all,
      subscribers: subscribers.map((one, index) => ({ ...one, deposit: String(paid[index]) })),
      ...(plan.length === 1 && until === 1 ? plan[0] : { intervals: plan.slice(0, until) }),
    });
  // What all would spend, and what they would spend in the first interval alone, if they could.
  const spent = (until: number): bigint[] => {
    const report = expectedOf(
      file(
        subscribers.map(() => 2n ** 100n),
        until,
      ),
    );
    return subscribers.map(({ name }) => BigInt(report.subscribers.find((one) => one.name === name)?.spent ?? 0));
  };
  const [whole, first] = [spent(plan.length), spent(1)];
  const paid = subscribers.map((_, index) => {
    const deposit = depositOf(deposits[index] as readonly [number, bigint], whole[index] as bigint, first[index] as bigint);
    return deposit < 0n ? 0n : deposit > DEPOSIT_MAX ? DEPOSIT_MAX : deposit;
  });
  const text = file(paid, plan.length);
  return inNumbers ? text.replaceAll(/"([0-9]{1,15})"/g, '$1') : text;
}

function depositOf([kind, share]: readonly [number, bigint], whole: bigint, first: bigint): bigint {
  const kinds = [whole * 2n, whole, whole - 1n, whole + 1n, first, first - 1n, first + 1n, 0n];
  return kinds[kind] ?? (whole * share) / 2n ** 32n;
}

function circuitOf(
  { subscriber, hops, way, bytes }: Draft,
  all: readonly { name: string; exit: boolean }[],
  subscribers: readonly { name: string; guard: string }[],
) {
  const { name, guard } = at(subscribers, subscriber);
  const isExit = all.find((one) => one.name === guard)?.exit === true;
  const exits = all.filter((one) => one.exit && one.name !== guard);
  if (exits.length === 0 || (hops === 1 && isExit)) return { subscriber: name, path: [guard], bytes };
  const last = at(exits, way[3] as number).name;
  const path = [guard];
  for (const step of way.slice(0, Math.max(hops - 2, 0))) {
    const free = all.filter((one) => one.name !== last && !path.includes(one.name));
    if (free.length > 0) path.push(at(free, step).name);
  }
  return { subscriber: name, path: [...path, last], bytes };
}

function at<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T;
}
