/*
 * The tables of settlement. Money is INTEGER and read as text; objects are kept as their canonical JSON. Opened by node with this
 * role's database.
 */
import type { Migration } from '../host/ports.ts';
import { bitcoinAddressTables } from '../rail/bitcoin/tables.ts';
import { bitcoinUndoneTables, bitcoinVoidTables, bitcoinWalletTables } from '../rail/bitcoin/wallet/tables.ts';

export const migrations: readonly Migration[] = [
  {
    name: '001-settlement',
    statements: [
      `CREATE TABLE period (
        interval INTEGER NOT NULL PRIMARY KEY,
        stage INTEGER NOT NULL CHECK (stage >= 0)
      ) STRICT`,
      `CREATE TABLE pair (
        interval INTEGER NOT NULL,
        peer TEXT NOT NULL,
        id TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        side TEXT,
        held TEXT,
        issued TEXT,
        mine TEXT,
        theirs TEXT,
        rail TEXT,
        amount INTEGER NOT NULL CHECK (amount >= 0),
        carry_in INTEGER NOT NULL,
        carry_in_since INTEGER NOT NULL,
        carry_out INTEGER NOT NULL,
        carry_out_since INTEGER NOT NULL,
        forgiven INTEGER NOT NULL CHECK (forgiven >= 0),
        held_value INTEGER NOT NULL CHECK (held_value >= 0),
        issued_value INTEGER NOT NULL CHECK (issued_value >= 0),
        settlement TEXT,
        countersignature TEXT,
        destination TEXT,
        fallback INTEGER NOT NULL CHECK (fallback IN (0, 1)),
        approved INTEGER NOT NULL CHECK (approved IN (0, 1)),
        recall INTEGER NOT NULL CHECK (recall IN (0, 1)),
        payment TEXT,
        paid_at INTEGER,
        paid INTEGER NOT NULL CHECK (paid >= 0),
        received INTEGER NOT NULL CHECK (received >= 0),
        fee INTEGER NOT NULL CHECK (fee >= 0),
        receipt TEXT,
        PRIMARY KEY (interval, peer)
      ) STRICT`,
      'CREATE INDEX pair_state ON pair (state)',
      'CREATE INDEX pair_destination ON pair (destination)',
      `CREATE TABLE carry (
        peer TEXT NOT NULL,
        rail TEXT NOT NULL,
        interval INTEGER NOT NULL,
        amount INTEGER NOT NULL,
        since INTEGER NOT NULL,
        PRIMARY KEY (peer, rail)
      ) STRICT`,
      `CREATE TABLE batch (
        id TEXT NOT NULL PRIMARY KEY,
        rail TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('intent', 'paid', 'void')),
        fence INTEGER NOT NULL,
        made_at INTEGER NOT NULL,
        fee INTEGER NOT NULL CHECK (fee >= 0)
      ) STRICT`,
      'CREATE INDEX batch_state ON batch (state)',
      `CREATE TABLE batch_output (
        batch TEXT NOT NULL REFERENCES batch (id),
        place INTEGER NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('settlement', 'order')),
        name TEXT NOT NULL,
        destination TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount > 0),
        PRIMARY KEY (batch, place)
      ) STRICT`,
      'CREATE INDEX batch_output_name ON batch_output (name)',
      `CREATE TABLE transfer_order (
        id TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('withdrawal', 'send')),
        rail TEXT NOT NULL,
        destination TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount > 0),
        state TEXT NOT NULL CHECK (state IN ('accepted', 'sent', 'paid')),
        payment TEXT,
        fee INTEGER NOT NULL CHECK (fee >= 0),
        asked_at INTEGER NOT NULL
      ) STRICT`,
      'CREATE INDEX transfer_order_state ON transfer_order (state)',
      `CREATE TABLE income (
        rail TEXT NOT NULL,
        payment TEXT NOT NULL,
        destination TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount >= 0),
        received_at INTEGER NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('opening', 'settlement', 'other')),
        name TEXT,
        PRIMARY KEY (rail, payment)
      ) STRICT`,
      `CREATE TABLE wallet_start (
        rail TEXT NOT NULL PRIMARY KEY,
        position TEXT NOT NULL,
        opening INTEGER,
        opened_at INTEGER
      ) STRICT`,
      `CREATE TABLE lease (
        name TEXT NOT NULL PRIMARY KEY,
        holder TEXT NOT NULL,
        fence INTEGER NOT NULL,
        expires INTEGER NOT NULL
      ) STRICT`,
      `CREATE TABLE recovery (
        only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
        last_interval INTEGER NOT NULL
      ) STRICT`,
    ],
  },
  {
    name: '002-restore',
    statements: ['ALTER TABLE recovery ADD COLUMN restore TEXT'],
  },
  {
    name: '003-contest',
    statements: [
      `CREATE TABLE contest_case (
        id TEXT NOT NULL PRIMARY KEY,
        interval INTEGER NOT NULL,
        peer TEXT NOT NULL,
        part TEXT NOT NULL CHECK (part IN ('contestant', 'accused')),
        state TEXT NOT NULL,
        rail TEXT,
        amount INTEGER NOT NULL CHECK (amount >= 0),
        signed TEXT,
        code TEXT,
        plea TEXT NOT NULL CHECK (plea IN ('none', 'sent', 'over')),
        shown TEXT NOT NULL,
        until_second INTEGER
      ) STRICT`,
      'CREATE INDEX contest_case_state ON contest_case (state)',
    ],
  },
  { name: '004-bitcoin-wallet', statements: bitcoinWalletTables },
  { name: '005-bitcoin-addresses', statements: bitcoinAddressTables },
  {
    name: '006-undone',
    statements: [
      // Null on a rail that takes nothing back.
      'ALTER TABLE income ADD COLUMN height INTEGER',
      'ALTER TABLE income ADD COLUMN undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1))',
      'ALTER TABLE income ADD COLUMN deposits INTEGER NOT NULL DEFAULT 0 CHECK (deposits IN (0, 1))',
      'CREATE INDEX income_height ON income (rail, height)',
    ],
  },
  { name: '007-bitcoin-undone', statements: bitcoinUndoneTables },
  { name: '008-bitcoin-void', statements: bitcoinVoidTables },
  {
    name: '009-sweep',
    statements: [
      `CREATE TABLE sweep (
        id TEXT NOT NULL PRIMARY KEY REFERENCES transfer_order (id),
        rail TEXT NOT NULL,
        number INTEGER NOT NULL,
        UNIQUE (rail, number)
      ) STRICT`,
    ],
  },
];
