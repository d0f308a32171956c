/*
 * The rows of this relay's cases. Every function takes the transaction. Called by the flows of this item.
 */
import { signedSchema, type Signed } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { contest, type Contest } from '../../core/wire/contest.ts';
import { big, int, orNull, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';
import { docketed, newCase, type OwnCase, type OwnCaseState } from './case.ts';

const columns = [
  ...['id', 'interval', 'peer', 'part', 'state', 'rail', 'amount', 'signed', 'code', 'plea', 'shown', 'until_second'],
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
  const { id, interval, peer, part, state, rail, amount, signed, code, plea, until } = one;
  const object = signed === null ? null : encode({ body: signed.body, signature: signed.signature });
  await tx.run(save, [id, interval, peer, part, state, rail, amount, object, code, plea, one.shown.join(' '), until]);
}

/** The docket is said to have it. Also a case of my own, where the counterpart may have been first. */
export async function noticeCase(tx: Tx, of: Pick<OwnCase, 'id' | 'interval' | 'peer'>): Promise<void> {
  const known = await readCase(tx, of.id);
  if (known === null) await saveCase(tx, newCase({ ...of, part: 'accused', state: 'noticed' }));
  else if (known.state === 'asked' || known.state === 'refused') await saveCase(tx, { ...known, state: 'noticed' });
}

/** The docket knows nothing of it: what was known before the notice stays. */
export async function forgetNotice(tx: Tx, { id }: Pick<OwnCase, 'id'>): Promise<void> {
  const known = await readCase(tx, id);
  if (known?.state !== 'noticed') return;
  if (known.part === 'contestant') await saveCase(tx, { ...known, state: known.signed === null ? 'asked' : 'refused' });
  else await tx.run('DELETE FROM contest_case WHERE id = ?', [id]);
}

/** Ids of the pairs with a peer that were contested. */
export async function readVoid(tx: Tx, peer: string): Promise<ReadonlySet<string>> {
  const marks = docketed.map(() => '?').join(', ');
  const rows = await tx.all(`SELECT id FROM contest_case WHERE peer = ? AND state IN (${marks})`, [peer, ...docketed]);
  return new Set(rows.map((row) => text(row['id'])));
}

/** Whether the pair was contested, and is void. */
export async function isVoid(tx: Tx, id: string): Promise<boolean> {
  const one = await readCase(tx, id);
  return one !== null && docketed.some((state) => state === one.state);
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
    plea: text(row['plea']) as OwnCase['plea'],
    shown: text(row['shown'])
      .split(' ')
      .filter((name) => name !== ''),
    until: orNull(int)(row['until_second']),
  };
}

function contestOf(stored: string | null): Signed<Contest> | null {
  if (stored === null) return null;
  const read = decode(stored, signedSchema(contest));
  invariant(read.ok, 'a stored contest reads back');
  return read.value;
}
