/*
 * The tables of the Bitcoin rail within a role's database. Several roles may share one, so that the first to come makes them; rows
 * belong to a wallet. Taken up by the migrations of every role that receives.
 */
export const bitcoinAddressTables: readonly string[] = [
  // Every index that was given out, or paid to without that: none is ever given out again. `name` is null for the latter.
  `CREATE TABLE IF NOT EXISTS bitcoin_address (
    wallet TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    name TEXT,
    address TEXT NOT NULL,
    given INTEGER NOT NULL,
    used INTEGER NOT NULL CHECK (used IN (0, 1)),
    PRIMARY KEY (wallet, position),
    UNIQUE (wallet, name)
  ) STRICT`,
  // Of two that give out at once, one waits here and begins again: to insert the same index would be an error instead.
  `CREATE TABLE IF NOT EXISTS bitcoin_turn (
    wallet TEXT NOT NULL PRIMARY KEY,
    turns INTEGER NOT NULL
  ) STRICT`,
  // Restores from a backup after which the chain was read to its end, and what may have been given out meanwhile left out.
  `CREATE TABLE IF NOT EXISTS bitcoin_restore (
    wallet TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (wallet, name)
  ) STRICT`,
];
