/*
 * A stand-in for a directory's docket, by the rules that the real one goes by: filings, appeals, cases, their end, and the pairs that
 * a consensus then names. It knows no policy, quota or log; those are tested with the directory itself and in the journeys.
 */
import { bare, type Signed } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { caseOf, fitsPair } from '../../core/rule/contest.ts';
import { isUndecided } from '../../core/rule/course.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import {
  amountOf,
  answerBy,
  appealBy,
  checkAppeal,
  expire,
  openContest,
  takeAppeal,
  type ContestCase,
} from '../../core/rule/verdict.ts';
import { appealRefusals, contestRefusals, docketDigest, type Appeal, type Contest } from '../../core/wire/contest.ts';
import { docketRefusals, type DocketAnswer, type DocketCase } from '../../core/wire/verdict.ts';
import type { DrivenClock } from '../../host/clock.ts';
import type { NetworkView } from '../../host/ports.ts';
import type { RailReader } from '../../rail/rail.ts';
import { railRules } from '../../rail/rails.ts';
import { networkId } from '../harness/view.ts';

export interface StandInDocket {
  file(signed: Signed<Contest>): Result<DocketAnswer>;
  appeal(signed: Signed<Appeal>): Result<DocketAnswer>;
  read(id: string): Result<DocketCase>;
  /** A letter of this id lies in the mailbox. */
  letter(id: string): void;
  nullified(): { a: string; b: string; interval: number }[];
  /** Whether it tells the accused. */
  tells: boolean;
  /** Every contest and appeal that was posted, as `contest A>B` and `appeal A receipt: dismissed`, by nickname. */
  readonly posted: string[];
}

export interface StandInParts {
  readonly clock: DrivenClock;
  readonly view: NetworkView;
  readonly reader: RailReader;
  tell(accused: string, id: string): void;
}

const refuse = refuser({ ...contestRefusals, ...appealRefusals, ...docketRefusals });

export function standInDocket({ clock, view, reader, tell }: StandInParts): StandInDocket {
  const cases = new Map<string, ContestCase>();
  const letters = new Map<string, number>();
  const posted: string[] = [];
  const rules = railRules({ [reader.rail]: reader });
  const nameOf = (id: string) => view.descriptor(id)?.body.nickname ?? id;

  function caseNow(id: string): ContestCase | null {
    const one = cases.get(id);
    if (one === undefined) return null;
    const isOver = isUndecided(one.state) && clock.now() >= appealBy(one);
    if (isOver) cases.set(id, expire(one, appealBy(one)));
    return cases.get(id) as ContestCase;
  }

  function filed(signed: Signed<Contest>): Result<DocketAnswer> {
    const { body } = signed;
    const id = caseOf(networkId, body);
    const known = caseNow(id);
    if (known !== null && docketDigest(known.signed.body) === docketDigest(body)) return ok({ case: id, state: known.state });
    const terms = view.terms(body.interval);
    const [contestant, accused] = [view.descriptor(body.contestant), view.descriptor(body.accused)];
    if (terms === null || contestant === null || accused === null) return refuse('contest-unknown', body.accused);
    const { paymentEnd, contestEnd } = scheduleOf(terms.parameters, body.interval);
    if (clock.now() < paymentEnd) return refuse('contest-early', `until ${paymentEnd}`);
    if (clock.now() >= contestEnd) return refuse('contest-late', `since ${contestEnd}`);
    if (!fitsPair(networkId, body)) return refuse('contest-pair', id);
    if (known !== null) return refuse('contest-void', id);
    const filedAt = clock.now();
    const opened = openContest(networkId, signed, { contestant: [contestant], accused }, terms, {
      filedAt,
      letterAt: letters.get(id) ?? null,
    });
    if (!opened.ok) return opened;
    cases.set(id, opened.value);
    if (docket.tells) tell(body.accused, id);
    return ok({ case: id, state: opened.value.state });
  }

  function appealed(signed: Signed<Appeal>): Result<DocketAnswer> {
    const { body } = signed;
    const one = caseNow(body.case);
    if (one === null) return refuse('appeal-unknown', body.case);
    if (one.appeals.some((before) => docketDigest(before.signed.body) === docketDigest(body)))
      return ok({ case: one.id, state: one.state });
    const checked = checkAppeal(networkId, one, rules, signed, clock.now());
    if (!checked.ok) return checked;
    const { verified, event, reason } = checked.value;
    const after = takeAppeal(one, { at: clock.now(), signed: verified }, event, reason);
    cases.set(one.id, after);
    return ok({ case: one.id, state: after.state });
  }

  const told = (what: string, result: Result<DocketAnswer>): Result<DocketAnswer> => {
    posted.push(`${what}: ${result.ok ? result.value.state : result.refusal.code}`);
    return result;
  };

  const docket: StandInDocket = {
    tells: true,
    posted,
    letter: (id) => void (letters.has(id) || letters.set(id, clock.now())),
    file: (signed) => told(`contest ${nameOf(signed.body.contestant)}>${nameOf(signed.body.accused)}`, filed(signed)),
    appeal: (signed) => told(`appeal ${nameOf(signed.body.from)} ${signed.body.evidence.kind}`, appealed(signed)),
    read(id) {
      const one = caseNow(id);
      if (one === null) return refuse('docket-no-case', id);
      const { signed, state, reason, filedAt, decidedAt, letterAt } = one;
      const { contestant: reporter, accused, interval, rail } = signed.body;
      const appeals = one.appeals.map(({ at, signed: given }) => ({ at, signed: bare(given) }));
      return ok({
        line: {
          ...{ case: id, kind: 'contest', reporter, accused, interval, rail, amount: amountOf(one), state, reason, filedAt },
          ...{ answerBy: answerBy(one), appealBy: appealBy(one), decidedAt, counts: false },
        },
        changes: [],
        about: { kind: 'contest', signed: bare(signed), letterAt, appeals },
        verdict: null,
      });
    },
    nullified: () =>
      [...cases.values()].map(({ signed: { body } }) => {
        const [a, b] = [body.contestant, body.accused].sort() as [string, string];
        return { a, b, interval: body.interval };
      }),
  };
  return docket;
}
