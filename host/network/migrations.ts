/*
 * The tables of a node's view of the network: the newest consensus, each relay's newest descriptor, the terms of every interval.
 */
import type { Migration } from '../ports.ts';

export const networkMigrations: readonly Migration[] = [
  {
    name: '001-view',
    statements: [
      `CREATE TABLE consensus (
        valid_after INTEGER PRIMARY KEY,
        document TEXT NOT NULL
      ) STRICT`,
      `CREATE TABLE descriptor (
        id TEXT PRIMARY KEY,
        digest TEXT NOT NULL,
        document TEXT NOT NULL
      ) STRICT`,
      `CREATE TABLE terms (
        interval_number INTEGER PRIMARY KEY,
        document TEXT NOT NULL,
        seen_in INTEGER NOT NULL
      ) STRICT`,
    ],
  },
];
