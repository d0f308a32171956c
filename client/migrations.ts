/*
 * The client's tables: where it has accounts, its own count, and every account and tally that a guard has signed for it.
 */
import type { Migration } from '../host/ports.ts';

export const migrations: readonly Migration[] = [
  {
    name: '001-accounts',
    statements: [
      // `chosen` grows: the highest is the guard that commands mean when they name none.
      `CREATE TABLE client_guard (
        guard TEXT NOT NULL PRIMARY KEY,
        rail TEXT NOT NULL,
        chosen INTEGER NOT NULL
      ) STRICT`,
      // Evidence. `home` is the guard of the subscription, `signer` it or one of its family.
      `CREATE TABLE client_account (
        home TEXT NOT NULL,
        signer TEXT NOT NULL,
        serial INTEGER NOT NULL CHECK (serial >= 0),
        account TEXT NOT NULL,
        PRIMARY KEY (home, serial, signer)
      ) STRICT`,
      // Evidence: what the guard's key signed and was refused all the same, the newest of a kind.
      `CREATE TABLE client_refused_account (
        home TEXT NOT NULL,
        code TEXT NOT NULL,
        account TEXT NOT NULL,
        PRIMARY KEY (home, code)
      ) STRICT`,
      // Evidence. `state`: signed by both, or refused for `code`. `acked`: the guard has our signature.
      `CREATE TABLE client_tally (
        guard TEXT NOT NULL,
        interval INTEGER NOT NULL,
        serial INTEGER NOT NULL CHECK (serial >= 0),
        amount INTEGER NOT NULL CHECK (amount >= 0),
        state TEXT NOT NULL CHECK (state IN ('signed', 'refused')),
        acked INTEGER NOT NULL CHECK (acked IN (0, 1)),
        tally TEXT NOT NULL,
        code TEXT,
        PRIMARY KEY (guard, interval, serial, state)
      ) STRICT`,
      `CREATE TABLE client_usage (
        guard TEXT NOT NULL,
        interval INTEGER NOT NULL,
        circuit_bytes INTEGER NOT NULL CHECK (circuit_bytes >= 0),
        other_bytes INTEGER NOT NULL CHECK (other_bytes >= 0),
        relay_bytes INTEGER NOT NULL CHECK (relay_bytes >= 0),
        exit_bytes INTEGER NOT NULL CHECK (exit_bytes >= 0),
        PRIMARY KEY (guard, interval)
      ) STRICT`,
      `CREATE TABLE client_deposit (
        id TEXT NOT NULL PRIMARY KEY,
        home TEXT NOT NULL,
        rail TEXT NOT NULL,
        destination TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount > 0),
        state TEXT NOT NULL CHECK (state IN ('sending', 'paid', 'failed')),
        payment TEXT
      ) STRICT`,
      `CREATE TABLE client_withdrawal (
        id TEXT NOT NULL PRIMARY KEY,
        home TEXT NOT NULL,
        destination TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount > 0),
        state TEXT NOT NULL CHECK (state IN ('asked', 'accepted', 'sent', 'paid', 'refused')),
        payment TEXT,
        code TEXT
      ) STRICT`,
    ],
  },
  {
    name: '002-complaints',
    statements: [
      // Evidence: the request as it was signed first.
      'ALTER TABLE client_withdrawal ADD COLUMN request TEXT',
      `CREATE TABLE client_complaint (
        id TEXT NOT NULL PRIMARY KEY,
        guard TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('deposit', 'withdrawal')),
        subject TEXT NOT NULL,
        rail TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount > 0),
        filed_at INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        complaint TEXT NOT NULL
      ) STRICT`,
      // The same text to each authority, until it has answered.
      `CREATE TABLE client_filing (
        id TEXT NOT NULL REFERENCES client_complaint (id),
        authority TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('sending', 'filed', 'refused')),
        code TEXT,
        PRIMARY KEY (id, authority)
      ) STRICT`,
    ],
  },
];
