/*
 * The page /docket/relay/ID: one relay's record: place and figures of its standing, its Guard flag and why it lacks it, and its
 * cases, against it and by it. Answers of the docket and of the directory in, HTML out.
 */
import { ok, type Result } from '../../core/refusal.ts';
import type { RelayRecord } from '../../core/wire/verdict.ts';
import { framed } from './frame.ts';
import type { Docket, Known } from './known.ts';
import { casesTable, isOf } from './list.ts';
import { markup, type Markup } from '../../host/http/markup.ts';
import { facts, grouped, relayName, time } from './words.ts';

export async function relayPage(docket: Docket, known: Known, named: string): Promise<Result<string>> {
  const record = await docket.record(named);
  if (!record.ok) return record;
  const { relay } = record.value;
  const listed = await docket.page({ before: null, relay });
  if (!listed.ok) return listed;
  const cases = listed.value.cases.filter((one) => isOf(one, relay));
  const against = cases.filter((one) => one.accused === relay);
  const by = cases.filter((one) => one.accused !== relay);
  const more =
    listed.value.before === null
      ? null
      : markup`<p>These are the newest. <a href="/docket?relay=${relay}&amp;before=${listed.value.before}">Older cases</a></p>\n`;
  const content = markup`<p>Relay <code>${relay}</code></p>
<h2>Standing</h2>
${standing(record.value)}
<h2>Guard flag</h2>
${flag(known, record.value)}
<h2>Cases</h2>
${casesTable(known, 'Against it', against, 'There is no case against it.')}
${casesTable(known, 'By it', by, 'It has contested nothing.')}
${more}`;
  return ok(framed(known, { title: `Record of ${relayName(known, relay)}`, json: `/directory/docket/record/${relay}`, content }));
}

function standing({ place, of, upheld, late, refuted, onTime, firstSeen }: RelayRecord): Markup {
  return markup`${facts([
    ['Place in the directory’s order', `${grouped(place)} of ${grouped(of)}`],
    ['Upheld against it', grouped(upheld)],
    ['Paid late', grouped(late)],
    ['Own contests dismissed', grouped(refuted)],
    ['Intervals without any upheld or late against it', grouped(onTime)],
    ['Known since', time(firstSeen)],
  ])}<p>The order: fewer upheld, then fewer late, then fewer dismissed of its own, then more intervals without, then longer known.
It follows from the authority’s public log alone.</p>`;
}

function flag(known: Known, { relay, reporters }: RelayRecord): Markup {
  const shown = known.flag(relay);
  const count = facts([['Relays whose contests count against it now, families as one', grouped(reporters)]]);
  if (shown === null) return markup`<p>It has no valid descriptor, and so no flag.</p>${count}`;
  if (shown.has) return markup`<p>It has the Guard flag.</p>${count}`;
  return markup`<p>It does not have the Guard flag:</p><ul>${shown.missing.map((one) => markup`<li>${one}</li>`)}</ul>${count}`;
}
