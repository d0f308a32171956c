/*
 * `ptg relay NAME --explain`: standing reckoned again from the authority's public log (docs/rules, Standing). The log is downloaded,
 * held against the root that the consensus signs, folded, and the order that comes out held against the consensus'.
 */
import { LOG_PAGE_BYTES_MAX } from '../core/limits.ts';
import { createTree, hexOf, leafHash } from '../core/log/merkle.ts';
import { ok, refuser, type Result } from '../core/refusal.ts';
import { decode } from '../core/wire/codec.ts';
import type { Consensus } from '../core/wire/consensus.ts';
import { logPage } from '../core/wire/directory.ts';
import type { Network } from '../core/wire/network.ts';
import { logEntry, type LogEntry } from '../directory/log/entry.ts';
import { standings, type Standing } from '../directory/standing/order.ts';
import { reportersOf } from '../directory/standing/record.ts';
import { emptyState, foldAll, type DirectoryState } from '../directory/state/decide.ts';
import type { HttpClient } from '../host/ports.ts';
import { firstOf, readConsensus } from './authorities.ts';
import { fields, spanText, timeText } from './output.ts';

export interface Explanation extends Standing {
  readonly nickname: string;
  /** From 1, and of how many in the consensus. */
  readonly place: number;
  readonly of: number;
  /** Families whose contests count against Guard now, and how many take it away. */
  readonly reporters: number;
  readonly reportersToUnflag: number;
  readonly cases: readonly { readonly case: string; readonly state: string; readonly against: boolean }[];
  readonly log: { readonly entries: bigint; readonly root: string };
  readonly at: number;
}

export const explainRefusals = {
  'explain-log': {
    retry: true,
    text: 'the log that the authority sends is not the one that the consensus signs',
    remedy: 'ask again; if it stays so, keep both: the authority shows different logs',
  },
  'explain-order': {
    retry: false,
    text: 'the order that follows from the log is not that of the consensus',
    remedy: 'keep both, and ask the authority: it does not follow its own formula',
  },
  'explain-unknown': { retry: false, text: 'the consensus lists no such relay', remedy: 'see ptg consensus' },
} as const;
const refuse = refuser(explainRefusals);

export async function explainRelay(http: HttpClient, known: Network, name: string): Promise<Result<Explanation>> {
  const consensus = await readConsensus(http, known);
  if (!consensus.ok) return consensus;
  const entry = consensus.value.relays.find((one) => one.id === name || one.nickname === name);
  if (entry === undefined) return refuse('explain-unknown', name);
  const read = await readLog(http, known, consensus.value);
  if (!read.ok) return read;
  const { state, at } = read.value;
  const listed = new Set(consensus.value.relays.map((one) => one.id));
  const order = standings(state, at).filter((one) => listed.has(one.relay));
  if (order.some(({ relay }, index) => relay !== consensus.value.relays[index]?.id) || order.length !== listed.size)
    return refuse('explain-order', `${order.length} relays, ${timeText(consensus.value.validAfter)}`);
  const place = order.findIndex((one) => one.relay === entry.id);
  return ok({
    ...(order[place] as Standing),
    nickname: entry.nickname,
    place: place + 1,
    of: order.length,
    reporters: reportersOf(state, at).get(entry.id) ?? 0,
    reportersToUnflag: state.parameters?.reportersToUnflag ?? 0,
    cases: casesOf(state, entry.id),
    log: { entries: consensus.value.log.size, root: consensus.value.log.root },
    at,
  });
}

interface ReadLog {
  readonly state: DirectoryState;
  /** The second of the consensus that follows the last entry. */
  readonly at: number;
}

/** Up to what the consensus names. */
async function readLog(http: HttpClient, known: Network, { log, validAfter }: Consensus): Promise<Result<ReadLog>> {
  const tree = createTree();
  let state = emptyState;
  let at = validAfter;
  for (let from = 0n; from <= log.size;) {
    const page = await firstOf(known, (url) =>
      http.get(`${url}/directory/log/entries?from=${from}`, logPage, { answerMax: 2 * LOG_PAGE_BYTES_MAX }),
    );
    if (!page.ok) return page;
    if (page.value.entries.length === 0) break;
    // What does not go forward would never end.
    if (page.value.next !== from + BigInt(page.value.entries.length)) return refuse('explain-log', `after entry ${from}`);
    const room = Number(log.size - from);
    const entries: LogEntry[] = [];
    for (const [index, text] of page.value.entries.slice(0, room + 1).entries()) {
      const entry = decode(text, logEntry, LOG_PAGE_BYTES_MAX);
      if (!entry.ok) return refuse('explain-log', `entry ${from + BigInt(index)}`);
      if (index === room) at = entry.value.at;
      else {
        tree.append(leafHash(Buffer.from(text, 'utf8')));
        entries.push(entry.value);
      }
    }
    state = foldAll(state, entries);
    from = page.value.next;
  }
  const isSigned = BigInt(tree.size) === log.size && hexOf(tree.root()) === log.root;
  return isSigned ? ok({ state, at }) : refuse('explain-log', `${tree.size} of ${log.size} entries`);
}

function casesOf({ cases }: DirectoryState, relay: string): Explanation['cases'] {
  return [...cases.values()].flatMap((one) => {
    const against = one.kind === 'contest' ? one.signed.body.accused : one.signed.body.guard;
    const by = one.kind === 'contest' ? one.signed.body.contestant : null;
    return against === relay || by === relay ? [{ case: one.id, state: one.state, against: against === relay }] : [];
  });
}

export function explanationText(one: Explanation): string {
  const cases = one.cases.map(
    ({ case: id, state, against }) => `${against ? 'against it' : 'its own'}: ${state}, ptg docket ${id.slice(0, 12)}`,
  );
  return fields([
    ['relay', `${one.nickname} ${one.relay}`],
    ['place', `${one.place} of ${one.of}, by the first of these in which two relays differ:`],
    ['1 upheld', `${one.upheld} contests and complaints against it; fewer is better`],
    ['2 paid late', `${one.late}; fewer is better`],
    ['3 refuted', `${one.refuted} contests of its own were dismissed; fewer is better`],
    ['4 on time', `${one.onTime} intervals known through and over, none of them in 1 or 2; more is better`],
    ['5 known', `for ${spanText(one.at - one.firstSeen)}; longer is better`],
    ['6 id', 'the lower one'],
    [
      'against Guard',
      `contests of ${one.reporters} reporters count, families as one; ${one.reportersToUnflag} take the flag away`,
    ],
    ...(cases.length === 0 ? [] : [['cases', cases.join('\n')] as const]),
    ['reckoned from', `${one.log.entries} entries, root ${one.log.root}, signed in the consensus; the order is the same`],
  ]);
}
