/*
 * What happens in the world of one seed: a number in; the relays and subscribers, who lies, defaults, stands wrong in time, and when who
 * crashes, stalls, is restored, opens circuits, pays in and out, out. All of it follows from the number. Called by run.ts.
 */
import { intervalEnd, scheduleOf } from '../../core/rule/interval.ts';
import { defaultParameters, type Parameters } from '../../core/wire/parameters.ts';
import type { RelayPlan, SubscriberPlan } from '../../lab/world.ts';
import { chanceOf, type Chance } from './chance.ts';
import type { Rates } from './wire.ts';

export type Lie = 'growth' | 'falls' | 'forked' | 'statement' | 'settlement' | 'receipt';

/** What is done at a second of the world's own clock. */
export type Deed =
  | { readonly kind: 'deposit' | 'withdraw'; readonly subscriber: string; readonly amount: bigint }
  | { readonly kind: 'complain'; readonly subscriber: string }
  | { readonly kind: 'circuit'; readonly subscriber: string; readonly path: readonly string[]; readonly chunks: readonly Chunk[] }
  | { readonly kind: 'crash'; readonly name: string; readonly steps: number; readonly downSec: number; readonly again: number }
  | { readonly kind: 'off' | 'stall'; readonly name: string; readonly downSec: number }
  | { readonly kind: 'backup'; readonly name: string }
  | { readonly kind: 'restore'; readonly name: string; readonly downSec: number }
  | { readonly kind: 'approve'; readonly name: string }
  | { readonly kind: 'contest' | 'appeal'; readonly name: string; readonly interval: number }
  | { readonly kind: 'replay' };

export interface Chunk {
  readonly after: number;
  readonly bytes: bigint;
}

export interface SeedPlan {
  readonly seed: number;
  readonly start: number;
  readonly parameters: Parameters;
  readonly intervals: number;
  readonly relays: readonly RelayPlan[];
  readonly subscribers: readonly (SubscriberPlan & { readonly guard: string })[];
  readonly rates: Rates;
  /** Seconds that a node's clock is ahead. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly liars: ReadonlyMap<string, readonly Lie[]>;
  readonly defaulters: ReadonlySet<string>;
  /** Middles without capital: they pay when they are paid. */
  readonly poor: ReadonlySet<string>;
  readonly deeds: readonly { readonly at: number; readonly deed: Deed }[];
}

const START = 1_600_000_000;
const hour = 3600;
const guards = ['G1', 'G2', 'G3', 'G4'];
const middles = ['M1', 'M2', 'M3', 'M4'];
const exits = ['X1', 'X2', 'X3', 'X4'];
export const relayNames = [...guards, ...middles, ...exits];
const subscriberNames = Array.from({ length: 10 }, (_, index) => `U${index}`);

export function planOf(seed: number): SeedPlan {
  const chance = chanceOf(`${seed} plan`);
  const parameters = parametersOf(chance);
  const intervals = chance.thousandths(150) ? 4 : 3;
  const [first, second] = chance.some([...middles, ...exits], 2);
  const family = (name: string): string | null => (name === first || name === second ? 'twins' : null);
  const liars = new Map(chance.some(relayNames, chance.below(3)).map((name) => [name, chance.some(lies, chance.between(1, 3))]));
  const defaulters = new Set(chance.some(relayNames, chance.below(3)));
  const poor = new Set(chance.thousandths(300) ? chance.some(middles, chance.between(1, 2)) : []);
  const restored = chance.some(relayNames, chance.pick([0, 1, 1, 2]));
  const base = { bandwidth: 100_000_000, opening: 10n ** 9n };
  const relays = relayNames.map((name) => ({
    ...{ ...base, name, exit: exits.includes(name), guard: guards.includes(name), takesSubscribers: guards.includes(name) },
    ...{ family: family(name), payouts: defaulters.has(name) ? ('manual' as const) : ('auto' as const) },
    ...(poor.has(name) ? { opening: 0n } : {}),
  }));
  const subscribers = subscriberNames.map((name) => ({ name, purse: 10n ** 8n, guard: chance.pick(guards) }));
  const half = Math.floor(parameters.skewSec / 2);
  // A few that several share: a world in which everybody wakes at another second takes three times as long.
  const ahead = [-half, half, 0, chance.between(-half, half)];
  const offsets = new Map([...relayNames, ...subscriberNames].map((name) => [name, chance.pick(ahead)]));
  const timed = { seed, chance, parameters, intervals, subscribers };
  const deeds = [...traffic(timed), ...money(timed), ...troubles(timed, restored), ...dishonesty(timed, defaulters, liars)];
  return {
    ...{
      seed,
      start: START,
      parameters,
      intervals,
      relays,
      subscribers,
      rates: ratesOf(chance),
      offsets,
      liars,
      defaulters,
      poor,
    },
    deeds: deeds.sort((a, b) => a.at - b.at),
  };
}

const lies: readonly Lie[] = ['growth', 'falls', 'forked', 'statement', 'settlement', 'receipt'];

function ratesOf(chance: Chance): Rates {
  // A quiet network, an ordinary one, a bad one.
  const most = chance.pick([0, 8, 25, 60]);
  const up = (): number => chance.between(0, most);
  return { drop: up(), lose: up(), late: up(), repeat: up(), reorder: up() };
}

/** The windows of test/journeys, and shorter intervals: the windows of one overlap with the next. */
function parametersOf(chance: Chance): Parameters {
  return {
    ...defaultParameters,
    ...{ genesis: START + 2 * hour, consensusSec: hour, intervalSec: 4 * hour, iouTickSec: hour / 2, graceSec: 600 },
    ...{ bstOffsetSec: 1800, paymentWindowSec: hour, contestWindowSec: hour, answerWindowSec: hour, appealWindowSec: 2 * hour },
    ...{ withdrawWindowSec: 2 * hour, exitRatio: [3n, 2n], startingBytes: chance.pick([0n, 1000n]) },
    creditStartBytes: chance.pick([2n ** 40n, 2n ** 40n, 400_000n]),
    carryIntervals: chance.pick([1, 4]),
    reportersToUnflag: chance.pick([1, 2]),
    rails: { ledger: { price: 2n ** 30n, quantum: chance.pick([1n, 1n, 1000n]), dust: chance.pick([0n, 0n, 50_000n]) } },
  };
}

type Timed = Pick<SeedPlan, 'seed' | 'parameters' | 'intervals' | 'subscribers'> & { readonly chance: Chance };
type Deeds = SeedPlan['deeds'];

function traffic({ chance, parameters, intervals, subscribers }: Timed): Deeds {
  const { genesis, intervalSec } = parameters;
  const end = intervals * intervalSec;
  return Array.from({ length: 14 * intervals }, () => {
    const { name, guard } = chance.pick(subscribers);
    const path = [guard, chance.pick(middles), chance.pick(exits)];
    const chunks = Array.from({ length: chance.between(1, 4) }, () => ({
      after: chance.below(hour),
      bytes: BigInt(chance.between(1, chance.pick([2000, 60_000, 300_000]))),
    }));
    const at = genesis + 900 + chance.below(end - 900 - hour / 2);
    return { at, deed: { kind: 'circuit', subscriber: name, path, chunks } as const };
  });
}

function money({ chance, parameters, intervals, subscribers }: Timed): Deeds {
  const { genesis, intervalSec } = parameters;
  const end = genesis + intervals * intervalSec;
  return subscribers.flatMap(({ name: subscriber }) => {
    const deposit = (at: number) =>
      ({ at, deed: { kind: 'deposit', subscriber, amount: BigInt(chance.between(10_000, 3_000_000)) } }) as const;
    const more = chance.thousandths(400) ? [deposit(chance.between(genesis + 900, end))] : [];
    const amount = BigInt(chance.between(1, 200_000));
    const out = chance.thousandths(500)
      ? [{ at: chance.between(genesis + hour, end), deed: { kind: 'withdraw', subscriber, amount } as const }]
      : [];
    const complaint = out.map(({ at }) => ({ at: at + 2 * hour + 60, deed: { kind: 'complain', subscriber } as const }));
    return [deposit(genesis + chance.below(600)), ...more, ...out, ...complaint];
  });
}

function troubles({ chance, parameters, intervals }: Timed, restored: readonly string[]): Deeds {
  const { genesis, intervalSec } = parameters;
  const length = intervals * intervalSec + parameters.bstOffsetSec;
  const anywhen = (): number => genesis + chance.below(length);
  /** Around an interval's end, where most is at stake. */
  const critical = (): number => intervalEnd(parameters, chance.below(intervals)) - 1800 + chance.below(2 * hour);
  const soon = (): number => (chance.thousandths(600) ? critical() : anywhen());
  const anybody = [...relayNames, ...relayNames, ...subscriberNames];
  const downSec = (): number => chance.pick([0, 3, 60, 600, chance.below(3 * hour)]);
  const crash = () => {
    const steps = chance.between(1, chance.pick([3, 20, 100, 400]));
    // Some die once more while they start.
    const again = chance.thousandths(300) ? chance.between(1, 80) : 0;
    return { at: soon(), deed: { kind: 'crash', name: chance.pick(anybody), steps, downSec: downSec(), again } as const };
  };
  const away = (kind: 'off' | 'stall') => ({
    at: soon(),
    deed: { kind, name: chance.pick(anybody), downSec: downSec() } as const,
  });
  const slow = { at: anywhen(), deed: { kind: 'stall', name: 'dir.authority', downSec: chance.pick([30, 300, 600]) } as const };
  const back = restored.flatMap((name) => {
    const at = soon();
    const before = Math.max(genesis + 60, at - chance.between(600, 5 * hour));
    return [
      { at: before, deed: { kind: 'backup', name } as const },
      { at: Math.max(at, before + 600), deed: { kind: 'restore', name, downSec: chance.pick([0, 60, 600]) } as const },
    ];
  });
  return [
    ...Array.from({ length: chance.between(3, 12) }, crash),
    ...Array.from({ length: chance.below(3) }, () => away('off')),
    ...Array.from({ length: chance.below(3) }, () => away('stall')),
    ...(chance.thousandths(300) ? [slow] : []),
    ...back,
    ...Array.from({ length: 2 }, () => ({ at: anywhen(), deed: { kind: 'replay' } as const })),
  ];
}

function dishonesty({ chance, parameters, intervals }: Timed, defaulters: ReadonlySet<string>, liars: SeedPlan['liars']): Deeds {
  const deeds: { at: number; deed: Deed }[] = [];
  for (let interval = 0; interval < intervals; interval += 1) {
    const { bst, paymentEnd, contestEnd, appealEnd } = scheduleOf(parameters, interval);
    for (const name of defaulters) {
      // It pays in time, or late, or never.
      const at = chance.pick([bst + 300, paymentEnd + chance.below(2 * hour), null]);
      if (at !== null) deeds.push({ at, deed: { kind: 'approve', name } });
    }
    for (const name of liars.keys()) {
      if (chance.thousandths(500))
        deeds.push({ at: chance.between(paymentEnd + 120, contestEnd - 60), deed: { kind: 'contest', name, interval } });
    }
    for (const name of [...liars.keys(), ...defaulters]) {
      if (chance.thousandths(500))
        deeds.push({ at: chance.between(paymentEnd + 300, appealEnd), deed: { kind: 'appeal', name, interval } });
    }
  }
  return deeds;
}
