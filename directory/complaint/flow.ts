/*
 * A complaint's journey, and an answer's: known before? · checked · checked again at the log, which it enters · the guard told, or the
 * verdict made. Called by http.ts.
 */
import { bare, type Signed } from '../../core/crypto/sign.ts';
import { ok, type Result } from '../../core/refusal.ts';
import type { RailRules } from '../../core/rule/contest.ts';
import { appealBy } from '../../core/rule/verdict.ts';
import type { Answer, Complaint } from '../../core/wire/complaint.ts';
import type { DocketAnswer } from '../../core/wire/verdict.ts';
import type { Ports } from '../../host/ports.ts';
import type { Book } from '../log/flow.ts';
import type { Notices } from '../notice/flow.ts';
import type { Verdicts } from '../verdict/flow.ts';
import { acceptAnswer, acceptComplaint } from './decide.ts';

export interface Complaints {
  /** The same again is answered the same. */
  complain(signed: Signed<Complaint>): Promise<Result<DocketAnswer>>;
  answer(signed: Signed<Answer>): Promise<Result<DocketAnswer>>;
}

export function createComplaints(
  ports: Pick<Ports, 'clock' | 'log'> & { readonly rails: RailRules },
  book: Book,
  { notices, verdicts }: { readonly notices: Notices; readonly verdicts: Verdicts },
): Complaints {
  const { clock, log, rails } = ports;
  return {
    async complain(signed) {
      // What is refused, or known, costs no turn at the log.
      const first = acceptComplaint(book.state(), rails, signed, clock.now());
      if (!first.ok) {
        log.info('complaint-refused', { relay: signed.body.guard, code: first.refusal.code });
        return first;
      }
      if (first.value.opened === null) return ok(first.value.answer);
      return book.write<Result<DocketAnswer>>((state, now) => {
        const accepted = acceptComplaint(state, rails, signed, now);
        if (!accepted.ok) return { entries: [], value: accepted };
        const { answer, opened } = accepted.value;
        if (opened === null) return { entries: [], value: ok(answer) };
        return {
          entries: [{ kind: 'complaint', at: now, signed: bare(opened.signed), claimed: opened.claimed }],
          value: ok(answer),
          async save(tx) {
            await notices.put(tx, opened);
            await verdicts.due(tx, appealBy(opened));
          },
        };
      });
    },
    async answer(signed) {
      const first = acceptAnswer(book.state(), rails, signed, clock.now());
      if (!first.ok) {
        log.info('answer-refused', { relay: signed.body.guard, code: first.refusal.code });
        return first;
      }
      if (first.value.taken === null) return ok(first.value.answer);
      return book.write<Result<DocketAnswer>>((state, now) => {
        const accepted = acceptAnswer(state, rails, signed, now);
        if (!accepted.ok) return { entries: [], value: accepted };
        const { answer, taken } = accepted.value;
        if (taken === null) return { entries: [], value: ok(answer) };
        return verdicts.follow(taken.entry, taken.after, ok(answer));
      });
    },
  };
}
