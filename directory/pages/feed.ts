/*
 * The docket's changes as an Atom feed (RFC 4287): an entry a change, the newest first. Its ids follow from network, authority and the
 * change's place in the public log, so that they are the same for ever. Asked for by feed readers, which join nobody to anything.
 */
import { sha256Hex } from '../../core/crypto/hash.ts';
import { ok, type Result } from '../../core/refusal.ts';
import type { DocketChange, DocketLine } from '../../core/wire/verdict.ts';
import { inTurn } from '../../host/in-turn.ts';
import type { Docket, Known } from './known.ts';
import { documentOf, markup, type Markup } from '../../host/http/markup.ts';
import { isoTime, meaningOf, reasonText, relayName, stateText } from './words.ts';

/** What a reader that comes once a day misses nothing of, on a bad day too. */
const ENTRIES_MAX = 100;

interface Entry {
  readonly change: DocketChange;
  readonly line: DocketLine;
}

/** Remembers the newest entries, and reads on from there: anybody may ask, as often as it likes. */
export function createFeed(docket: Docket, known: Known): () => Promise<Result<string>> {
  const turn = inTurn();
  let entries: Entry[] = [];
  let last: bigint | null = null;

  async function readOn(): Promise<Result<true>> {
    const news: DocketChange[] = [];
    let place = last;
    for (;;) {
      const answer = await docket.changes(place);
      if (!answer.ok) return answer;
      const { changes } = answer.value;
      const end = changes.at(-1)?.id;
      // What does not go forward would never end.
      if (end === undefined || (place !== null && end <= place)) break;
      news.push(...changes);
      news.splice(0, news.length - ENTRIES_MAX);
      place = end;
    }
    const added: Entry[] = [];
    for (const change of news) {
      const one = await docket.one(change.case);
      if (!one.ok) return one;
      added.push({ change, line: one.value.line });
    }
    entries = [...entries, ...added].slice(-ENTRIES_MAX);
    last = place;
    return ok(true);
  }

  return () =>
    turn(async () => {
      const read = await readOn();
      return read.ok ? ok(feedOf(known, [...entries].reverse())) : read;
    });
}

function feedOf(known: Known, entries: readonly Entry[]): string {
  const { name } = known.authority;
  // Before the first change it has not changed since the network began.
  const updated = entries.reduce((newest, { change }) => Math.max(newest, change.at), known.begun());
  return documentOf(markup`<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
<id>${idOf(known, 'feed')}</id>
<title>Docket of ${name}, network ${known.networkId}</title>
<updated>${isoTime(updated)}</updated>
<author><name>${name}</name></author>
<link rel="self" type="application/atom+xml" href="/docket/feed.atom"/>
<link rel="alternate" type="text/html" href="/docket"/>
${entries.map((one) => entryOf(known, one))}</feed>
`);
}

function entryOf(known: Known, { change, line }: Entry): Markup {
  const what = line.kind === 'contest' ? 'Contest' : 'Complaint';
  const interval = line.interval === null ? '' : `, interval ${line.interval}`;
  const title = `${what} against ${relayName(known, line.accused)}${interval}: ${happened(change)}`;
  const path = `/docket/case/${change.case}`;
  return markup`<entry>
<id>${idOf(known, `change ${change.id}`)}</id>
<title>${title}</title>
<updated>${isoTime(change.at)}</updated>
<link rel="alternate" type="text/html" href="${path}"/>
<link rel="alternate" type="application/json" href="/directory${path}"/>
<category term="${change.what}"/>
<content type="text">${meaningOf({ kind: line.kind, state: change.state })} Case ${change.case}.</content>
</entry>
`;
}

function happened({ what, state, reason }: DocketChange): string {
  if (what === 'filed') return 'filed';
  const how = [stateText(state), reasonText(reason)].filter(Boolean).join(', ');
  return what === 'answered' ? `answered (${how})` : how;
}

/** A UUID of our own making (RFC 9562, version 8). */
function idOf({ networkId, authority }: Known, of: string): string {
  const hex = sha256Hex('ptg/docket-feed/v1\0', networkId, '\0', authority.key, '\0', of);
  const variant = ((parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`, hex.slice(20, 32)];
  return `urn:uuid:${parts.join('-')}`;
}
