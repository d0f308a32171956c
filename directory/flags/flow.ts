/*
 * Reading: all relays, or one by nickname or id, with flags and why not Guard. Called by http.ts.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { directoryRefusals } from '../../core/wire/directory.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Ports } from '../../host/ports.ts';
import type { Book } from '../log/flow.ts';
import { compareStanding } from '../standing/order.ts';
import { judgeAll } from './decide.ts';
import { explain, type Explained } from './explain.ts';

export interface Relays {
  /** In order of standing. `at` is the time for which the flags were judged. */
  all(): { readonly at: number; readonly relays: readonly Explained[] };
  one(nameOrId: string): Result<Explained>;
}

const refuse = refuser(directoryRefusals);

export function createRelays({ clock }: Pick<Ports, 'clock'>, parameters: Parameters, book: Book): Relays {
  const all = () => {
    const state = book.state();
    // As of the consensus in force: between two rounds of probing nobody is down for not having been asked.
    const at = state.consensus?.at ?? clock.now();
    const judged = judgeAll(state, parameters, at).sort((a, b) => compareStanding(a.relay, b.relay));
    return { at, relays: judged.map(explain).filter((one) => one.expires > clock.now()) };
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
