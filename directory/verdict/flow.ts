/*
 * Verdicts: made and signed in the transaction of the log entry that ends a case, be it an answer or the end of the appeal window.
 * Called by the items whose answers end one, by the job `verdict`, and by docket for reading.
 */
import type { SigningKey } from '../../core/crypto/keys.ts';
import { bare, sign, type Signed } from '../../core/crypto/sign.ts';
import { VERDICT_BYTES_MAX } from '../../core/limits.ts';
import { invariant } from '../../core/refusal.ts';
import { isUndecided } from '../../core/rule/course.ts';
import { expire, type Case } from '../../core/rule/verdict.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { signedVerdict, type Verdict } from '../../core/wire/verdict.ts';
import type { Jobs } from '../../host/jobs.ts';
import type { Ports, Tx } from '../../host/ports.ts';
import { verdictDigest, type LogEntry } from '../log/entry.ts';
import type { Book, Change } from '../log/flow.ts';
import { casesToDecide, composeVerdict } from './decide.ts';
import { insertVerdict, readNewestVerdict } from './store.ts';

export interface Verdicts {
  /** In the transaction that opens a case: its appeal window ends then. */
  due(tx: Tx, at: number): Promise<void>;
  /** The entry of an answer, and the verdict after it where the answer ended the case. */
  follow<T>(entry: LogEntry, after: Case, value: T): Change<T>;
  /** Ends every case whose appeal window is over; answers when the next one's will be. */
  decideDue(now: number): Promise<number | null>;
  newest(id: string): Promise<Signed<Verdict> | null>;
}

export function createVerdicts(
  { database, log }: Pick<Ports, 'database' | 'log'>,
  { networkId, key }: { readonly networkId: string; readonly key: SigningKey },
  book: Book,
  schedule: Jobs['schedule'],
): Verdicts {
  const verdictOn = (one: Case) => {
    const signed = bare(sign('verdict', networkId, composeVerdict(key.publicKey, one), key));
    const { at, outcome, reason } = signed.body;
    const entry: LogEntry = { kind: 'verdict', at, case: one.id, outcome, reason, digest: verdictDigest(signed) };
    return { entry, save: (tx: Tx, position: number) => insertVerdict(tx, position, one.id, encode(signed)) };
  };
  return {
    due: (tx, at) => schedule(tx, 'verdict', at),
    follow(entry, after, value) {
      if (isUndecided(after.state)) return { entries: [entry], value };
      const verdict = verdictOn(after);
      return { entries: [entry, verdict.entry], value, save: (tx, position) => verdict.save(tx, position + 1) };
    },
    async decideDue(now) {
      if (casesToDecide(book.state(), now).due.length > 0) {
        const count = await book.write((state, at) => {
          const ended = casesToDecide(state, at).due.map((one) => verdictOn(expire(one, at)));
          return {
            entries: ended.map(({ entry }) => entry),
            value: ended.length,
            async save(tx, position) {
              for (const [index, { save }] of ended.entries()) await save(tx, position + index);
            },
          };
        });
        log.info('verdicts-made', { role: 'directory', count });
      }
      return casesToDecide(book.state(), now).next;
    },
    async newest(id) {
      const document = await database.transaction((tx) => readNewestVerdict(tx, id));
      return document === null ? null : read(document);
    },
  };
}

function read(document: string): Signed<Verdict> {
  const verdict = decode(document, signedVerdict, VERDICT_BYTES_MAX);
  invariant(verdict.ok, 'a stored verdict is one that was made');
  return verdict.value;
}
