/*
 * Tor's position weights: how much of a relay's bandwidth counts for guard, middle and exit, by its flags. They come from the
 * consensus' foot, or are computed from its relays as the authorities do (dir-spec 3.8.3). Called by path.ts and the lab.
 */
import { weightScale } from './footer.ts';
import type { TorConsensus } from './parse.ts';
import { isExit, isGuard } from './relay.ts';
import type { TorRelay } from './relay.ts';

/** W, then the position (g guard, m middle, e exit), then the relay: g Guard, e Exit, d both, m neither; b: directory calls. */
const names = 'Wbd Wbe Wbg Wbm Wdb Web Wed Wee Weg Wem Wgb Wgd Wgg Wgm Wmb Wmd Wme Wmg Wmm'.split(' ') as readonly WeightName[];

type WeightName = `Wb${'d' | 'e' | 'g' | 'm'}` | `W${'d' | 'e' | 'g' | 'm'}b` | PathWeightName;
type PathWeightName = `Wg${'d' | 'g' | 'm'}` | `W${'e' | 'm'}${'d' | 'e' | 'g' | 'm'}`;

/** All that a consensus' foot names; in fractions of its scale. */
export type PositionWeights = Readonly<Record<WeightName, number>>;

/** Bandwidth of the relays with Guard alone, neither, Exit alone, both. */
export interface BandwidthSums {
  readonly G: bigint;
  readonly M: bigint;
  readonly E: bigint;
  readonly D: bigint;
}

/** The foot's weights where it has them all; otherwise computed; where that fails too, every position counts bandwidth in full. */
export function positionWeights(consensus: TorConsensus): PositionWeights {
  const scale = weightScale(consensus.params);
  return footerWeights(consensus) ?? computeWeights(bandwidthSums(consensus.relays), scale) ?? naiveWeights(scale);
}

export function footerWeights(consensus: Pick<TorConsensus, 'weights'>): PositionWeights | null {
  if (!names.every((name) => consensus.weights.has(name))) return null;
  return Object.fromEntries(names.map((name) => [name, consensus.weights.get(name)])) as PositionWeights;
}

/** The class of a relay as the weights name it; a bad exit is none. */
export function classOf(relay: TorRelay): 'g' | 'm' | 'e' | 'd' {
  if (isGuard(relay)) return isExit(relay) ? 'd' : 'g';
  return isExit(relay) ? 'e' : 'm';
}

/** What of the relay's bandwidth counts in a position, in fractions of the scale. */
export function weightIn(position: 'g' | 'm' | 'e', relay: TorRelay, weights: PositionWeights): number {
  const kind = classOf(relay);
  if (position === 'g') return kind === 'e' ? 0 : weights[`Wg${kind}`];
  return weights[`W${position}${kind}`];
}

/** The sums start at 1, so that no division is by zero. */
export function bandwidthSums(relays: readonly TorRelay[]): BandwidthSums {
  const sums = { g: 1n, m: 1n, e: 1n, d: 1n };
  for (const relay of relays) sums[classOf(relay)] += BigInt(relay.bandwidth);
  return { G: sums.g, M: sums.m, E: sums.e, D: sums.d };
}

/** dir-spec 3.8.3 in whole numbers, or null where its cases give none (bandwidths that cannot be balanced at all). */
export function computeWeights(sums: BandwidthSums, weightScaleUsed = 10_000): PositionWeights | null {
  const { G, E } = sums;
  const scale = BigInt(weightScaleUsed);
  const total = G + sums.M + E + sums.D;
  const exitScarce = 3n * E < total;
  const guardScarce = 3n * G < total;
  let solved: Solution;
  if (!exitScarce && !guardScarce) solved = neitherScarce(sums, scale);
  else if (exitScarce && guardScarce) solved = bothScarce(sums, scale);
  else solved = oneScarce(sums, scale, total);
  return isInRange(solved, scale) ? named(solved, scale) : null;
}

/** The seven that the cases give; the others follow from them. */
interface Solution {
  readonly gg: bigint;
  readonly gd: bigint;
  readonly mg: bigint;
  readonly me: bigint;
  readonly md: bigint;
  readonly ee: bigint;
  readonly ed: bigint;
}

/** Case 1. */
function neitherScarce({ G, M, E }: BandwidthSums, scale: bigint): Solution {
  const third = scale / 3n;
  const ee = (scale * (E + G + M)) / (3n * E);
  const mg = (scale * (2n * G - E - M)) / (3n * G);
  return { gg: scale - mg, gd: third, mg, me: scale - ee, md: third, ee, ed: third };
}

/** Case 2. */
function bothScarce({ G, M, E, D }: BandwidthSums, scale: bigint): Solution {
  const [rare, other] = E < G ? [E, G] : [G, E];
  if (rare + D < other) {
    // 2a: all of D goes to the scarcer class.
    const ed = E < G ? scale : 0n;
    return { gg: scale, gd: scale - ed, mg: 0n, me: 0n, md: 0n, ee: scale, ed };
  }
  // 2b: balanced with Wgg = 1 and Wmd = Wgd, if that comes out in range.
  const ed = (scale * (D - 2n * E + 4n * G - 2n * M)) / (3n * D);
  const half = (scale - ed) / 2n;
  const ee = (scale * (E - G + M)) / E;
  const balanced = { gg: scale, gd: half, mg: 0n, me: (scale * (G - M)) / E, md: half, ee, ed };
  if (isInRange(balanced, scale)) return balanced;
  const edFull = (scale * (D - 2n * E + G + M)) / (3n * D);
  const middle = (scale * (D - 2n * M + G + E)) / (3n * D);
  const md = middle < 0n ? 0n : middle;
  return { gg: scale, gd: scale - edFull - md, mg: 0n, me: 0n, md, ee: scale, ed: edFull };
}

/** Case 3. */
function oneScarce({ G, M, E, D }: BandwidthSums, scale: bigint, total: bigint): Solution {
  if (G < E) {
    if (3n * (G + D) < total) {
      const me = E < M ? 0n : (scale * (E - M)) / (2n * E);
      return { gg: scale, gd: scale, mg: 0n, me, md: 0n, ee: scale - me, ed: 0n };
    }
    const gd = (scale * (D - 2n * G + E + M)) / (3n * D);
    const ee = (scale * (E + M)) / (2n * E);
    const half = (scale - gd) / 2n;
    return { gg: scale, gd, mg: 0n, me: scale - ee, md: half, ee, ed: half };
  }
  if (3n * (E + D) < total) {
    const mg = G < M ? 0n : (scale * (G - M)) / (2n * G);
    return { gg: scale - mg, gd: 0n, mg, me: 0n, md: 0n, ee: scale, ed: scale };
  }
  const ed = (scale * (D - 2n * E + G + M)) / (3n * D);
  const gg = (scale * (G + M)) / (2n * G);
  const half = (scale - ed) / 2n;
  return { gg, gd: half, mg: scale - gg, me: 0n, md: half, ee: scale, ed };
}

function isInRange(solved: Solution, scale: bigint): boolean {
  return Object.values(solved).every((value: bigint) => value >= 0n && value <= scale);
}

/** Directory calls weigh like middles; Wgm = Wgg, Wem = Wee, Weg = Wed; all others count in full. */
function named(solved: Solution, scale: bigint): PositionWeights {
  const { gg, gd, mg, me, md, ee, ed } = solved;
  const middle = { Wmd: md, Wme: me, Wmg: mg, Wbd: md, Wbe: me, Wbg: mg };
  const values: Partial<Record<WeightName, bigint>> = {
    Wgg: gg,
    Wgm: gg,
    Wgd: gd,
    ...middle,
    Wee: ee,
    Wem: ee,
    Wed: ed,
    Weg: ed,
  };
  return Object.fromEntries(names.map((name) => [name, Number(values[name] ?? scale)])) as PositionWeights;
}

function naiveWeights(scale: number): PositionWeights {
  return Object.fromEntries(names.map((name) => [name, scale])) as PositionWeights;
}
