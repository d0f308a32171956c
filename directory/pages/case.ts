/*
 * The page /docket/case/ID: one case, with its timeline, all evidence, the verdict, and how anybody checks it offline. What the
 * docket tells of it in, HTML out.
 */
import { ok, type Result } from '../../core/refusal.ts';
import type { DocketCase } from '../../core/wire/verdict.ts';
import { answerEvidenceShown, appealEvidenceShown, complaintEvidence, contestEvidence, type Shower } from './evidence.ts';
import { framed } from './frame.ts';
import type { Docket, Known } from './known.ts';
import { markup, type Markup, type Value } from '../../host/http/markup.ts';
import { timelineOf } from './timeline.ts';
import { facts, meaningOf, money, reasonText, relayLink, relayName, reporter, stateText, table, time } from './words.ts';

export async function casePage(docket: Docket, known: Known, id: string): Promise<Result<string>> {
  const answer = await docket.one(id);
  if (!answer.ok) return answer;
  const shown = answer.value;
  const { line } = shown;
  const title = `${line.kind === 'contest' ? 'Contest' : 'Complaint'} against ${relayName(known, line.accused)}`;
  const content = markup`${summary(known, shown)}
<h2>Timeline</h2>
${timeline(known, shown)}
<h2>What is claimed, and shown for it</h2>
${claimShown(known, shown)}
<h2>What was shown against it</h2>
${answersShown(known, shown)}
<h2>Verdict</h2>
${verdictShown(known, shown)}`;
  return ok(framed(known, { title, json: `/directory/docket/case/${id}`, content }));
}

function summary(known: Known, { line }: DocketCase): Markup {
  const state = [stateText(line.state), reasonText(line.reason)].filter(Boolean).join(', ');
  return facts([
    ['State', markup`${state}. ${meaningOf(line)}`],
    ['Amount, without what answers took off', money(line.amount, line.rail)],
    ['Accused', relayLink(known, line.accused)],
    ['By', reporter(known, line)],
    ...(line.interval === null ? [] : [['Interval', line.interval] as const]),
    ['Filed', time(line.filedAt)],
    ...(line.kind === 'contest' ? [['Answer due', time(line.answerBy)] as const] : []),
    [line.kind === 'contest' ? 'Appeal until' : 'Answer until', time(line.appealBy)],
    ...(line.decidedAt === null ? [] : [['Decided', time(line.decidedAt)] as const]),
    ['Counts against the Guard flag now', countsText(line)],
    ['Case', markup`<code>${line.case}</code>`],
  ]);
}

function countsText({ kind, counts }: DocketCase['line']): string {
  if (kind === 'complaint') return 'no: complaints cost standing, not the flag';
  return counts ? 'yes' : 'no';
}

function timeline(known: Known, shown: DocketCase): Markup {
  const now = known.now();
  const rows = timelineOf(known, shown).map(({ at, what }): Value[] => [
    time(at),
    at > now ? markup`<span class="ahead">${what} (ahead)</span>` : what,
  ]);
  return table({ caption: 'In order of time', heads: ['when', 'what'], rows, none: 'Nothing is known of it.' });
}

function claimShown(known: Known, { about, line }: DocketCase): Markup {
  const { body } = about.signed;
  return 'contestant' in body ? contestEvidence(showerOf(known, line), body) : complaintEvidence(known, body);
}

function showerOf(known: Known, { interval, rail }: DocketCase['line']): Shower {
  return { known, rail, terms: interval === null ? null : known.terms(interval) };
}

function answersShown(known: Known, { about, line }: DocketCase): Markup {
  const heading = (who: string, at: number): Markup => markup`<h3>${who}, ${time(at)}</h3>`;
  if (about.kind === 'contest') {
    const shower = showerOf(known, line);
    if (about.appeals.length === 0) return markup`<p>Nothing so far.</p>`;
    return markup`${about.appeals.map(
      ({ at, signed: { body } }) =>
        markup`${heading(relayName(known, body.from), at)}${appealEvidenceShown(shower, body.from, body.evidence)}`,
    )}`;
  }
  if (about.answers.length === 0) return markup`<p>Nothing so far.</p>`;
  return markup`${about.answers.map(
    ({ at, signed: { body } }) =>
      markup`${heading(relayName(known, body.guard), at)}${answerEvidenceShown(known, body.evidence)}`,
  )}`;
}

function verdictShown(known: Known, { line, verdict }: DocketCase): Markup {
  const links = markup`<ul>
<li><a href="/directory/docket/case/${line.case}">The case as JSON</a></li>
${verdict === null ? null : markup`<li><a href="/directory/docket/verdict/${line.case}">The verdict, signed, as JSON</a></li>\n`}</ul>`;
  if (verdict === null) {
    return markup`<p>There is none yet. The authority signs one when the case is decided, and at the end of the appeal window at the
latest.</p>${links}`;
  }
  const { outcome, reason, at, authority } = verdict.body;
  return markup`${facts([
    ['Outcome', `${stateText(outcome)}, ${reasonText(reason)}`],
    ['Decided', time(at)],
    [
      'Signed by',
      markup`${authority === known.authority.key ? known.authority.name : 'an authority'}, <code>${authority}</code>`,
    ],
  ])}
${links}
<p>The verdict holds all the evidence that it was decided on. Save it as <code>verdict.json</code>, from here or with the first of these
commands; the second checks it offline, with nothing but the network’s <code>network.json</code>:</p>
<pre><code>ptg docket ${line.case} --save verdict.json
ptg verify verdict.json --network network.json</code></pre>`;
}
