/*
 * Carries: the rest of a pair's net that the last settlement with both signatures left, a row a peer and rail, in my favour.
 * A carry that not both signed does not exist (rule 8). Called where a settlement gets its second signature, and where one is
 * reckoned.
 */
import { noCarry } from '../../core/rule/net.ts';
import type { Carry } from '../../core/wire/settlement.ts';
import { big, int, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';

/** By rail. */
export async function readCarries(tx: Tx, peer: string): Promise<ReadonlyMap<string, Carry>> {
  const rows = await tx.all('SELECT rail, since, CAST(amount AS TEXT) AS amount FROM carry WHERE peer = ?', [peer]);
  return new Map(rows.map((row) => [text(row['rail']), carryOf(row)]));
}

export async function readCarry(tx: Tx, peer: string, rail: string): Promise<Carry> {
  return (await readCarries(tx, peer)).get(rail) ?? noCarry;
}

/** Peers with whom a rest is open. */
export async function readCarryPeers(tx: Tx): Promise<string[]> {
  return (await tx.all('SELECT DISTINCT peer FROM carry WHERE amount <> 0 ORDER BY peer')).map((row) => text(row['peer']));
}

/** What a settlement of that interval left; one of an earlier interval changes nothing. */
export async function saveCarry(tx: Tx, peer: string, rail: string, interval: number, carry: Carry): Promise<void> {
  await tx.run(
    `INSERT INTO carry (peer, rail, interval, amount, since) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (peer, rail) DO UPDATE SET interval = excluded.interval, amount = excluded.amount, since = excluded.since
     WHERE excluded.interval >= carry.interval`,
    [peer, rail, interval, carry.amount, carry.since],
  );
}

/**
 * What a contest of that interval voids: the rest that it, or one before it, left; not one that a later settlement has signed. As if
 * the interval after it had left nothing, so that a second signature that comes late brings nothing back.
 */
export async function voidCarry(tx: Tx, peer: string, rails: readonly string[], interval: number): Promise<void> {
  for (const rail of new Set([...rails, ...(await readCarries(tx, peer)).keys()])) {
    await tx.run(
      `INSERT INTO carry (peer, rail, interval, amount, since) VALUES (?, ?, ?, 0, ?)
       ON CONFLICT (peer, rail) DO UPDATE SET interval = excluded.interval, amount = 0, since = excluded.since
       WHERE carry.interval < excluded.interval`,
      [peer, rail, interval + 1, interval],
    );
  }
}

function carryOf(row: Row): Carry {
  return { amount: big(row['amount']), since: int(row['since']) };
}
