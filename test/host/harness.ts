/*
 * What the tests of this room share: databases and folders that are gone after each test, and waiting for an event without sleeping.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../host/db/open.ts';
import type { Database, Log, LogFields, Migration } from '../../host/ports.ts';
import { later } from '../harness/later.ts';

export async function memoryDatabase(migrations: readonly Migration[] = []): Promise<Database> {
  const database = await openDatabase({ file: ':memory:' }, migrations, 'test');
  later(() => database.close());
  return database;
}

export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ptg-host-'));
  later(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Lets everything run that is ready to, until `done`; a test that waits for what never comes ends by mocha's timeout. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}

export interface RecordingLog extends Log {
  readonly events: { readonly event: string; readonly fields: LogFields }[];
}

export function recordingLog(): RecordingLog {
  const events: RecordingLog['events'] = [];
  const keep = (event: string, fields: LogFields = {}) => void events.push({ event, fields });
  return { events, info: keep, warn: keep, error: keep };
}
