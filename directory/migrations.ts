/*
 * The directory's tables. `directory_entry` is the public log and the only truth: all that an authority knows is folded from it.
 * The others are documents made from it, an index into it, and the mailbox, which is nobody's but its recipients'.
 */
import type { Migration } from '../host/ports.ts';

export const migrations: readonly Migration[] = [
  {
    name: '0001-directory',
    statements: [
      `CREATE TABLE directory_entry (
        position INTEGER NOT NULL PRIMARY KEY CHECK (position >= 0),
        entry TEXT NOT NULL
      ) STRICT`,
      `CREATE TABLE directory_descriptor (
        digest TEXT NOT NULL PRIMARY KEY,
        position INTEGER NOT NULL REFERENCES directory_entry (position)
      ) STRICT`,
      `CREATE TABLE directory_consensus (
        valid_after INTEGER NOT NULL PRIMARY KEY,
        document TEXT NOT NULL
      ) STRICT`,
      `CREATE TABLE directory_terms (
        interval_number INTEGER NOT NULL PRIMARY KEY,
        valid_after INTEGER NOT NULL REFERENCES directory_consensus (valid_after)
      ) STRICT`,
      'CREATE INDEX directory_terms_consensus ON directory_terms (valid_after)',
      `CREATE TABLE directory_letter (
        recipient TEXT NOT NULL,
        id TEXT NOT NULL,
        sender TEXT NOT NULL,
        sealed TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        fetched_at INTEGER,
        last_fetched_at INTEGER,
        PRIMARY KEY (recipient, id)
      ) STRICT`,
      'CREATE INDEX directory_letter_expires ON directory_letter (expires)',
      'CREATE INDEX directory_letter_sender ON directory_letter (sender, recipient)',
    ],
  },
  {
    name: '0002-docket',
    statements: [
      `CREATE TABLE directory_verdict (
        position INTEGER NOT NULL PRIMARY KEY REFERENCES directory_entry (position),
        case_id TEXT NOT NULL,
        document TEXT NOT NULL
      ) STRICT`,
      'CREATE INDEX directory_verdict_case ON directory_verdict (case_id, position)',
    ],
  },
];
