/*
 * The next IOU on one link: what was signed last, the drafts of its circuits and the credit that the holder still lends, in; the
 * IOU, the circuits that its delivery names and those that turn free, out. Pure; rules 2, 5 and 6. Called by iou/issue.ts.
 */
import { DELIVERY_CIRCUITS_MAX } from '../../core/limits.ts';
import { linkTraffic } from '../../core/rule/chain.ts';
import { addTraffic, noTraffic, weightedBytes, type Traffic } from '../../core/rule/price.ts';
import { totalsOf, type CertifiedCircuit, type Iou, type IouDelivery } from '../../core/wire/iou.ts';
import type { Terms } from '../../core/wire/terms.ts';
import { least } from '../../core/whole.ts';
import type { Draft } from '../circuit/decide.ts';
import type { Mark } from '../circuit/table.ts';
import { UNLIMITED, creditUnits } from '../credit/decide.ts';

export interface IssueCase {
  readonly issuer: string;
  readonly issuerKey: number;
  readonly holder: string;
  readonly terms: Terms;
  readonly digest: string;
  /** The last one signed, which the holder has acknowledged; null before the first. */
  readonly last: Iou | null;
  /** May be one more than a delivery takes. */
  readonly drafts: readonly Draft[];
  /** What the holder's last Ack left, less what is on its way. */
  readonly creditBytes: bigint;
  /** Rule 5: an IOU is due whether traffic flows or not. */
  readonly ticking: boolean;
  readonly issuedAt: number;
}

export interface Issue {
  /** Null when nothing is to be signed. */
  readonly iou: Iou | null;
  readonly circuits: readonly CertifiedCircuit[];
  readonly marks: readonly Mark[];
  /** Keys of circuits that the credit does not cover: free for good. */
  readonly freed: readonly string[];
  /** What the IOU adds to the credit used. */
  readonly units: bigint;
  /** There was more than one delivery takes, or a circuit whose id another one in it has. */
  readonly more: boolean;
}

export function decideIssue(given: IssueCase): Issue {
  const { terms, last } = given;
  const before = heldTotals(last);
  const chosen = firstOfEach(given.drafts).slice(0, DELIVERY_CIRCUITS_MAX);
  // In weighted bytes: the holder reckons its credit with the same rounding.
  let room = (creditUnits(terms, before) + given.creditBytes) * terms.exits - weightedBytes(terms, before);
  let totals = before;
  const circuits: CertifiedCircuit[] = [];
  const marks: Mark[] = [];
  const freed: string[] = [];
  for (const draft of chosen) {
    const wanted = draft.owed > draft.from ? draft.owed - draft.from : 0n;
    const covered = room / weightedBytes(terms, linkTraffic(1n, draft.hopsLeft, draft.leavesTor));
    const fit = given.creditBytes === UNLIMITED ? wanted : least(wanted, covered);
    if (fit < wanted) freed.push(draft.key);
    if (fit === 0n && wanted > 0n && draft.from === 0n) continue;
    const growth = linkTraffic(fit, draft.hopsLeft, draft.leavesTor);
    room -= weightedBytes(terms, growth);
    totals = addTraffic(totals, growth);
    const bytes = draft.from + fit;
    const closed = draft.closed || fit < wanted;
    const { circuit, from, hopsLeft, leavesTor } = draft;
    circuits.push({ circuit, from, bytes, hopsLeft, leavesTor, closed, order: null });
    marks.push({ key: draft.key, bytes, closed });
  }
  const due = circuits.length > 0 || given.ticking;
  const more = given.drafts.length > chosen.length;
  const units = creditUnits(terms, totals) - creditUnits(terms, before);
  return { iou: due ? nextIou(given, totals) : null, circuits, marks, freed, units, more };
}

/** An id that is used again waits until the older circuit's end is acknowledged. */
function firstOfEach(drafts: readonly Draft[]): Draft[] {
  const ids = new Set<number>();
  return drafts.filter(({ circuit }) => !ids.has(circuit) && ids.add(circuit));
}

/** The delivery of an IOU to a holder that holds `held`; what no circuit explains any more is owed all the same. */
export function deliveryOf(signed: IouDelivery['iou'], held: Iou | null, circuits: readonly CertifiedCircuit[]): IouDelivery {
  const explained = growthOf(circuits);
  const now = totalsOf(signed);
  const then = heldTotals(held);
  const rest = {
    relayBytes: now.relayBytes - then.relayBytes - explained.relayBytes,
    exitBytes: now.exitBytes - then.exitBytes - explained.exitBytes,
  };
  if (rest.relayBytes < 0n || rest.exitBytes < 0n) return deliveryOf(signed, held, []);
  return {
    iou: { body: signed.body, signature: signed.signature },
    since: held?.serial ?? 0n,
    circuits: [...circuits],
    unattributed: rest,
  };
}

export function growthOf(circuits: readonly CertifiedCircuit[]): Traffic {
  return circuits.reduce<Traffic>(
    (sum, one) => addTraffic(sum, linkTraffic(one.bytes - one.from, one.hopsLeft, one.leavesTor)),
    noTraffic,
  );
}

function nextIou(given: IssueCase, totals: Traffic): Iou {
  const { issuer, issuerKey, holder, digest, issuedAt, last } = given;
  const { relayBytes, exitBytes } = totals;
  const serial = (last?.serial ?? 0n) + 1n;
  return { issuer, issuerKey, holder, interval: given.terms.interval, terms: digest, serial, relayBytes, exitBytes, issuedAt };
}

function heldTotals(held: Iou | null): Traffic {
  return held === null ? noTraffic : { relayBytes: held.relayBytes, exitBytes: held.exitBytes };
}
