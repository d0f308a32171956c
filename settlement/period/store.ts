/*
 * The intervals that this role has seen, and how far each has come. Every function takes the transaction. Called by
 * period/flow.ts.
 */
import { int } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';

/** In the order in which an interval passes them; the stage is the number of those behind it. */
export const stages = ['close', 'letters', 'bst', 'lapse', 'forget'] as const;
export type Stage = (typeof stages)[number];

export async function readWaiting(tx: Tx, stage: Stage): Promise<number[]> {
  const rows = await tx.all('SELECT interval FROM period WHERE stage = ? ORDER BY interval', [stages.indexOf(stage)]);
  return rows.map((row) => int(row['interval']));
}

/** How many stages an interval has behind it; -1 when it is not known. */
export async function readStage(tx: Tx, interval: number): Promise<number> {
  const rows = await tx.all('SELECT stage FROM period WHERE interval = ?', [interval]);
  return rows[0] === undefined ? -1 : int(rows[0]['stage']);
}

export async function hasPassed(tx: Tx, interval: number, stage: Stage): Promise<boolean> {
  return (await readStage(tx, interval)) > stages.indexOf(stage);
}

/** Whether that stage of it is still to come. */
export async function isBefore(tx: Tx, interval: number, stage: Stage): Promise<boolean> {
  const behind = await readStage(tx, interval);
  return behind >= 0 && behind <= stages.indexOf(stage);
}

export async function readNewestInterval(tx: Tx): Promise<number | null> {
  const rows = await tx.all('SELECT interval FROM period ORDER BY interval DESC LIMIT 1');
  return rows[0] === undefined ? null : int(rows[0]['interval']);
}

export async function addInterval(tx: Tx, interval: number): Promise<void> {
  await tx.run('INSERT INTO period (interval, stage) VALUES (?, 0) ON CONFLICT (interval) DO NOTHING', [interval]);
}

export async function passStage(tx: Tx, interval: number, stage: Stage): Promise<void> {
  const place = stages.indexOf(stage);
  await tx.run('UPDATE period SET stage = ? WHERE interval = ? AND stage = ?', [place + 1, interval, place]);
}

/** An interval that has this stage as the last behind it passes it again. False where another is. */
export async function stepBack(tx: Tx, interval: number, stage: Stage): Promise<boolean> {
  const place = stages.indexOf(stage);
  const sql = 'UPDATE period SET stage = ? WHERE interval = ? AND stage = ?';
  return (await tx.run(sql, [place, interval, place + 1])) > 0;
}
