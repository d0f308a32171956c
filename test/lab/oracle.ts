/*
 * What a scenario must come to, reckoned from design §6 and §9 alone: the text of a file in, the whole expected output out, as
 * `ptg scenario --json` prints it (with unpaidBy only while no two intervals' windows overlap). It shares no line with the program.
 * Called by oracle.spec and scenario-finds.spec.
 */

export interface Expected {
  readonly intervals: readonly ExpectedInterval[];
  readonly relays: readonly Record<'name' | 'received' | 'paid' | 'net' | 'usageIncome', string>[];
  readonly subscribers: readonly Record<'name' | 'deposited' | 'spent' | 'balance', string>[];
}
interface ExpectedInterval {
  readonly ious: readonly Record<'issuer' | 'holder' | 'relayBytes' | 'exitBytes' | 'value', string>[];
  readonly payments: readonly Transfer[];
  readonly carried: readonly Transfer[];
  readonly contests: readonly Record<'contestant' | 'accused' | 'amount' | 'outcome', string>[];
  readonly guardFlags: readonly string[];
}
type Transfer = Record<'from' | 'to' | 'amount', string>;

export function expectedOf(text: string): Expected {
  const file = JSON.parse(text) as File;
  const prices = pricesOf(file);
  const accounts = new Map(file.subscribers?.map((one) => [one.name, { ...one, left: BigInt(one.deposit) }]));
  const carries = new Map<string, Carry>();
  const totals = new Map(file.relays.map(({ name }) => [name, { received: 0n, paid: 0n, usageIncome: 0n }]));

  const families = new Map(file.relays.map((one) => [one.name, one.family ?? `of ${one.name} alone`]));
  /** By accused: the families whose contests were upheld. Nothing takes an upheld one back but a late payment. */
  const upheld = new Map<string, Set<string>>();

  const plans = file.intervals ?? [{ circuits: file.circuits ?? [], unpaidBy: file.unpaidBy ?? [] }];
  const intervals = plans.map((plan, interval) => {
    const { links, usage } = carry(plan.circuits ?? [], prices, accounts);
    for (const [name, used] of usage) {
      // Rule 3: a subscriber's usage is rounded up, once an interval.
      const spent = (used + prices.scale - 1n) / prices.scale;
      const account = accounts.get(name)!;
      account.left -= spent;
      totals.get(account.guard)!.usageIncome += spent;
    }
    const due = settle(links, prices, carries, interval);
    const payments = due.filter(({ from }) => plan.unpaidBy?.includes(from) !== true);
    // Within a family nothing is contested: what is not paid there just lapses.
    const contested = due.filter((one) => !payments.includes(one) && families.get(one.from) !== families.get(one.to));
    for (const { from, to } of contested) {
      // The debt and its carry are gone.
      carries.delete([from, to].sort(byBytes).join(' '));
      upheld.set(from, (upheld.get(from) ?? new Set()).add(families.get(to)!));
    }
    for (const { from, to, amount } of payments) {
      totals.get(from)!.paid += amount;
      totals.get(to)!.received += amount;
    }
    const carried = [...carries].map(([key, { amount }]) => owing(key, amount)).filter(({ amount }) => amount > 0n);
    return {
      ious: sorted(
        [...links].map(([key, link]) => iouLine(key, link, prices)),
        (one) => [one.issuer, one.holder],
      ),
      payments: transfers(payments),
      carried: transfers(carried),
      contests: sorted(
        contested.map(({ from, to, amount }) => printed({ contestant: to, accused: from, amount, outcome: 'upheld' })),
        (one) => [one.contestant, one.accused],
      ),
      guardFlags: sorted(
        // Rule 12: two reporters, not of one family.
        file.relays.filter((one) => one.guard === true && (upheld.get(one.name)?.size ?? 0) < 2).map((one) => one.name),
        (name) => [name],
      ),
    };
  });
  const relays = [...totals].map(([name, { received, paid, usageIncome }]) =>
    printed({ name, received, paid, net: received - paid, usageIncome }),
  );
  const subscribers = [...accounts.values()].map(({ name, deposit, left }) =>
    printed({ name, deposited: BigInt(deposit), spent: BigInt(deposit) - left, balance: left }),
  );
  return { intervals, relays: sorted(relays, (one) => [one.name]), subscribers: sorted(subscribers, (one) => [one.name]) };
}

interface Circuit {
  readonly subscriber: string;
  readonly path: readonly string[];
  readonly bytes: string | number;
}
interface Figures {
  readonly price?: string | number;
  readonly exitRatio?: readonly [string | number, string | number];
  readonly startingBytes?: string | number;
  readonly quantum?: string | number;
}
interface File extends Figures {
  readonly relays: readonly { name: string; exit?: boolean; guard?: boolean; family?: string | null }[];
  readonly subscribers?: readonly { name: string; guard: string; deposit: string | number }[];
  readonly circuits?: readonly Circuit[];
  readonly unpaidBy?: readonly string[];
  readonly intervals?: readonly { readonly circuits?: readonly Circuit[]; readonly unpaidBy?: readonly string[] }[];
  readonly parameters?: Figures & { readonly dust?: string | number; readonly carryIntervals?: number };
}

/** Money is counted in parts: `scale` parts are one unit, so that every value is a whole number of parts. */
interface Prices {
  readonly scale: bigint;
  /** Parts for a byte through a standard hop, and out of the exit. */
  readonly relayByte: bigint;
  readonly exitByte: bigint;
  readonly startingBytes: bigint;
  readonly quantum: bigint;
  readonly dust: bigint;
  readonly carryIntervals: number;
}

function pricesOf(file: File): Prices {
  const given = { ...file, ...file.parameters };
  const counted = [file.relays.length, file.relays.filter((one) => one.exit === true).length];
  const [relays, exits] = (given.exitRatio ?? counted).map(BigInt) as [bigint, bigint];
  const price = BigInt(given.price ?? 0);
  const quantum = BigInt(given.quantum ?? 1);
  return {
    scale: (exits === 0n ? 1n : exits) << 30n,
    relayByte: price * exits,
    exitByte: price * relays,
    startingBytes: BigInt(given.startingBytes ?? 25_700),
    quantum: quantum === 0n ? 1n : quantum,
    dust: BigInt(file.parameters?.dust ?? 0),
    carryIntervals: file.parameters?.carryIntervals ?? 4,
  };
}

interface Link {
  relayBytes: bigint;
  exitBytes: bigint;
}

/** Circuits in file order; each carries what its subscriber's balance covers (rules 1, 2 and 4). Usage is in parts. */
function carry(circuits: readonly Circuit[], prices: Prices, accounts: ReadonlyMap<string, { left: bigint }>) {
  const links = new Map<string, Link>();
  const usage = new Map<string, bigint>();
  for (const { subscriber, path, bytes } of circuits) {
    const used = usage.get(subscriber) ?? 0n;
    const byteCost = BigInt(path.length - 1) * prices.relayByte + prices.exitByte;
    // Rounded up the usage stays within the balance exactly when its parts stay within the balance's.
    const room = accounts.get(subscriber)!.left * prices.scale - used;
    const wanted = BigInt(bytes);
    const most = byteCost === 0n || wanted * byteCost <= room ? wanted : room / byteCost;
    const charged = most > prices.startingBytes ? most : prices.startingBytes;
    if (charged * byteCost > room || charged === 0n) continue;
    usage.set(subscriber, used + charged * byteCost);
    for (let hop = 0; hop + 1 < path.length; hop += 1) {
      const key = `${path[hop]} ${path[hop + 1]}`;
      const link = links.get(key) ?? { relayBytes: 0n, exitBytes: 0n };
      // The holder and every hop after it but the last take the standard price.
      link.relayBytes += charged * BigInt(path.length - hop - 2);
      link.exitBytes += charged;
      links.set(key, link);
    }
  }
  return { links, usage };
}

/** What the second of a pair (in order of names) is owed by the first; negative: owes it. Units. */
interface Carry {
  readonly amount: bigint;
  /** The interval of its oldest part. */
  readonly since: number;
}

/** Rule 8: one net a pair, rounded down once; whole quanta are paid, the rest is carried. Changes the carries. */
function settle(links: ReadonlyMap<string, Link>, prices: Prices, carries: Map<string, Carry>, interval: number) {
  const pairs = new Map<string, bigint>([...carries.keys()].map((pair) => [pair, 0n]));
  for (const [key, link] of links) {
    const [issuer, holder] = key.split(' ') as [string, string];
    const [pair, sign] = issuer < holder ? [key, 1n] : [`${holder} ${issuer}`, -1n];
    pairs.set(pair, (pairs.get(pair) ?? 0n) + sign * partsOf(link, prices));
  }
  const payments: { from: string; to: string; amount: bigint }[] = [];
  for (const [pair, parts] of pairs) {
    const before = carries.get(pair) ?? { amount: 0n, since: interval };
    // Division drops the fraction towards zero, whoever owes.
    const owed = (parts + before.amount * prices.scale) / prices.scale;
    const due = owed < 0n ? -owed : owed;
    const old = owed * before.amount > 0n ? (owed < 0n ? -before.amount : before.amount) : 0n;
    const isAged = old > 0n && interval - before.since >= prices.carryIntervals;
    let paid = due < prices.dust ? 0n : due;
    if (!isAged) paid -= paid % prices.quantum;
    const rest = isAged ? 0n : due - paid;
    // The oldest is paid first.
    const since = paid < old ? before.since : interval;
    carries.set(pair, { amount: owed < 0n ? -rest : rest, since });
    if (paid > 0n) payments.push({ ...owing(pair, owed), amount: paid });
  }
  return payments;
}

function partsOf(link: Link, prices: Prices): bigint {
  return link.relayBytes * prices.relayByte + link.exitBytes * prices.exitByte;
}

function owing(pair: string, amount: bigint): { from: string; to: string; amount: bigint } {
  const [first, second] = pair.split(' ') as [string, string];
  return amount < 0n ? { from: second, to: first, amount: -amount } : { from: first, to: second, amount };
}

function iouLine(key: string, link: Link, prices: Prices) {
  const [issuer, holder] = key.split(' ') as [string, string];
  return printed({ issuer, holder, ...link, value: partsOf(link, prices) / prices.scale });
}

function transfers(all: readonly { from: string; to: string; amount: bigint }[]): Transfer[] {
  return sorted(all.map(printed), (one) => [one.from, one.to]);
}

function printed<T extends object>(line: T): { [K in keyof T]: string } {
  return Object.fromEntries(Object.entries(line).map(([key, value]) => [key, String(value)])) as { [K in keyof T]: string };
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** By name in byte order: names are ASCII. */
function sorted<T>(lines: readonly T[], names: (one: T) => readonly string[]): T[] {
  const key = (one: T): string => names(one).join('\0');
  return [...lines].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
