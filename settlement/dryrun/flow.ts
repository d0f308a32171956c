/*
 * `ptg settle --dry-run`: of the running interval by the relay's IOUs as they stand, after cut-off by the pairs. Reads, and moves
 * nothing. Called by http.ts.
 */
import { z } from 'zod';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { addTraffic, noTraffic, type Traffic } from '../../core/rule/price.ts';
import { noCarry } from '../../core/rule/net.ts';
import { interval as intervalField, units } from '../../core/wire/field.ts';
import { totalsOf } from '../../core/wire/iou.ts';
import { settlementRefusals } from '../../core/wire/settlement.ts';
import { readCarries, readCarryPeers } from '../carry/store.ts';
import { runningInterval, termsFor, type Office } from '../office.ts';
import { readPairs } from '../pair/store.ts';
import { readStage } from '../period/store.ts';
import { dryLines, lineOf, payersOn, withFees, type DryLine, type DryPair, type DryRun, type Quoted } from './decide.ts';

export const dryRunQuery = z.strictObject({ interval: intervalField.nullable() });
export type DryRunQuery = z.infer<typeof dryRunQuery>;

export interface DryRunShown extends DryRun {
  readonly interval: number;
  /** `open`: by IOUs that still grow. */
  readonly books: 'open' | 'closed';
}

const refuse = refuser(settlementRefusals);

export async function showDryRun(office: Office, query: DryRunQuery): Promise<Result<DryRunShown>> {
  const interval = query.interval ?? runningInterval(office);
  const known = interval === null ? null : termsFor(office, interval);
  if (interval === null || known === null) return refuse('settlement-unknown-terms', `interval ${interval}`);
  const stage = await office.ports.database.transaction((tx) => readStage(tx, interval));
  if (stage > 0) return closedRun(office, interval);
  const links = await readLinks(office, interval);
  if (!links.ok) return links;
  const lines = dryLines(known.terms, await openPairs(office, links.value));
  return ok({ interval, books: 'open', ...(await priced(office, lines)) });
}

/** What of the relay's own reading is needed here. */
const iousShown = z.looseObject({
  ious: z.array(
    z.looseObject({
      direction: z.enum(['held', 'issued']),
      issuer: z.string(),
      holder: z.string(),
      relayBytes: units,
      exitBytes: units,
    }),
  ),
});
const IOUS_BYTES_MAX = 8 * 1024 * 1024;

type Links = Map<string, { held: Traffic; issued: Traffic }>;

async function readLinks(office: Office, interval: number): Promise<Result<Links>> {
  const path = `/relay/ious?interval=${interval}`;
  const shown = await office.ports.http.local('relay', path, undefined, iousShown, { answerMax: IOUS_BYTES_MAX });
  if (!shown.ok) return shown;
  const links: Links = new Map();
  for (const { direction, issuer, holder, relayBytes, exitBytes } of shown.value.ious) {
    const peer = direction === 'held' ? issuer : holder;
    const books = links.get(peer) ?? { held: noTraffic, issued: noTraffic };
    links.set(peer, { ...books, [direction]: addTraffic(books[direction], { relayBytes, exitBytes }) });
  }
  return ok(links);
}

async function openPairs(office: Office, links: Links): Promise<DryPair[]> {
  return office.ports.database.transaction(async (tx) => {
    for (const peer of await readCarryPeers(tx)) if (!links.has(peer)) links.set(peer, { held: noTraffic, issued: noTraffic });
    const pairs: DryPair[] = [];
    for (const [peer, books] of [...links].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const carries = await readCarries(tx, peer);
      pairs.push({ ...pairShown(office, peer), ...books, carryOn: (rail) => carries.get(rail) ?? noCarry });
    }
    return pairs;
  });
}

function pairShown(office: Office, peer: string): Pick<DryPair, 'peer' | 'nickname' | 'rails'> {
  const body = office.ports.network.descriptor(peer)?.body;
  const theirs = body?.rails.map((one) => one.rail) ?? [];
  return { peer, nickname: body?.nickname ?? null, rails: { mine: office.rails, theirs, meFirst: office.me < peer } };
}

/** Rows that are not reckoned yet by what they hold so far. */
async function closedRun(office: Office, interval: number): Promise<Result<DryRunShown>> {
  const { database } = office.ports;
  const known = termsFor(office, interval);
  const rows = await database.transaction((tx) => readPairs(tx, interval));
  const lines: DryLine[] = [];
  for (const row of rows) {
    const shown = pairShown(office, row.peer);
    if (row.side !== null) lines.push(lineOf(row.peer, shown.nickname, row));
    else if (known !== null) {
      const carries = await database.transaction((tx) => readCarries(tx, row.peer));
      const books = { held: totalsOf(row.held), issued: totalsOf(row.issued) };
      const pair: DryPair = { ...shown, ...books, carryOn: (rail) => carries.get(rail) ?? noCarry };
      lines.push(...dryLines(known.terms, [pair]));
    }
  }
  return ok({ interval, books: 'closed', ...(await priced(office, lines)) });
}

/** The fee of as many payments as there would be. */
async function priced(office: Office, lines: readonly DryLine[]): Promise<DryRun> {
  const quoted = new Map<string, Quoted>();
  for (const { wallet } of office.ports.rails) {
    const [outputs, balance] = [payersOn(lines, wallet.rail).length, await wallet.balance()];
    const fee = outputs === 0 ? ok(0n) : await wallet.quote(outputs);
    quoted.set(wallet.rail, { fee: fee.ok ? fee.value : null, funds: balance.ok ? balance.value : null });
  }
  return withFees(lines, quoted);
}
