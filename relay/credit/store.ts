/*
 * Outcomes of settled pairs, and what of the held IOUs is unpaid. Every function takes the transaction. Called by credit/flow.ts.
 */
import type { PairOutcome } from '../../core/local/messages.ts';
import type { Traffic } from '../../core/rule/price.ts';
import { big, int, text } from '../../host/db/codec.ts';
import { marksOf, slicesOf } from '../../host/db/slices.ts';
import type { Row, Tx } from '../../host/ports.ts';

/** Twice the same is once; an unpaid pair may become paid or late, never back. */
export async function saveOutcome(tx: Tx, outcome: PairOutcome, receivedBytes: bigint): Promise<void> {
  await tx.run(
    `INSERT INTO pair_outcome (peer, interval_number, outcome, rail, received, received_bytes) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (peer, interval_number) DO UPDATE SET outcome = excluded.outcome, rail = excluded.rail,
       received = excluded.received, received_bytes = excluded.received_bytes
     WHERE pair_outcome.outcome = 'unpaid'`,
    [outcome.peer, outcome.interval, outcome.outcome, outcome.rail, outcome.received, receivedBytes],
  );
}

export interface Unpaid {
  readonly peer: string;
  readonly interval: number;
  readonly totals: Traffic;
}

/** IOUs of a direction that no outcome has discharged. */
export async function readUnpaid(tx: Tx, direction: 'held' | 'issued'): Promise<Unpaid[]> {
  const rows = await tx.all(
    `SELECT i.peer AS peer, i.interval_number AS interval_number,
       CAST(i.relay_bytes AS TEXT) AS relay_bytes, CAST(i.exit_bytes AS TEXT) AS exit_bytes
     FROM iou i LEFT JOIN pair_outcome o ON o.peer = i.peer AND o.interval_number = i.interval_number AND o.outcome <> 'unpaid'
     WHERE i.direction = ? AND o.peer IS NULL ORDER BY i.peer, i.interval_number`,
    [direction],
  );
  return rows.map((row) => ({
    peer: text(row['peer']),
    interval: int(row['interval_number']),
    totals: { relayBytes: big(row['relay_bytes']), exitBytes: big(row['exit_bytes']) },
  }));
}

export interface Outcome {
  readonly peer: string;
  readonly interval: number;
  /** Its IOUs are no longer owed. */
  readonly discharged: boolean;
  /** What came in, as bytes through one standard hop. */
  readonly bytes: bigint;
}

/** Of some peers, or of all. */
export async function readOutcomes(tx: Tx, peers: readonly string[] | null): Promise<Outcome[]> {
  const select = 'SELECT peer, interval_number, outcome, CAST(received_bytes AS TEXT) AS received_bytes FROM pair_outcome';
  if (peers === null) return (await tx.all(select)).map(outcomeOf);
  const found: Outcome[] = [];
  for (const slice of slicesOf(peers)) {
    const rows = await tx.all(`${select} WHERE peer IN ${marksOf(1, slice.length)}`, slice);
    found.push(...rows.map(outcomeOf));
  }
  return found;
}

function outcomeOf(row: Row): Outcome {
  const discharged = row['outcome'] !== 'unpaid';
  return {
    ...{ peer: text(row['peer']), interval: int(row['interval_number']) },
    ...{ discharged, bytes: big(row['received_bytes']) },
  };
}

export async function deleteOutcomes(tx: Tx, before: number): Promise<void> {
  await tx.run('DELETE FROM pair_outcome WHERE interval_number < ?', [before]);
}
