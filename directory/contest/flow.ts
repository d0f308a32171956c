/*
 * A contest's journey: known before? · screened · the letter looked up · checked · checked again at the log, which it enters · the accused
 * told · the end of its appeal window noted. Called by http.ts.
 */
import { bare, type Signed } from '../../core/crypto/sign.ts';
import { ok, type Refusal, type Result } from '../../core/refusal.ts';
import { caseOf } from '../../core/rule/contest.ts';
import { appealBy } from '../../core/rule/verdict.ts';
import type { Contest } from '../../core/wire/contest.ts';
import type { DocketAnswer } from '../../core/wire/verdict.ts';
import type { Ports } from '../../host/ports.ts';
import type { Book } from '../log/flow.ts';
import { readReceivedAt } from '../mailbox/store.ts';
import type { Notices } from '../notice/flow.ts';
import type { Verdicts } from '../verdict/flow.ts';
import { acceptContest, screenContest } from './decide.ts';

export interface Contests {
  /** The same again is answered the same. */
  file(signed: Signed<Contest>): Promise<Result<DocketAnswer>>;
}

export function createContests(
  ports: Pick<Ports, 'clock' | 'database' | 'log'>,
  networkId: string,
  book: Book,
  { notices, verdicts }: { readonly notices: Notices; readonly verdicts: Verdicts },
): Contests {
  const refused = <T>(body: Contest, result: T & { readonly refusal: Refusal }): T => {
    ports.log.info('contest-refused', { relay: body.contestant, code: result.refusal.code });
    return result;
  };
  return {
    async file(signed) {
      const { body } = signed;
      // What is refused, or known, costs no turn at the log, and what is refused at sight not even a look into the mailbox.
      const seen = screenContest(book.state(), body, ports.clock.now());
      if (!seen.ok) return refused(body, seen);
      if (seen.value !== null) return ok(seen.value);
      const letter = { to: body.accused, from: body.contestant, id: caseOf(networkId, body) };
      const letterAt = await ports.database.transaction((tx) => readReceivedAt(tx, letter, ports.clock.now()));
      const first = acceptContest(book.state(), signed, { now: ports.clock.now(), letterAt });
      if (!first.ok) return refused(body, first);
      return book.write<Result<DocketAnswer>>((state, now) => {
        const accepted = acceptContest(state, signed, { now, letterAt });
        if (!accepted.ok) return { entries: [], value: accepted };
        const { answer, opened } = accepted.value;
        if (opened === null) return { entries: [], value: ok(answer) };
        return {
          entries: [{ kind: 'contest', at: now, signed: bare(opened.signed), letterAt }],
          value: ok(answer),
          async save(tx) {
            await notices.put(tx, opened);
            await verdicts.due(tx, appealBy(opened));
          },
        };
      });
    },
  };
}
