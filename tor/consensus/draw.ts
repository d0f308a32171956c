/*
 * Draws a small network from a consensus, by bandwidth and without replacement: a consensus and a number of relays come in, that
 * many relays under names of their own go out, with exits and guards enough for circuits. Called by the lab (`ptg up`).
 */
import { ok, refuser } from '../../core/refusal.ts';
import type { Result } from '../../core/refusal.ts';
import type { Draw } from '../chance.ts';
import { relaysAndExits } from './parse.ts';
import type { TorConsensus } from './parse.ts';
import { isExit, isGuard, isUsable } from './relay.ts';
import type { TorRelay } from './relay.ts';
import { makeWheel, spin } from './wheel.ts';

export interface DrawnRelay {
  /** As in the consensus, made different from every other by a number (differences of case alone do not count). */
  readonly nickname: string;
  readonly identity: string;
  readonly guard: boolean;
  readonly exit: boolean;
  /** The consensus' weight, in kilobytes a second. */
  readonly bandwidth: number;
  /** Identities of the relays drawn that are of its mutual family. */
  readonly family: readonly string[];
  /** Its entry, as path selection takes it. */
  readonly relay: TorRelay;
}

export const drawRefusals = {
  'draw-count': { retry: false, text: 'a network has at least four relays', remedy: 'ask for four or more' },
  'draw-too-few': {
    retry: false,
    text: 'the consensus has too few usable relays with bandwidth',
    remedy: 'ask for fewer relays',
  },
} as const;
const refuse = refuser(drawRefusals);

/** The least that lets a circuit have a guard, a middle and an exit with some choice. */
const COUNT_MIN = 4;

/**
 * At least max(2, ceil(count · |E| / |N|)) exits, then at least ceil(count / 4) guards that are no exits, the rest as they fall.
 * Same consensus and same draws, same network. Sorted by nickname in byte order.
 */
export function drawNetwork(from: {
  readonly consensus: TorConsensus;
  readonly count: number;
  readonly draw: Draw;
}): Result<readonly DrawnRelay[]> {
  const { consensus, count, draw } = from;
  if (!Number.isSafeInteger(count) || count < COUNT_MIN) return refuse('draw-count', String(count));
  const usable = consensus.relays.filter((relay) => isUsable(relay) && relay.bandwidth > 0);
  const drawn = new Set<TorRelay>();
  const exits = take(drawn, usable.filter(isExit), exitsWanted(consensus, count), draw);
  if (!exits) return refuse('draw-too-few', `exits for ${count} relays`);
  const guards = take(drawn, usable.filter(isPlainGuard), Math.ceil(count / 4), draw);
  if (!guards) return refuse('draw-too-few', `guards for ${count} relays`);
  if (!take(drawn, usable, count - drawn.size, draw)) return refuse('draw-too-few', `${usable.length} for ${count} relays`);
  return ok(nameAll([...drawn]));
}

function exitsWanted(consensus: TorConsensus, count: number): number {
  const { n, e } = relaysAndExits(consensus);
  return n === 0n ? 2 : Math.max(2, Number((BigInt(count) * e + n - 1n) / n));
}

function isPlainGuard(relay: TorRelay): boolean {
  return isGuard(relay) && !isExit(relay);
}

/** Draws `wanted` more candidates into `drawn`, each time by bandwidth among those not drawn yet; false if there are too few. */
function take(drawn: Set<TorRelay>, candidates: readonly TorRelay[], wanted: number, draw: Draw): boolean {
  const wheel = makeWheel(candidates, (relay) => BigInt(relay.bandwidth));
  const leftOut = wheel.items.flatMap((relay, place) => (drawn.has(relay) ? [place] : []));
  for (let more = wanted; more > 0; more--) {
    const place = spin(wheel, draw, leftOut);
    if (place === null) return false;
    leftOut.push(place);
    drawn.add(wheel.items[place] as TorRelay);
  }
  return true;
}

function nameAll(relays: readonly TorRelay[]): DrawnRelay[] {
  const drawn = new Set(relays.map((relay) => relay.identity));
  const taken = new Set<string>();
  const byIdentity = [...relays].sort((a, b) => (a.identity < b.identity ? -1 : 1));
  const named = byIdentity.map((relay) => ({
    nickname: freshName(relay.nickname, taken),
    identity: relay.identity,
    guard: isGuard(relay),
    exit: isExit(relay),
    bandwidth: relay.bandwidth,
    family: relay.family.filter((identity) => drawn.has(identity)),
    relay,
  }));
  return named.sort((a, b) => (a.nickname < b.nickname ? -1 : 1));
}

/** Folders are named after relays, and some file systems do not tell a from A. */
function freshName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${wanted}${number}`;
  taken.add(name.toLowerCase());
  return name;
}
