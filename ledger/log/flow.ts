/*
 * The log over all entries: a Merkle tree in memory that only ever takes committed rows, in the order of their positions; signed
 * heads and proofs out. Called by main.ts at start, after every transfer, and by the reading endpoints.
 */
import type { SigningKey } from '../../core/crypto/keys.ts';
import { sign, type Verified } from '../../core/crypto/sign.ts';
import { createTree, hexOf } from '../../core/log/merkle.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { ledgerRefusals, type LedgerProof, type LogHead } from '../../core/wire/ledger.ts';
import { inTurn } from '../../host/in-turn.ts';
import type { Ports } from '../../host/ports.ts';
import { readEntry } from '../account/store.ts';
import { LEAVES_PER_READ, readLeaves } from './store.ts';

export interface EntryLog {
  /** Takes in what is committed beyond the tree: whoever read an entry can have it proven. */
  follow(): Promise<void>;
  head(): Verified<LogHead>;
  prove(position: bigint): Promise<Result<LedgerProof>>;
  consistency(from: bigint, to: bigint): Result<{ proof: string[] }>;
}

const refuse = refuser(ledgerRefusals);

export function createEntryLog(ports: Pick<Ports, 'clock' | 'database'>, networkId: string, key: SigningKey): EntryLog {
  const { clock, database } = ports;
  const tree = createTree();
  const turn = inTurn();

  async function readOn(): Promise<void> {
    for (;;) {
      const leaves = await database.transaction((tx) => readLeaves(tx, tree.size));
      for (const { position, hash } of leaves) {
        invariant(position === tree.size, 'positions have no gap');
        tree.append(hash);
      }
      if (leaves.length < LEAVES_PER_READ) return;
    }
  }

  const log: EntryLog = {
    follow: () => turn(readOn),
    head() {
      const body = { size: BigInt(tree.size), root: hexOf(tree.root()), at: clock.now() };
      return sign('loghead', networkId, body, key);
    },
    async prove(position) {
      const entry = await database.transaction((tx) => readEntry(tx, position));
      if (entry === null) return refuse('ledger-unknown', `entry ${position}`);
      if (position >= BigInt(tree.size)) await log.follow();
      // Path and head of one size: nothing is awaited between them.
      return ok({ entry, path: tree.inclusion(Number(position), tree.size).map(hexOf), head: log.head() });
    },
    consistency(from, to) {
      if (from > to || to > BigInt(tree.size)) return refuse('ledger-unknown', `from ${from} to ${to}`);
      return ok({ proof: tree.consistency(Number(from), Number(to)).map(hexOf) });
    },
  };
  return log;
}
