/*
 * What the docket's word does to a pair (rule 10): its IOUs are void, both ways, with the carry; a debt that the accused had not signed
 * is known as it is claimed, so that its operator can pay it late; and so is a claim of my own that my books have lost. Safe to repeat.
 * Called by file.ts and watch.ts.
 */
import { basisOf } from '../../core/rule/contest.ts';
import { noCarry, turned } from '../../core/rule/net.ts';
import type { Contest } from '../../core/wire/contest.ts';
import type { Carry } from '../../core/wire/settlement.ts';
import type { Tx } from '../../host/ports.ts';
import { voidCarry } from '../carry/store.ts';
import { publishedFallback, termsFor, type Office } from '../office.ts';
import { movePair, pairWith } from '../pair/flow.ts';
import { bothSigned, openPair, type Pair } from '../pair/pair.ts';
import { reckonOn, type Books, type Reckoning } from '../pair/reckon.ts';
import { isDestinationUsed, savePair } from '../pair/store.ts';

/** What was carried on is gone on both sides: it shows among what was forgiven, so that the sums still explain it. */
export async function voidPair(office: Office, tx: Tx, pair: Pair): Promise<Pair> {
  await voidCarry(tx, pair.peer, office.rails, pair.interval);
  const { amount } = pair.carryOut;
  const changes = { carryOut: noCarry, forgiven: pair.forgiven + (amount < 0n ? -amount : amount) };
  const moved = await movePair(office, tx, pair, { kind: 'contested' }, changes);
  if (moved !== null || amount === 0n) return moved ?? pair;
  await savePair(tx, { ...pair, ...changes });
  return { ...pair, ...changes };
}

/** `due`: what is left of the claim by now. */
export async function knowDebt(office: Office, tx: Tx, id: { interval: number; peer: string }, body: Contest, due: bigint) {
  const pair = await pairWith(office, tx, id.interval, id.peer);
  const over = { kind: 'over', zero: due === 0n } as const;
  // Nobody contests before the payment window is over: by the docket's clock it is.
  const isLeft = pair.side === 'creditor' || pair.approved ? null : await movePair(office, tx, pair, over);
  const lapsed = await voidPair(office, tx, isLeft ?? pair);
  if (lapsed.state !== 'lapsed' || lapsed.payment !== null || bothSigned(lapsed) !== null) return;
  if (office.rail(body.rail) === null) return;
  await savePair(tx, { ...lapsed, ...(await claimed(office, tx, lapsed, body, due)), side: 'debtor', amount: due });
}

/**
 * My own contest of a pair that my books have lost since, with a restore: by it what is paid late is still found, receipted and explained.
 * `due`: what is left of the claim by now.
 */
export async function knowClaim(office: Office, tx: Tx, peer: string, body: Contest, due: bigint): Promise<void> {
  const { interval, rail, destination } = body;
  if (due === 0n || office.rail(rail) === null) return;
  const basis = basisOf(body);
  const { heldValue, issuedValue } = worthOf(office, body, basis, basis.carry) ?? { heldValue: due, issuedValue: 0n };
  const rest = heldValue - issuedValue + basis.carry.amount - due;
  await voidCarry(tx, peer, office.rails, interval);
  await savePair(tx, {
    ...openPair(office.networkId, interval, office.me, peer),
    ...{ state: 'contested', side: 'creditor', rail, destination, amount: due },
    ...{ carryIn: basis.carry, heldValue, issuedValue, forgiven: rest > 0n ? rest : 0n },
  });
}

/** Where the contest names no place of its own, its fallback is left. */
async function claimed(office: Office, tx: Tx, pair: Pair, body: Contest, due: bigint): Promise<Partial<Pair>> {
  const reader = office.rail(body.rail)?.reader;
  const published = publishedFallback(office, body.rail, pair.peer);
  const isGood =
    reader?.isDestination(body.destination, body.amount) === true && !(await isDestinationUsed(tx, body.destination, pair.id));
  const fallback = published === undefined ? null : (reader?.fallbackFor(published, pair.id) ?? null);
  const basis = basisOf(body);
  const carryIn = turned(basis.carry);
  // What I know of it may be less, or nothing: the values are those of the claim, so that they explain its sum.
  const { heldValue = 0n, issuedValue = 0n } = worthOf(office, body, { held: basis.issued, issued: basis.held }, carryIn) ?? {};
  const rest = issuedValue - heldValue - carryIn.amount - due;
  return {
    rail: body.rail,
    destination: isGood ? body.destination : fallback,
    fallback: !isGood,
    ...{ carryIn, carryOut: noCarry, heldValue, issuedValue },
    forgiven: rest > 0n ? rest : 0n,
  };
}

/** What the IOUs come to that the claim shows, from my side. */
function worthOf(office: Office, { interval, rail }: Contest, books: Books, carryIn: Carry): Reckoning | null {
  const known = termsFor(office, interval);
  return known && reckonOn(known.terms, rail, books, carryIn);
}
