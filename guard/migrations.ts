/*
 * The guard's tables. Guards of one family may share them: an account, its deposits and its withdrawals belong to the subscriber,
 * usage to (guard, subscriber, interval). Nothing here has a circuit, a session, an address or the time of any usage.
 */
import type { Migration } from '../host/ports.ts';
import { bitcoinAddressTables } from '../rail/bitcoin/tables.ts';

export const migrations: readonly Migration[] = [
  {
    name: '001-accounts',
    statements: [
      // `content` is the digest of the account as last signed: another one is a new serial.
      `CREATE TABLE guard_account (
        subscriber TEXT NOT NULL PRIMARY KEY,
        rail TEXT NOT NULL,
        destination TEXT NOT NULL UNIQUE,
        serial INTEGER NOT NULL CHECK (serial >= 0),
        content TEXT NOT NULL,
        changed INTEGER NOT NULL
      ) STRICT`,
      // The key is what credits a payment once, whoever of a family notices it.
      `CREATE TABLE guard_deposit (
        rail TEXT NOT NULL,
        payment TEXT NOT NULL,
        wallet TEXT NOT NULL,
        subscriber TEXT NOT NULL REFERENCES guard_account (subscriber),
        amount INTEGER NOT NULL CHECK (amount >= 0),
        at INTEGER NOT NULL,
        confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
        PRIMARY KEY (rail, payment)
      ) STRICT`,
      'CREATE INDEX guard_deposit_subscriber ON guard_deposit (subscriber)',
      `CREATE TABLE guard_watch (
        rail TEXT NOT NULL,
        wallet TEXT NOT NULL,
        place TEXT NOT NULL,
        PRIMARY KEY (rail, wallet)
      ) STRICT`,
      `CREATE TABLE guard_usage (
        guard TEXT NOT NULL,
        subscriber TEXT NOT NULL REFERENCES guard_account (subscriber),
        interval INTEGER NOT NULL,
        circuit_bytes INTEGER NOT NULL CHECK (circuit_bytes >= 0),
        other_bytes INTEGER NOT NULL CHECK (other_bytes >= 0),
        relay_bytes INTEGER NOT NULL CHECK (relay_bytes >= 0),
        exit_bytes INTEGER NOT NULL CHECK (exit_bytes >= 0),
        amount INTEGER NOT NULL CHECK (amount >= 0),
        serial INTEGER NOT NULL CHECK (serial > 0),
        signed_serial INTEGER NOT NULL CHECK (signed_serial >= 0),
        signed_amount INTEGER NOT NULL CHECK (signed_amount >= 0),
        signed TEXT,
        PRIMARY KEY (guard, subscriber, interval)
      ) STRICT`,
      'CREATE INDEX guard_usage_subscriber ON guard_usage (subscriber)',
      `CREATE TABLE guard_withdrawal (
        id TEXT NOT NULL PRIMARY KEY,
        guard TEXT NOT NULL,
        subscriber TEXT NOT NULL REFERENCES guard_account (subscriber),
        rail TEXT NOT NULL,
        destination TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount > 0),
        state TEXT NOT NULL CHECK (state IN ('accepted', 'sent', 'paid', 'refused')),
        payment TEXT
      ) STRICT`,
      'CREATE INDEX guard_withdrawal_subscriber ON guard_withdrawal (subscriber)',
    ],
  },
  {
    name: '002-complaints',
    statements: [
      // Evidence: the account in which a deposit first stood, as each guard of the family signed it.
      `CREATE TABLE guard_credit (
        guard TEXT NOT NULL,
        rail TEXT NOT NULL,
        payment TEXT NOT NULL,
        account TEXT NOT NULL,
        PRIMARY KEY (guard, rail, payment)
      ) STRICT`,
      'CREATE INDEX guard_deposit_at ON guard_deposit (at)',
      // Cases of the docket that this guard still has to answer.
      `CREATE TABLE guard_case (
        guard TEXT NOT NULL,
        id TEXT NOT NULL,
        expires INTEGER NOT NULL,
        PRIMARY KEY (guard, id)
      ) STRICT`,
      // Evidence: as the subscriber signed it.
      'ALTER TABLE guard_withdrawal ADD COLUMN request TEXT',
    ],
  },
  {
    name: '003-bitcoin',
    statements: [
      ...bitcoinAddressTables,
      // Of its block, on a rail that may undo blocks.
      'ALTER TABLE guard_deposit ADD COLUMN height INTEGER',
      // Append-only: credits that were taken back.
      `CREATE TABLE guard_undone (
        rail TEXT NOT NULL,
        payment TEXT NOT NULL,
        height INTEGER NOT NULL,
        noticed INTEGER NOT NULL,
        wallet TEXT NOT NULL,
        subscriber TEXT NOT NULL REFERENCES guard_account (subscriber),
        amount INTEGER NOT NULL CHECK (amount >= 0),
        PRIMARY KEY (rail, payment, height, noticed)
      ) STRICT`,
    ],
  },
];
