/*
 * Reading the docket: list, case, verdict, changes and a relay's record. Called by http.ts; its pages show the same.
 */
import type { Signed } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { directoryRefusals } from '../../core/wire/directory.ts';
import {
  docketRefusals,
  type DocketCase,
  type DocketChanges,
  type DocketPage,
  type RelayRecord,
  type Verdict,
} from '../../core/wire/verdict.ts';
import type { Ports } from '../../host/ports.ts';
import type { Book } from '../log/flow.ts';
import { standings, type Standing } from '../standing/order.ts';
import type { DirectoryState } from '../state/decide.ts';
import type { Verdicts } from '../verdict/flow.ts';
import { caseShown, changesAfter, idOf, pageOf, recordOf, type PageQuery } from './decide.ts';

export interface Docket {
  page(query: PageQuery): Result<DocketPage>;
  one(id: string): Promise<Result<DocketCase>>;
  /** The newest, once there is one. */
  verdict(id: string): Promise<Result<Signed<Verdict>>>;
  changes(after: bigint | null): Result<DocketChanges>;
  record(nameOrId: string): Result<RelayRecord>;
}

const refuse = refuser(docketRefusals);
const refuseRelay = refuser(directoryRefusals);

export function createDocket({ clock }: Pick<Ports, 'clock'>, book: Book, verdicts: Verdicts): Docket {
  /** Time does not run back behind the log's. */
  const now = (): number => Math.max(clock.now(), book.state().at);
  let last: { readonly state: DirectoryState; readonly at: number; readonly all: readonly Standing[] } | null = null;
  /** Reckoned once a second at most, where the log stands still: anybody may ask, as often as it likes. */
  const standingsAt = (state: DirectoryState, at: number): readonly Standing[] => {
    if (last === null || last.state !== state || last.at !== at) last = { state, at, all: standings(state, at) };
    return last.all;
  };
  return {
    page: (query) => ok(pageOf(book.state(), query, now())),
    async one(id) {
      if (!book.state().cases.has(id)) return refuse('docket-no-case', id);
      const verdict = await verdicts.newest(id);
      const state = book.state();
      const one = state.cases.get(id);
      return one === undefined ? refuse('docket-no-case', id) : ok(caseShown(one, state, verdict, now()));
    },
    async verdict(id) {
      const one = book.state().cases.get(id);
      if (one === undefined) return refuse('docket-no-case', id);
      const verdict = await verdicts.newest(id);
      return verdict === null ? refuse('docket-undecided', `${id}: ${one.state}`) : ok(verdict);
    },
    changes: (after) => ok(changesAfter(book.state(), after)),
    record(nameOrId) {
      const state = book.state();
      const at = now();
      const id = idOf(state, nameOrId, at);
      const record = id === null ? null : recordOf(state, id, at, standingsAt(state, at));
      return record === null ? refuseRelay('directory-no-relay', nameOrId) : ok(record);
    },
  };
}
