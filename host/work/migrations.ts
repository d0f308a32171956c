/*
 * The tables of jobs and outbox, in every role's database. `owner` tells apart the roles that share one PostgreSQL database.
 */
import type { Migration } from '../ports.ts';

export const hostMigrations: readonly Migration[] = [
  {
    name: '001-job-outbox',
    statements: [
      `CREATE TABLE job (
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        due INTEGER NOT NULL,
        attempts INTEGER NOT NULL CHECK (attempts >= 0),
        asks INTEGER NOT NULL CHECK (asks >= 0),
        PRIMARY KEY (owner, name)
      ) STRICT`,
      `CREATE TABLE outbox (
        owner TEXT NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        body TEXT NOT NULL,
        due INTEGER NOT NULL,
        attempts INTEGER NOT NULL CHECK (attempts >= 0),
        expires INTEGER NOT NULL,
        PRIMARY KEY (owner, id)
      ) STRICT`,
    ],
  },
  {
    name: '002-saved-at',
    // A clock that was set back since then is noticed.
    statements: ['ALTER TABLE job ADD COLUMN saved_at INTEGER NOT NULL DEFAULT 0'],
  },
];
