/*
 * The ledger's tables. Rows are only ever added. An output is a leaf of the log; it stands in `ledger_entry` twice, as the
 * payer's debit and the payee's credit, and a balance is the sum of an account's rows.
 */
import type { Migration } from '../host/ports.ts';

export const migrations: readonly Migration[] = [
  {
    name: '0001-ledger',
    statements: [
      `CREATE TABLE ledger_transfer (
        account TEXT NOT NULL,
        id TEXT NOT NULL,
        number INTEGER NOT NULL CHECK (number > 0),
        content TEXT NOT NULL,
        signature TEXT NOT NULL,
        PRIMARY KEY (account, id),
        UNIQUE (account, number)
      ) STRICT`,
      `CREATE TABLE ledger_output (
        position INTEGER NOT NULL PRIMARY KEY CHECK (position >= 0),
        transfer TEXT NOT NULL,
        payer TEXT NOT NULL,
        payee TEXT NOT NULL,
        ref TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount > 0),
        at INTEGER NOT NULL,
        leaf BLOB NOT NULL,
        FOREIGN KEY (payer, transfer) REFERENCES ledger_transfer (account, id)
      ) STRICT`,
      'CREATE INDEX ledger_output_transfer ON ledger_output (payer, transfer, position)',
      'CREATE INDEX ledger_output_payee ON ledger_output (payee, position)',
      'CREATE INDEX ledger_output_destination ON ledger_output (payee, ref, position)',
      `CREATE TABLE ledger_entry (
        position INTEGER NOT NULL REFERENCES ledger_output (position),
        side INTEGER NOT NULL CHECK (side IN (-1, 1)),
        account TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount * side > 0),
        PRIMARY KEY (position, side)
      ) STRICT`,
      // In the order of time: every partial sum is a balance that once was, so that none leaves 64 bits.
      'CREATE INDEX ledger_entry_account ON ledger_entry (account, position, side, amount)',
    ],
  },
];
