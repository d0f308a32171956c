/*
 * The network that `ptg up` draws: a Tor consensus (a file's bytes, or the one that the project carries), a number of relays and
 * chance in; relays, subscribers, parameters and the wheel from which circuits are chosen, out.
 */
import { ok, type Result } from '../../core/refusal.ts';
import { defaultParameters, type Parameters } from '../../core/wire/parameters.ts';
import type { Draw } from '../../tor/chance.ts';
import { drawNetwork, type DrawnRelay } from '../../tor/consensus/draw.ts';
import { withFamilies } from '../../tor/consensus/family.ts';
import { parseMicrodescs } from '../../tor/consensus/microdesc.ts';
import { parseConsensus, relaysAndExits, type TorConsensus } from '../../tor/consensus/parse.ts';
import { chooseGuard, preparePaths, type PathTable } from '../../tor/consensus/path.ts';
import type { TorRelay } from '../../tor/consensus/relay.ts';
import { unpackDocument } from '../../tor/consensus/unpack.ts';
import { positionWeights } from '../../tor/consensus/weights.ts';
import { carriedConsensus, carriedMicrodescs } from '../network/carried.ts';
import type { RelayPlan } from '../world.ts';

export interface UpSubscriber {
  readonly name: string;
  readonly guard: string;
  /** The guard as path selection knows it. */
  readonly entry: TorRelay;
  readonly deposit: bigint;
  /** In its own wallet at first; what is left of it tops the account up when it runs low. */
  readonly purse: bigint;
}

export interface UpPlan {
  readonly relays: readonly RelayPlan[];
  readonly subscribers: readonly UpSubscriber[];
  readonly paths: PathTable;
  /** The relay's name in this network, by its identity in the consensus. */
  readonly nameOf: ReadonlyMap<string, string>;
  readonly parameters: Omit<Parameters, 'genesis'>;
  /** The guard with most subscribers: its payouts are manual, and in one interval nobody approves them. */
  readonly defaulter: string;
  /** |N| and |E| of the whole consensus, not of the relays drawn. */
  readonly ratio: { readonly n: bigint; readonly e: bigint };
}

/** Money of the local network: a GiB through a standard hop costs so many units. */
const PRICE = 1_000_000_000n;
const SUBSCRIBERS = 6;
/** Working capital: a default stays with the hop beside the defaulter as far as that can pay on (rule 6). */
const OPENING = 100_000_000n;
const TOP_UPS = 1000n;
/** The last subscriber has nothing to top up with, and is to be cut off. */
const DEPOSITS = [60_000_000n, 90_000_000n, 40_000_000n, 120_000_000n, 75_000_000n, 1_500_000n];

export function planUp(file: Uint8Array | null, count: number, draw: Draw): Result<UpPlan> {
  const consensus = file === null ? carried() : read(file);
  if (!consensus.ok) return consensus;
  const drawn = drawNetwork({ consensus: consensus.value, count, draw });
  if (!drawn.ok) return drawn;
  const nameOf = new Map(drawn.value.map((one) => [one.identity, one.nickname]));
  const paths = preparePaths({ relays: drawn.value.map((one) => one.relay), weights: positionWeights(consensus.value) });
  const subscribers: UpSubscriber[] = [];
  for (let index = 0; index < SUBSCRIBERS; index += 1) {
    const guard = chooseGuard(paths, draw);
    if (!guard.ok) return guard;
    const deposit = DEPOSITS[index % DEPOSITS.length] as bigint;
    const purse = index === SUBSCRIBERS - 1 ? deposit : deposit * TOP_UPS;
    subscribers.push({
      name: `user-${index + 1}`,
      guard: nameOf.get(guard.value.identity) as string,
      entry: guard.value,
      deposit,
      purse,
    });
  }
  const ratio = relaysAndExits(consensus.value);
  const defaulter = busiestGuard(subscribers);
  return ok({
    relays: drawn.value.map((one) => relayPlan(one, defaulter)),
    subscribers,
    defaulter,
    paths,
    nameOf,
    ratio,
    parameters: {
      ...defaultParameters,
      ...pace,
      exitRatio: [ratio.n, ratio.e],
      rails: { ledger: { price: PRICE, quantum: 1000n, dust: 1000n } },
    },
  });
}

/** Design §7: parameters like any others, for somebody who watches. */
const pace = {
  consensusSec: 5,
  intervalSec: 30,
  skewSec: 5,
  graceSec: 2,
  bstOffsetSec: 5,
  paymentWindowSec: 5,
  contestWindowSec: 5,
  answerWindowSec: 3,
  appealWindowSec: 10,
  withdrawWindowSec: 30,
  iouTickSec: 2,
  // A relay that answers a round after the others shall not wait for days until it is as stable as their median.
  flags: { ...defaultParameters.flags, runningSec: 15, uptimeHalfLifeSec: 60, stableMtbfSec: 0, guardUptimeThousandths: 500 },
};

function carried(): Result<TorConsensus> {
  const consensus = parseConsensus(carriedConsensus);
  const microdescs = parseMicrodescs(carriedMicrodescs);
  if (!consensus.ok) return consensus;
  if (!microdescs.ok) return microdescs;
  return ok(withFamilies(consensus.value, microdescs.value));
}

function read(file: Uint8Array): Result<TorConsensus> {
  const text = unpackDocument(file);
  return text.ok ? parseConsensus(text.value) : text;
}

function busiestGuard(subscribers: readonly UpSubscriber[]): string {
  const count = (guard: string): number => subscribers.filter((one) => one.guard === guard).length;
  return subscribers.map((one) => one.guard).reduce((best, one) => (count(one) > count(best) ? one : best));
}

function relayPlan(drawn: DrawnRelay, defaulter: string): RelayPlan {
  const members = [drawn.identity, ...drawn.family].sort();
  return {
    name: drawn.nickname,
    exit: drawn.exit,
    guard: drawn.guard,
    takesSubscribers: drawn.guard,
    // The consensus weighs in kilobytes a second.
    bandwidth: drawn.bandwidth * 1000,
    family: drawn.family.length === 0 ? null : (members[0] as string),
    payouts: drawn.nickname === defaulter ? 'manual' : 'auto',
    opening: OPENING,
  };
}
