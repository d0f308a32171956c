/*
 * The rows of usage: one running total a guard, subscriber and interval, with the newest tally of it that both have signed. Every
 * function takes the transaction of its flow.
 */
import type { Countersigned, Verified } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { countersignedTally, type Tally } from '../../core/wire/guard.ts';
import { big, int, text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';
import { noUsage, type Usage } from '../session/decide.ts';

export interface UsageRow {
  readonly usage: Usage;
  readonly amount: bigint;
  /** Of the tally that says it; rises with every change. */
  readonly serial: bigint;
  /** 0 while the subscriber has signed none. */
  readonly signedSerial: bigint;
  /** What that tally says. Read when it is asked for. */
  readonly signed: Usage;
}

export async function readUsage(tx: Tx, guard: string, subscriber: string, interval: number): Promise<UsageRow | null> {
  const names = ['circuit_bytes', 'other_bytes', 'relay_bytes', 'exit_bytes', 'amount', 'serial', 'signed_serial'];
  const columns = names.map((name) => `CAST(${name} AS TEXT) AS ${name}`).join(', ');
  const sql = `SELECT ${columns}, signed FROM guard_usage WHERE guard = ? AND subscriber = ? AND interval = ?`;
  const row = (await tx.all(sql, [guard, subscriber, interval]))[0];
  if (row === undefined) return null;
  return {
    usage: {
      circuitBytes: big(row['circuit_bytes']),
      otherBytes: big(row['other_bytes']),
      relayBytes: big(row['relay_bytes']),
      exitBytes: big(row['exit_bytes']),
    },
    amount: big(row['amount']),
    serial: big(row['serial']),
    signedSerial: big(row['signed_serial']),
    get signed() {
      return row['signed'] === null ? noUsage : signedUsage(text(row['signed']));
    },
  };
}

function signedUsage(stored: string): Usage {
  const read = decode(stored, countersignedTally);
  invariant(read.ok, 'a signed tally is read as it was written');
  const { circuitBytes, otherBytes, relayBytes, exitBytes } = read.value.body;
  return { circuitBytes, otherBytes, relayBytes, exitBytes };
}

/** Whose usage it is, of which interval, at which guard. */
export interface UsageKey {
  readonly guard: string;
  readonly subscriber: string;
  readonly interval: number;
}

export async function saveUsage(tx: Tx, key: UsageKey, usage: Usage, amount: bigint, serial: bigint): Promise<void> {
  await tx.run(
    `INSERT INTO guard_usage (guard, subscriber, interval, circuit_bytes, other_bytes, relay_bytes, exit_bytes, amount, serial,
       signed_serial, signed_amount, signed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, NULL)
     ON CONFLICT (guard, subscriber, interval) DO UPDATE SET circuit_bytes = excluded.circuit_bytes,
       other_bytes = excluded.other_bytes, relay_bytes = excluded.relay_bytes, exit_bytes = excluded.exit_bytes,
       amount = excluded.amount, serial = excluded.serial`,
    [
      key.guard,
      key.subscriber,
      key.interval,
      usage.circuitBytes,
      usage.otherBytes,
      usage.relayBytes,
      usage.exitBytes,
      amount,
      serial,
    ],
  );
}

/** The subscriber has signed them too: of these intervals, the largest amounts first. */
export async function readSignedTallies(
  tx: Tx,
  guard: string,
  subscriber: string,
  from: number,
  most: number,
): Promise<Countersigned<Tally>[]> {
  const sql = `SELECT signed FROM guard_usage WHERE guard = ? AND subscriber = ? AND interval >= ? AND signed IS NOT NULL
    ORDER BY signed_amount DESC, interval LIMIT ?`;
  return (await tx.all(sql, [guard, subscriber, from, most])).map((row) => {
    const read = decode(text(row['signed']), countersignedTally);
    invariant(read.ok, 'a signed tally is read as it was written');
    return read.value;
  });
}

/** What all tallies of a guard come to, the newest intervals first. */
export async function readUsed(
  tx: Tx,
  guard: string,
  most: number,
): Promise<{ readonly interval: number; readonly circuitBytes: bigint; readonly otherBytes: bigint }[]> {
  const sql = `SELECT interval, CAST(SUM(circuit_bytes) AS TEXT) AS circuit_bytes, CAST(SUM(other_bytes) AS TEXT) AS other_bytes
    FROM guard_usage WHERE guard = ? GROUP BY interval ORDER BY interval DESC LIMIT ?`;
  return (await tx.all(sql, [guard, most])).map((row) => ({
    interval: int(row['interval']),
    circuitBytes: big(row['circuit_bytes']),
    otherBytes: big(row['other_bytes']),
  }));
}

/** Signed by both. */
export async function saveSigned(tx: Tx, tally: Verified<Tally> & Countersigned<Tally>): Promise<void> {
  const { guard, subscriber, interval, serial, amount } = tally.body;
  const { body, signature, countersignature } = tally;
  await tx.run(
    `UPDATE guard_usage SET signed_serial = ?, signed_amount = ?, signed = ?
     WHERE guard = ? AND subscriber = ? AND interval = ? AND signed_serial < ?`,
    [serial, amount, encode({ body, signature, countersignature }), guard, subscriber, interval, serial],
  );
}
