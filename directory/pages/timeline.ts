/*
 * A case as a timeline: what the docket tells of it, and the interval's windows, in; moments in order, those ahead among them, out.
 * Pure; called by case.ts.
 */
import { scheduleOf } from '../../core/rule/interval.ts';
import type { DocketCase } from '../../core/wire/verdict.ts';
import type { Known } from './known.ts';
import { reasonText, relayName, stateText } from './words.ts';

export interface Moment {
  readonly at: number;
  readonly what: string;
}

export function timelineOf(known: Known, shown: DocketCase): Moment[] {
  const { line, changes } = shown;
  const moments = [
    ...windowsOf(known, shown),
    ...claimMoments(known, shown),
    { at: line.answerBy, what: 'Answer window ends: unanswered, it counts against the Guard flag' },
    { at: line.appealBy, what: line.kind === 'contest' ? 'Appeal window ends' : 'The guard’s time to answer ends' },
    ...changes
      .filter((one) => one.what === 'decided')
      .map(({ at, state, reason }) => ({
        at,
        what: `Decided: ${[stateText(state), reasonText(reason)].filter(Boolean).join(', ')}`,
      })),
  ].filter((one) => line.kind === 'contest' || !one.what.startsWith('Answer window'));
  return moments
    .map((one, index) => ({ one, index }))
    .sort((a, b) => a.one.at - b.one.at || a.index - b.index)
    .map(({ one }) => one);
}

function windowsOf(known: Known, { line }: DocketCase): Moment[] {
  const terms = line.interval === null ? null : known.terms(line.interval);
  if (terms === null || line.interval === null) return [];
  const { cutOff, bst, paymentEnd, contestEnd } = scheduleOf(terms.parameters, line.interval);
  return [
    { at: cutOff, what: `Interval ${line.interval} ends` },
    { at: bst, what: 'Balance settlement time: what is owed is due' },
    { at: paymentEnd, what: 'Payment window ends' },
    { at: contestEnd, what: 'Contest window ends' },
  ];
}

function claimMoments(known: Known, { line, about }: DocketCase): Moment[] {
  const accused = relayName(known, line.accused);
  if (about.kind === 'complaint') {
    const { about: what } = about.signed.body;
    const paid = what.kind === 'deposit' ? known.payment(what.proof) : null;
    const since = what.kind === 'withdrawal' ? what.request.body.at : (paid?.at ?? null);
    const began = what.kind === 'withdrawal' ? 'The withdrawal is asked for' : 'The deposit is paid, by the rail';
    return [
      ...(since === null ? [] : [{ at: since, what: began }]),
      { at: line.filedAt, what: `A subscriber complains of ${accused}` },
      ...about.answers.map(({ at }) => ({ at, what: `${accused} answers, and the answer holds` })),
    ];
  }
  const contestant = relayName(known, line.reporter);
  const letter = { at: about.letterAt ?? 0, what: `${contestant}’s settlement lies ready for ${accused} at this authority` };
  return [
    ...(about.letterAt === null ? [] : [letter]),
    { at: line.filedAt, what: `${contestant} contests: ${accused} has not paid. The pair’s IOUs of the interval are void` },
    ...about.appeals.map(({ at, signed }) => ({ at, what: appealMoment(known, signed.body) })),
  ];
}

type Appeal = Extract<DocketCase['about'], { kind: 'contest' }>['appeals'][number]['signed']['body'];

function appealMoment(known: Known, { from, evidence }: Appeal): string {
  const shows = {
    receipt: 'a receipt',
    payment: 'the rail’s proof of a payment',
    carried: 'the settlement of both',
    'set-off': 'a later IOU of the contestant',
  } as const;
  return `${relayName(known, from)} shows ${shows[evidence.kind]}`;
}
