/*
 * Flags in Tor itself: after each consensus, whom rule 12 denies Guard goes into approved-routers of the Tor authority beside us. What
 * fails is said and tried again. Called by the job `middle-only`; its state is asked for by `ptg status`.
 */
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Ports } from '../../host/ports.ts';
import type { DirectoryTor } from '../../tor/authority/directory-tor.ts';
import type { Book } from '../log/flow.ts';
import { middleOnlyOf } from './decide.ts';

export interface TorStatus {
  readonly up: boolean;
  readonly since: number;
  readonly reason: string | null;
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

export interface TorFlags {
  /** When to try again; null until the next consensus. */
  put(now: number): Promise<number | null>;
  status(): TorStatus | null;
}

/** The Tor authority may be restarting. */
const RETRY_SEC = 10;

export function createTorFlags(
  { log, tor }: Pick<Ports, 'log'> & { readonly tor: DirectoryTor | null },
  parameters: Parameters,
  book: Book,
): TorFlags {
  let listed: readonly string[] = [];
  let doneAt: number | null = null;
  let fault: MiddleOnlyStatus['fault'] = null;
  const middleOnly = tor?.middleOnly ?? null;
  return {
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
      return { up, since, reason, middleOnly: middleOnly === null ? null : { file: middleOnly.file, listed, doneAt, fault } };
    },
  };
}
