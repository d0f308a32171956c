/*
 * The relay's tables: totals a link, evidence, outcomes, its last descriptor. No row names a circuit, or two neighbours
 * together (design §6.14).
 */
import type { Migration } from '../host/ports.ts';

export const migrations: readonly Migration[] = [
  {
    name: '0001-relay',
    statements: [
      // One row a link, interval and direction, however long the traffic.
      `CREATE TABLE iou (
        direction TEXT NOT NULL CHECK (direction IN ('held', 'issued')),
        interval_number INTEGER NOT NULL,
        peer TEXT NOT NULL,
        serial INTEGER NOT NULL CHECK (serial > 0),
        relay_bytes INTEGER NOT NULL CHECK (relay_bytes >= 0),
        exit_bytes INTEGER NOT NULL CHECK (exit_bytes >= 0),
        signed TEXT NOT NULL,
        PRIMARY KEY (direction, interval_number, peer)
      ) STRICT`,
      `CREATE TABLE iou_evidence (
        id TEXT NOT NULL PRIMARY KEY,
        interval_number INTEGER NOT NULL,
        peer TEXT NOT NULL,
        held TEXT NOT NULL,
        offered TEXT NOT NULL,
        taken_at INTEGER NOT NULL
      ) STRICT`,
      `CREATE TABLE pair_outcome (
        peer TEXT NOT NULL,
        interval_number INTEGER NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('paid', 'late', 'unpaid')),
        rail TEXT NOT NULL,
        received INTEGER NOT NULL CHECK (received >= 0),
        received_bytes INTEGER NOT NULL CHECK (received_bytes >= 0),
        PRIMARY KEY (peer, interval_number)
      ) STRICT`,
      `CREATE TABLE own_descriptor (
        relay TEXT NOT NULL PRIMARY KEY,
        template TEXT NOT NULL,
        signed TEXT NOT NULL
      ) STRICT`,
    ],
  },
  {
    name: '0002-void',
    statements: [
      // A contested pair: its IOUs of that interval count for nothing, whatever serial is still to come.
      `CREATE TABLE iou_void (
        interval_number INTEGER NOT NULL,
        peer TEXT NOT NULL,
        PRIMARY KEY (interval_number, peer)
      ) STRICT`,
    ],
  },
  {
    name: '0003-iou-by-peer',
    statements: [
      // A delivery asks for all that its issuer owes; without it every row of all others was looked at.
      'CREATE INDEX iou_by_peer ON iou (peer, direction)',
    ],
  },
  {
    name: '0004-own-subscribers',
    statements: [
      // What was certified onward for all own subscribers together, over all links.
      `CREATE TABLE iou_own (
        interval_number INTEGER NOT NULL PRIMARY KEY,
        bytes INTEGER NOT NULL CHECK (bytes >= 0)
      ) STRICT`,
    ],
  },
];
