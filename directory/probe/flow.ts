/*
 * Probing: relays are asked for their id, many at once; who answered is one entry of the log. Called by the jobs, and before a
 * consensus for whoever was not asked in time.
 */
import { aliveAnswer } from '../../core/wire/directory.ts';
import { inTurn } from '../../host/in-turn.ts';
import type { Jobs } from '../../host/jobs.ts';
import type { CallOptions, HttpClient, Ports } from '../../host/ports.ts';
import type { Book } from '../log/flow.ts';
import type { DirectoryState, KnownRelay } from '../state/decide.ts';

export interface Probes {
  /**
   * Asks whom `choose` names and writes down who was there, and who was not unless they are asked again. One round at a time:
   * `choose` sees what the one before it found.
   */
  ask(choose: (state: DirectoryState) => readonly KnownRelay[], missed?: 'written' | 'asked again'): Promise<void>;
}

/** Calls in flight: ten thousand relays in a minute, if one in a hundred of them is silent. */
const AT_ONCE = 64;
/** Strangers say where: no connection is kept. Tor's own connection to a relay would have been slower still. */
const ASKING: CallOptions = { deadlineMs: 10_000, answerMax: 1024, once: true };

export function createProbes(ports: Pick<Ports, 'http'>, book: Book, schedule: Jobs['schedule']): Probes {
  const turn = inTurn();
  return {
    ask: (choose, missed = 'written') =>
      turn(async () => {
        const relays = choose(book.state());
        if (relays.length === 0) return;
        const answers = await answersOf(ports.http, relays);
        const ids = (reached: boolean) =>
          relays.map((relay) => relay.descriptor.body.id).filter((id) => answers.get(id) === reached);
        const told = { reached: ids(true).sort(), missed: missed === 'written' ? ids(false).sort() : [] };
        if (told.reached.length + told.missed.length === 0) return;
        await book.write((state, now) => ({
          entries: [{ kind: 'probe', at: now, ...told }],
          value: undefined,
          async save(tx) {
            // A network that has no consensus yet need not wait for the next one's time.
            if (state.consensus === null) await schedule(tx, 'consensus', now);
          },
        }));
      }),
  };
}

async function answersOf(http: HttpClient, relays: readonly KnownRelay[]): Promise<Map<string, boolean>> {
  const answers = new Map<string, boolean>();
  const waiting = [...relays].reverse();
  const work = async (): Promise<void> => {
    for (let relay = waiting.pop(); relay !== undefined; relay = waiting.pop()) {
      const { id, urls } = relay.descriptor.body;
      const answer = await http.get(`${urls.relay}/relay/alive`, aliveAnswer, ASKING);
      answers.set(id, answer.ok && answer.value.id === id);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, relays.length) }, work));
  return answers;
}
