/*
 * The rows of this relay's cases. Every function takes the transaction. Called by the flows of this item.
 */
import { signedSchema, type Signed } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { contest, type Contest } from '../../core/wire/contest.ts';
import { big, int, orNull, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';
import type { OwnCase, OwnCaseState } from './case.ts';

const columns = [
  ...['id', 'interval', 'peer', 'part', 'state', 'rail', 'amount', 'signed', 'code', 'pleaded', 'shown', 'until_second'],
] as const;
const shown = columns.map((name) => (name === 'amount' ? 'CAST(amount AS TEXT) AS amount' : name)).join(', ');
const select = `SELECT ${shown} FROM contest_case`;
const save = `INSERT INTO contest_case (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
  ON CONFLICT (id) DO UPDATE SET ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`;

export async function readCase(tx: Tx, id: string): Promise<OwnCase | null> {
  const [row] = await tx.all(`${select} WHERE id = ?`, [id]);
  return row === undefined ? null : caseOf(row);
}

/** In order of interval. */
export async function readCases(tx: Tx): Promise<OwnCase[]> {
  return (await tx.all(`${select} ORDER BY interval, peer`)).map(caseOf);
}

export async function readCasesIn(tx: Tx, states: readonly OwnCaseState[]): Promise<OwnCase[]> {
  const marks = states.map(() => '?').join(', ');
  return (await tx.all(`${select} WHERE state IN (${marks}) ORDER BY interval, peer`, states)).map(caseOf);
}

export async function saveCase(tx: Tx, one: OwnCase): Promise<void> {
  const { id, interval, peer, part, state, rail, amount, signed, code, pleaded, until } = one;
  const object = signed === null ? null : encode({ body: signed.body, signature: signed.signature });
  await tx.run(save, [id, interval, peer, part, state, rail, amount, object, code, pleaded ? 1 : 0, one.shown, until]);
}

/** What a contest of that interval voids: the rest that it or one before it left, not one that a later settlement has signed. */
export async function voidCarry(tx: Tx, peer: string, interval: number): Promise<void> {
  await tx.run('UPDATE carry SET amount = 0 WHERE peer = ? AND interval <= ?', [peer, interval]);
}

function caseOf(row: Row): OwnCase {
  return {
    id: text(row['id']),
    interval: int(row['interval']),
    peer: text(row['peer']),
    part: text(row['part']) as OwnCase['part'],
    state: text(row['state']) as OwnCaseState,
    rail: orNull(text)(row['rail']),
    amount: big(row['amount']),
    signed: contestOf(orNull(text)(row['signed'])),
    code: orNull(text)(row['code']),
    pleaded: int(row['pleaded']) === 1,
    shown: orNull(text)(row['shown']),
    until: orNull(int)(row['until_second']),
  };
}

function contestOf(stored: string | null): Signed<Contest> | null {
  if (stored === null) return null;
  const read = decode(stored, signedSchema(contest));
  invariant(read.ok, 'a stored contest reads back');
  return read.value;
}
