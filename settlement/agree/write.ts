/*
 * Reckoning a row, and writing the settlement that it comes to where I am the net creditor: signed with a fresh destination, the
 * same each time. Called when both statements are there, and shortly before the BST for a debtor that is silent.
 */
import { sign, type Verified } from '../../core/crypto/sign.ts';
import { invariant, ok } from '../../core/refusal.ts';
import { noCarry } from '../../core/rule/net.ts';
import { currentKeySet } from '../../core/wire/descriptor.ts';
import { totalsOf } from '../../core/wire/iou.ts';
import type { Carry, Settlement } from '../../core/wire/settlement.ts';
import type { Tx } from '../../host/ports.ts';
import { readCarries } from '../carry/store.ts';
import { scheduleFor, termsFor, type Office } from '../office.ts';
import { movePair } from '../pair/flow.ts';
import type { Pair } from '../pair/pair.ts';
import { reckonPair, type Reckoning } from '../pair/reckon.ts';
import { savePair } from '../pair/store.ts';

/** Moves an open or stated row to where its IOUs and carry put it. While a recall is open, it only saves what was joined. */
export async function reckonRow(office: Office, tx: Tx, pair: Pair): Promise<Pair> {
  const net = pair.recall ? null : await reckonNow(office, tx, pair);
  if (net === null) {
    if (!pair.recall)
      office.ports.log.warn('pair-not-reckoned', { role: 'settlement', relay: pair.peer, interval: pair.interval });
    await savePair(tx, pair);
    return pair;
  }
  const changes = reckoned(net);
  if (net.side === 'nobody') return (await movePair(office, tx, pair, { kind: 'nothing' }, changes)) ?? pair;
  if (net.side === 'debtor') return (await movePair(office, tx, pair, { kind: 'owe' }, changes)) ?? pair;
  return claim(office, tx, { ...pair, ...changes });
}

/** By the rails that the counterpart stated, or else published. Null where no rail is common. */
export async function reckonNow(office: Office, tx: Tx, pair: Pair, carried = true): Promise<Reckoning | null> {
  return reckonWith(office, pair, carried ? await readCarries(tx, pair.peer) : new Map());
}

export function reckonWith(office: Office, pair: Pair, carries: ReadonlyMap<string, Carry>): Reckoning | null {
  const known = termsFor(office, pair.interval);
  if (known === null) return null;
  const published = office.ports.network.descriptor(pair.peer)?.body.rails.map((one) => one.rail) ?? [];
  const rails = { mine: office.rails, theirs: pair.theirs?.body.rails ?? published, meFirst: office.me < pair.peer };
  const books = { held: totalsOf(pair.held), issued: totalsOf(pair.issued) };
  return reckonPair(known.terms, books, rails, (rail) => carries.get(rail) ?? noCarry);
}

export function reckoned(net: Reckoning): Partial<Pair> {
  const { rail, side, amount, carryIn, carryOut, forgiven, heldValue, issuedValue } = net;
  return { rail, side, amount, carryIn, carryOut, forgiven, heldValue, issuedValue };
}

async function claim(office: Office, tx: Tx, pair: Pair): Promise<Pair> {
  const settlement = await writeSettlement(office, tx, pair);
  if (settlement === null) {
    await savePair(tx, pair);
    return pair;
  }
  const changes = { settlement, destination: settlement.body.destination };
  return (await movePair(office, tx, pair, { kind: 'owed' }, changes)) ?? pair;
}

/** Null while the debtor is not in the directory: then there is nobody to send it to either; and while the wallet has no destination. */
async function writeSettlement(office: Office, tx: Tx, pair: Pair): Promise<Verified<Settlement> | null> {
  const { interval, peer } = pair;
  const debtor = office.ports.network.descriptor(peer);
  const debtorKey = debtor === null ? null : currentKeySet(debtor.body, interval);
  if (debtorKey === null) return null;
  const [known, schedule] = [termsFor(office, interval), scheduleFor(office, interval)];
  const rail = pair.rail === null ? null : office.rail(pair.rail);
  invariant(known !== null && schedule !== null && rail !== null, 'a reckoned row has terms and a rail');
  const destination = pair.amount > 0n ? await rail.wallet.destination(tx, pair.id) : ok(null);
  if (!destination.ok) {
    office.ports.log.warn('no-destination', { role: 'settlement', relay: peer, interval, code: destination.refusal.code });
    return null;
  }
  const { number, key } = office.signer(interval);
  const body: Settlement = {
    id: pair.id,
    creditor: office.me,
    creditorKey: number,
    debtor: peer,
    debtorKey: debtorKey.number,
    interval,
    terms: known.digest,
    owed: pair.held,
    owing: pair.issued,
    carryIn: pair.carryIn,
    amount: pair.amount,
    carryLeft: pair.carryOut,
    rail: rail.wallet.rail,
    destination: destination.value,
    due: schedule.bst,
  };
  return sign('settlement', office.networkId, body, key);
}
