/*
 * Reading: all relays, or one by nickname or id, with flags and why not Guard. Called by http.ts.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { directoryRefusals } from '../../core/wire/directory.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Ports } from '../../host/ports.ts';
import type { Book } from '../log/flow.ts';
import type { DirectoryState } from '../state/decide.ts';
import { inOrder } from '../standing/order.ts';
import { judgeAll } from './decide.ts';
import { explain, type Explained } from './explain.ts';

export interface Relays {
  /** In order of standing. `at` is the time for which the flags were judged. */
  all(): { readonly at: number; readonly relays: readonly Explained[] };
  one(nameOrId: string): Result<Explained>;
}

const refuse = refuser(directoryRefusals);

export function createRelays({ clock }: Pick<Ports, 'clock'>, parameters: Parameters, book: Book): Relays {
  let last: { readonly state: DirectoryState; readonly until: number; readonly answer: ReturnType<Relays['all']> } | null = null;
  /** Judged once a change of the log: anybody may ask, as often as it likes. */
  const all = () => {
    const state = book.state();
    const now = clock.now();
    if (last !== null && last.state === state && now < last.until) return last.answer;
    // As of the consensus in force: between two rounds of probing nobody is down for not having been asked.
    const at = state.consensus?.at ?? now;
    const judged = inOrder(state, at, judgeAll(state, parameters, at), (one) => one.relay.descriptor.body.id);
    const relays = judged.map(explain).filter((one) => one.expires > now);
    const until = relays.reduce((soonest, one) => Math.min(soonest, one.expires), state.consensus === null ? now + 1 : Infinity);
    const answer = { at, relays };
    last = { state, until, answer };
    return answer;
  };
  return {
    all,
    one(nameOrId) {
      const asked = nameOrId.toLowerCase();
      const found = all().relays.find((relay) => relay.id === asked || relay.nickname.toLowerCase() === asked);
      return found === undefined ? refuse('directory-no-relay', nameOrId) : ok(found);
    },
  };
}
