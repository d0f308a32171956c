/*
 * The tables of the paying wallet, in the database of the role that pays. Taken up by the migrations of settlement, each array by one.
 */
export const bitcoinWalletTables: readonly string[] = [
  // `open` until one of its transactions is as deep as the network asks.
  `CREATE TABLE bitcoin_batch (
        id TEXT NOT NULL PRIMARY KEY,
        state TEXT NOT NULL CHECK (state IN ('open', 'final')),
        change_index INTEGER NOT NULL UNIQUE
      ) STRICT`,
  // The first, and those that replace it: each spends what the one before spends, so that one of them confirms.
  `CREATE TABLE bitcoin_transaction (
        batch TEXT NOT NULL REFERENCES bitcoin_batch (id),
        number INTEGER NOT NULL,
        txid TEXT NOT NULL UNIQUE,
        psbt TEXT NOT NULL,
        raw TEXT,
        fee INTEGER NOT NULL CHECK (fee >= 0),
        vsize INTEGER NOT NULL CHECK (vsize > 0),
        made_height INTEGER NOT NULL,
        PRIMARY KEY (batch, number)
      ) STRICT`,
  `CREATE TABLE bitcoin_input (
        txid TEXT NOT NULL,
        vout INTEGER NOT NULL,
        batch TEXT NOT NULL REFERENCES bitcoin_batch (id),
        amount INTEGER NOT NULL CHECK (amount > 0),
        PRIMARY KEY (txid, vout)
      ) STRICT`,
  'CREATE INDEX bitcoin_input_batch ON bitcoin_input (batch)',
];

/** Which of its transactions was final: that one is sent again where its blocks are undone. */
export const bitcoinUndoneTables: readonly string[] = ['ALTER TABLE bitcoin_batch ADD COLUMN final_txid TEXT'];

export const bitcoinVoidTables: readonly string[] = [
  // Handed out to be signed, and given up: it may be signed and sent all the same.
  `CREATE TABLE bitcoin_void (
        txid TEXT NOT NULL PRIMARY KEY,
        psbt TEXT NOT NULL
      ) STRICT`,
];
