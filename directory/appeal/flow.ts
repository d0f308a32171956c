/*
 * An appeal's journey: known before? · checked · checked again at the log, which it enters · and where it ends the case the verdict
 * follows it there at once. Called by http.ts.
 */
import type { Signed } from '../../core/crypto/sign.ts';
import { ok, type Result } from '../../core/refusal.ts';
import type { RailRules } from '../../core/rule/contest.ts';
import type { Appeal } from '../../core/wire/contest.ts';
import type { DocketAnswer } from '../../core/wire/verdict.ts';
import type { Ports } from '../../host/ports.ts';
import type { Book } from '../log/flow.ts';
import type { Verdicts } from '../verdict/flow.ts';
import { acceptAppeal } from './decide.ts';

export interface Appeals {
  /** The same again is answered the same. */
  appeal(signed: Signed<Appeal>): Promise<Result<DocketAnswer>>;
}

export function createAppeals(
  ports: Pick<Ports, 'clock' | 'log'> & { readonly rails: RailRules },
  book: Book,
  verdicts: Verdicts,
): Appeals {
  return {
    async appeal(signed) {
      // What is refused, or known, costs no turn at the log.
      const first = acceptAppeal(book.state(), ports.rails, signed, ports.clock.now());
      if (!first.ok) {
        ports.log.info('appeal-refused', { settlement: signed.body.case, code: first.refusal.code });
        return first;
      }
      if (first.value.taken === null) return ok(first.value.answer);
      return book.write<Result<DocketAnswer>>((state, now) => {
        const accepted = acceptAppeal(state, ports.rails, signed, now);
        if (!accepted.ok) return { entries: [], value: accepted };
        const { answer, taken } = accepted.value;
        if (taken === null) return { entries: [], value: ok(answer) };
        return verdicts.follow(taken.entry, taken.after, ok(answer));
      });
    },
  };
}
