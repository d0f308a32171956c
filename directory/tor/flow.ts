/*
 * What a directory does with the tor beside it. Before each consensus it looks what Tor says, and writes it down; after it, whom rule 12
 * denies Guard goes into approved-routers of that Tor authority. What fails is said and tried again. Called by the consensus, and by
 * the job `middle-only`; its state is asked for by `ptg status`.
 */
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Ports } from '../../host/ports.ts';
import type { DirectoryTor, TorSeen } from '../../tor/authority/directory-tor.ts';
import type { Book } from '../log/flow.ts';
import { TOR_FACTS_MAX, type LogEntry, type TorFacts } from '../log/entry.ts';
import { factsOf, middleOnlyOf, newsOf, toLookAt } from './decide.ts';

export interface TorStatus {
  readonly up: boolean;
  readonly since: number;
  readonly reason: string | null;
  /** Of Tor's newest consensus that was read. */
  readonly seen: { readonly validAfter: number; readonly relays: number; readonly exits: number } | null;
  /** Null where the node marks nobody. */
  readonly middleOnly: MiddleOnlyStatus | null;
}

export interface MiddleOnlyStatus {
  readonly file: string;
  /** Fingerprints that stand in it, as far as we could write. */
  readonly listed: readonly string[];
  /** When tor last knew all of them. */
  readonly doneAt: number | null;
  /** Why it does not know them now. */
  readonly fault: { readonly code: string; readonly about: string; readonly remedy: string } | null;
}

export interface TorSide {
  /** False while nothing is known of Tor, so that no consensus can be made. What was known holds on while tor is away. */
  look(now: number): Promise<boolean>;
  /** When to try again; null until the next consensus. */
  put(now: number): Promise<number | null>;
  status(): TorStatus | null;
}

/** Questions to tor at once. */
const AT_ONCE = 50;
/** The Tor authority may be restarting. */
const RETRY_SEC = 10;

export function createTorSide(
  { log, tor }: Pick<Ports, 'log'> & { readonly tor: DirectoryTor | null },
  parameters: Parameters,
  book: Book,
): TorSide {
  let listed: readonly string[] = [];
  let doneAt: number | null = null;
  let fault: MiddleOnlyStatus['fault'] = null;
  const middleOnly = tor?.middleOnly ?? null;

  async function factsNow(beside: DirectoryTor, seen: TorSeen, now: number): Promise<TorFacts[]> {
    const facts: TorFacts[] = [];
    const wanted = toLookAt(book.state(), now);
    for (let from = 0; from < wanted.length; from += AT_ONCE) {
      const some = wanted.slice(from, from + AT_ONCE);
      const said = await Promise.all(some.map(({ fingerprint }) => beside.descriptor(fingerprint)));
      some.forEach(({ id }, at) => {
        const one = said[at];
        const relay = book.state().relays.get(id);
        // Not told, for whatever reason: what it said last stands.
        const found = relay === undefined ? null : factsOf(relay, seen, one?.ok === true ? one.value : null);
        if (found !== null) facts.push(found);
      });
    }
    return facts;
  }

  return {
    async look(now) {
      if (tor === null) return true;
      const seen = await tor.consensus();
      if (!seen.ok) {
        log.warn('tor-not-read', { code: seen.refusal.code, error: seen.refusal.about });
        return book.state().tor !== null;
      }
      const facts = await factsNow(tor, seen.value, now);
      const { validAfter, relays, exits } = seen.value;
      await book.write((state, at) => {
        const news = newsOf(state, facts);
        const head = { kind: 'tor' as const, at, validAfter, relays, exits };
        const isNew = state.tor === null || state.tor.validAfter !== validAfter || news.length > 0;
        const parts = Math.max(isNew ? 1 : 0, Math.ceil(news.length / TOR_FACTS_MAX));
        const entries = Array.from({ length: parts }, (_, part): LogEntry => ({
          ...head,
          seen: news.slice(part * TOR_FACTS_MAX, (part + 1) * TOR_FACTS_MAX),
        }));
        return { entries, value: undefined };
      });
      return true;
    },
    async put(now) {
      const state = book.state();
      // As of the consensus in force: between two of them nobody gains or loses a flag.
      if (middleOnly === null || state.consensus === null) return null;
      const wanted = middleOnlyOf(state, parameters, state.consensus.at);
      const put = await middleOnly.put(wanted);
      if (!put.ok) {
        const { code, about, remedy } = put.refusal;
        if (fault?.code !== code || fault.about !== about) log.error('middle-only-not-put', { code, error: about });
        fault = { code, about, remedy };
        return now + RETRY_SEC;
      }
      if (fault !== null || wanted.join() !== listed.join()) log.info('middle-only-put', { count: wanted.length });
      [listed, doneAt, fault] = [wanted, now, null];
      return null;
    },
    status() {
      if (tor === null) return null;
      const { up, since, reason } = tor.state();
      return {
        up,
        since,
        reason,
        seen: book.state().tor,
        middleOnly: middleOnly === null ? null : { file: middleOnly.file, listed, doneAt, fault },
      };
    },
  };
}
