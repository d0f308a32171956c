/*
 * The public log: entries in, one transaction at a time; out come the state that they fold to, the Merkle tree over them, signed
 * heads, pages and proofs. Opened once by main; written by the items' flows.
 */
import type { SigningKey } from '../../core/crypto/keys.ts';
import { bare, sign, type Signed } from '../../core/crypto/sign.ts';
import { LOG_PAGE_BYTES_MAX, PAGE_ROWS_MAX } from '../../core/limits.ts';
import { createTree, hexOf, leafHash } from '../../core/log/merkle.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { encode } from '../../core/wire/codec.ts';
import { directoryRefusals, type LogPage, type LogProof } from '../../core/wire/directory.ts';
import type { LogHead } from '../../core/wire/ledger.ts';
import { inTurn } from '../../host/in-turn.ts';
import type { Ports, Tx } from '../../host/ports.ts';
import { emptyState, foldAll, type DirectoryState } from '../state/decide.ts';
import { readEntry, type LogEntry } from './entry.ts';
import { insertEntry, readEntries, readLengths } from './store.ts';

/** What is to be written: entries, and what else the same transaction saves. */
export interface Change<T> {
  readonly entries: readonly LogEntry[];
  readonly value: T;
  /** `position` is the first new entry's. */
  save?(tx: Tx, position: number): Promise<void>;
}

export interface Book {
  state(): DirectoryState;
  /** Size and root, as a consensus names them. */
  top(): { readonly size: bigint; readonly root: string };
  /** `decide` sees the state that its entries will follow, and a time that never runs back. It may be called again. */
  write<T>(decide: (state: DirectoryState, now: number) => Change<T>): Promise<T>;
  head(): Signed<LogHead>;
  page(from: bigint): Promise<Result<LogPage>>;
  inclusion(index: bigint, size: bigint): Result<LogProof>;
  consistency(from: bigint, to: bigint): Result<LogProof>;
}

const refuse = refuser(directoryRefusals);

export async function openBook(ports: Pick<Ports, 'clock' | 'database'>, networkId: string, key: SigningKey): Promise<Book> {
  const { clock, database } = ports;
  const turn = inTurn();
  const tree = createTree();
  let state = emptyState;
  const add = (text: string): void => tree.append(leafHash(Buffer.from(text, 'utf8')));

  /** At the start; and after a write that failed, because the commit may have been done and only its answer lost. */
  async function readOn(): Promise<void> {
    for (;;) {
      const texts = await database.transaction((tx) => readEntries(tx, tree.size, PAGE_ROWS_MAX));
      if (texts.length === 0) break;
      state = foldAll(state, texts.map(readEntry));
      texts.forEach(add);
    }
    behind = false;
  }

  let behind = true;
  await readOn();

  const top = () => ({ size: BigInt(tree.size), root: hexOf(tree.root()) });
  const covers = (size: bigint): boolean => size <= BigInt(tree.size);
  return {
    state: () => state,
    top,
    write: (decide) =>
      turn(async () => {
        if (behind) await readOn();
        behind = true;
        const value = await database.transaction(async (tx) => {
          const change = decide(state, Math.max(clock.now(), state.at));
          const texts = change.entries.map((entry) => encode(entry));
          for (const [index, text] of texts.entries()) await insertEntry(tx, tree.size + index, text);
          const after = foldAll(state, change.entries);
          const position = tree.size;
          // First of all that follows the commit: a job that is asked for in it begins at once, and is to see this state.
          tx.onCommit(() => {
            state = after;
            texts.forEach(add);
          });
          await change.save?.(tx, position);
          return change.value;
        });
        behind = false;
        return value;
      }),
    head: () => bare(sign('loghead', networkId, { ...top(), at: clock.now() }, key)),
    async page(from) {
      if (!covers(from)) return refuse('directory-no-entry', from.toString());
      const entries = await database.transaction(async (tx) =>
        readEntries(tx, Number(from), fitting(await readLengths(tx, Number(from), PAGE_ROWS_MAX))),
      );
      return ok({ entries, next: from + BigInt(entries.length) });
    },
    inclusion(index, size) {
      if (index >= size || !covers(size)) return refuse('directory-no-entry', `${index} of ${size}`);
      return ok({ proof: tree.inclusion(Number(index), Number(size)).map(hexOf) });
    },
    consistency(from, to) {
      if (from > to || !covers(to)) return refuse('directory-no-entry', `${from} to ${to}`);
      return ok({ proof: tree.consistency(Number(from), Number(to)).map(hexOf) });
    },
  };
}

/** How many of the first fit a page: one at least. */
function fitting(lengths: readonly number[]): number {
  let room = LOG_PAGE_BYTES_MAX;
  const over = lengths.findIndex((length, index) => {
    room -= length;
    return index > 0 && room < 0;
  });
  return over < 0 ? lengths.length : over;
}
