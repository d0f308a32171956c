/*
 * The rows of tallies and of the own count. Every function takes the transaction of its flow.
 */
import { asStored, type Countersigned, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { countersignedTally, type Tally } from '../../core/wire/guard.ts';
import { big, int, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';
import type { Usage } from './count.ts';

export type SignedTally = Verified<Tally> & Countersigned<Tally>;

export interface Refused {
  readonly interval: number;
  readonly serial: bigint;
  readonly amount: bigint;
  readonly code: string;
}

/** Our signature may be used from now on: kept before it is sent. */
export async function saveSigned(
  tx: Tx,
  { body, signature, countersignature }: Countersigned<Tally>,
  acked = false,
): Promise<void> {
  await tx.run(
    `INSERT INTO client_tally (guard, interval, serial, amount, state, acked, tally, code)
     VALUES (?, ?, ?, ?, 'signed', ?, ?, NULL)
     ON CONFLICT (guard, interval, serial, state) DO NOTHING`,
    [body.guard, body.interval, body.serial, body.amount, acked ? 1 : 0, encode({ body, signature, countersignature })],
  );
}

export async function saveAcked(tx: Tx, { guard, interval, serial }: Tally): Promise<void> {
  await tx.run("UPDATE client_tally SET acked = 1 WHERE guard = ? AND interval = ? AND serial = ? AND state = 'signed'", [
    guard,
    interval,
    serial,
  ]);
}

/** As the guard signed it: evidence of what it asked for. */
export async function saveRefused(tx: Tx, { body, signature }: Signed<Tally>, code: string): Promise<void> {
  await tx.run(
    `INSERT INTO client_tally (guard, interval, serial, amount, state, acked, tally, code)
     VALUES (?, ?, ?, ?, 'refused', 0, ?, ?)
     ON CONFLICT (guard, interval, serial, state) DO NOTHING`,
    [body.guard, body.interval, body.serial, body.amount, encode({ body, signature }), code],
  );
}

export async function readSigned(
  tx: Tx,
  guard: string,
  interval: number,
): Promise<{ tally: SignedTally; acked: boolean } | null> {
  const sql = `SELECT tally, acked FROM client_tally WHERE guard = ? AND interval = ? AND state = 'signed'
    ORDER BY serial DESC LIMIT 1`;
  const row = (await tx.all(sql, [guard, interval]))[0];
  return row === undefined ? null : { tally: tallyOf(row), acked: int(row['acked']) === 1 };
}

/** The newest that both signed of each guard and interval, from an interval on. */
export async function readNewestSigned(tx: Tx, from: number, most: number): Promise<SignedTally[]> {
  const sql = `SELECT tally FROM client_tally one WHERE state = 'signed' AND interval >= ? AND serial =
      (SELECT MAX(serial) FROM client_tally other WHERE other.guard = one.guard AND other.interval = one.interval
        AND other.state = 'signed')
    ORDER BY interval DESC, guard LIMIT ?`;
  return (await tx.all(sql, [from, most])).map(tallyOf);
}

/** What both signed of these guards, over all intervals. */
export async function sumSigned(tx: Tx, guards: readonly string[]): Promise<bigint> {
  let sum = 0n;
  for (const guard of guards) {
    const sql = `SELECT CAST(COALESCE(SUM(amount), 0) AS TEXT) AS sum FROM client_tally one
      WHERE guard = ? AND state = 'signed' AND serial = (SELECT MAX(serial) FROM client_tally other
        WHERE other.guard = one.guard AND other.interval = one.interval AND other.state = 'signed')`;
    sum += big((await tx.all(sql, [guard]))[0]?.['sum']);
  }
  return sum;
}

/** The newest refused one that no signed one of its interval has followed. */
export async function readRefused(tx: Tx, guard: string): Promise<Refused | null> {
  const sql = `SELECT interval, CAST(serial AS TEXT) AS serial, CAST(amount AS TEXT) AS amount, code FROM client_tally one
    WHERE guard = ? AND state = 'refused' AND NOT EXISTS (SELECT 1 FROM client_tally other WHERE other.guard = one.guard
      AND other.interval = one.interval AND other.state = 'signed' AND other.serial > one.serial)
    ORDER BY one.interval DESC, one.serial DESC LIMIT 1`;
  const row = (await tx.all(sql, [guard]))[0];
  if (row === undefined) return null;
  return { interval: int(row['interval']), serial: big(row['serial']), amount: big(row['amount']), code: text(row['code']) };
}

/**
 * Of an interval that is over, signed ones that a later one has taken the place of prove nothing more, nor does the own count;
 * of those that were refused alike, at any time, the newest is kept.
 */
export async function dropSuperseded(tx: Tx, before: number): Promise<void> {
  const later = (condition: string) => `EXISTS (SELECT 1 FROM client_tally other WHERE other.guard = client_tally.guard
    AND other.interval = client_tally.interval AND other.serial > client_tally.serial AND ${condition})`;
  const signed = later("other.state = 'signed'");
  await tx.run(`DELETE FROM client_tally WHERE state = 'signed' AND interval < ? AND ${signed}`, [before]);
  const refused = later("other.state = 'refused' AND other.code = client_tally.code");
  await tx.run(`DELETE FROM client_tally WHERE state = 'refused' AND ${refused}`);
  await tx.run('DELETE FROM client_usage WHERE interval < ?', [before]);
}

export async function saveUsage(tx: Tx, guard: string, interval: number, usage: Usage): Promise<void> {
  await tx.run(
    `INSERT INTO client_usage (guard, interval, circuit_bytes, other_bytes, relay_bytes, exit_bytes) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (guard, interval) DO UPDATE SET circuit_bytes = excluded.circuit_bytes, other_bytes = excluded.other_bytes,
       relay_bytes = excluded.relay_bytes, exit_bytes = excluded.exit_bytes`,
    [guard, interval, usage.circuitBytes, usage.otherBytes, usage.relayBytes, usage.exitBytes],
  );
}

export async function readUsage(tx: Tx, from: number): Promise<{ guard: string; interval: number; usage: Usage }[]> {
  const columns = ['circuit_bytes', 'other_bytes', 'relay_bytes', 'exit_bytes'].map((name) => `CAST(${name} AS TEXT) AS ${name}`);
  const rows = await tx.all(`SELECT guard, interval, ${columns.join(', ')} FROM client_usage WHERE interval >= ?`, [from]);
  return rows.map((row) => ({
    guard: text(row['guard']),
    interval: int(row['interval']),
    usage: {
      circuitBytes: big(row['circuit_bytes']),
      otherBytes: big(row['other_bytes']),
      relayBytes: big(row['relay_bytes']),
      exitBytes: big(row['exit_bytes']),
    },
  }));
}

function tallyOf(row: Row): SignedTally {
  const read = decode(text(row['tally']), countersignedTally);
  invariant(read.ok, 'a stored tally can be read');
  return asStored(read.value) as SignedTally;
}
