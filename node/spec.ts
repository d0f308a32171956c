/*
 * What one operator's node runs: ptg.toml, checked. Written by `ptg init` and, for the nodes of a local network, by lab; read by
 * node/start.
 */
import { z } from 'zod';
import { hex16, hex20, hex32, hostPort, nickname, url } from '../core/wire/field.ts';
import { HOPS_MAX } from '../core/limits.ts';
import { placeOf } from '../host/dial.ts';
import type { RoleName } from '../host/ports.ts';
import { tcpAddressOf } from '../host/tcp.ts';

const port = z.int().min(0).max(65_535);

const relaySpec = z.strictObject({
  nickname,
  /** Whether the tor beside it lets traffic leave Tor, and whether the relay wants the Guard flag. */
  exit: z.boolean(),
  guard: z.boolean(),
  /** Bytes a second. */
  bandwidth: z.int().min(0),
  /** Ids of the operator's other relays. */
  family: z.array(hex32).default([]),
  fingerprint: hex20.optional(),
});

const bitcoinSpec = z.strictObject({
  /** The RPC of the operator's own bitcoind. */
  url: url.default('http://127.0.0.1:8332'),
  /** bitcoind's own cookie file, or one that holds user:password; from this file's folder. */
  cookie: z.string().min(1),
  /** Of a guard: the account into which its subscribers pay, as xpub or descriptor. No other program gives out its addresses. */
  deposits: z.string().min(1).optional(),
  /** Of a settlement that signs elsewhere: the account in which it is paid and from which it pays, another than `deposits`. */
  account: z.string().min(1).optional(),
  /** Of a settlement: whether the node signs what it pays, with keys from its own; without it, it is not paid in Bitcoin. */
  wallet: z.enum(['hot', 'external']).optional(),
  /** Seconds since 1970: nothing was paid to the wallet before. bitcoind reads the chain from there on when it first hears of it. */
  birthday: z.int().min(0).default(0),
  /** Blocks within which a payment should be confirmed. */
  feeTargetBlocks: z.int().min(1).max(1008).default(6),
  /** Satoshi a virtual byte: where bitcoind has no estimate; and the most that is ever paid. */
  feerateFallback: z.int().min(1).default(5),
  feerateMax: z.int().min(1).max(5000).default(200),
  /** Blocks after which a payment that is in none is replaced by one that pays more. */
  replaceAfterBlocks: z.int().min(1).default(6),
  /** Satoshi that stay in the wallet beyond all that is due; what is above goes to `sweepTo`. Both, or neither. */
  sweepAbove: z.int().min(0).optional(),
  /** An address; or an account of another wallet, as xpub or descriptor: a new address of it each time. */
  sweepTo: z.string().min(1).optional(),
  /** Blocks before a deposit counts; the network's where it is left out. */
  confirmations: z.int().min(1).max(1000).optional(),
  /** Addresses in a row that are given out and not paid to. */
  gapLimit: z.int().min(1).max(100_000).default(1000),
});
export type BitcoinSpec = z.infer<typeof bitcoinSpec>;

/** Port 0 for any that is free. */
const listenAt = z.string().refine((text) => tcpAddressOf(text) !== null, 'host:port');
const controlAt = z.string().refine((text) => placeOf(text) !== null, 'host:port, or unix:/path');

/** An authority of Tor that a directory reaches. */
const authoritySpec = z.strictObject({
  control: controlAt,
  cookieFile: z.string().min(1).optional(),
  passwordFile: z.string().min(1).optional(),
  approvedRouters: z.string().min(1),
});

/** The tor beside the relay, or beside the directory. */
const torSpec = z.strictObject({
  /** Its control port: host:port, or unix:/path. */
  control: controlAt,
  /** Where its cookie is, if not where it says; a file with its password. From this file's folder. */
  cookieFile: z.string().min(1).optional(),
  passwordFile: z.string().min(1).optional(),
  /** circuits: each paid circuit is billed, which takes a testing network. links: watch mode, nothing is billed. */
  meter: z.enum(['circuits', 'links']).default('links'),
  /** Seconds between two looks at its channels. */
  lookSec: z.int().min(1).max(60).default(30),
  /** Of a directory whose tor is an authority of Tor: the file in tor's DataDirectory in which it marks relays as MiddleOnly. */
  approvedRouters: z.string().min(1).optional(),
  /** Further authorities of Tor in which it does: Tor takes a flag away when most of its authorities say so. */
  authorities: z.array(authoritySpec).max(16).default([]),
});
export type TorSpec = z.infer<typeof torSpec>;

/** The guard's end of the paidguard transport. */
const transportSpec = z
  .strictObject({
    /** Where subscribers come in. */
    listen: listenAt,
    /** Where they reach it, if that is not `listen`: the descriptor says so. */
    address: hostPort.optional(),
    /** The door to the tor beside: its ORPort, with nothing changed in its torrc; or its Extended ORPort and the cookie of that. */
    orPort: hostPort.optional(),
    extOrPort: hostPort.optional(),
    extOrCookieFile: z.string().min(1).optional(),
    /** Bytes that a subscriber may have used and not signed; at ten megabytes a second it has to sign within three. */
    unsignedBytesMax: z.int().min(0).default(33_554_432),
  })
  .refine((one) => (one.orPort === undefined) !== (one.extOrPort === undefined), 'one of orPort and extOrPort')
  .refine((one) => (one.extOrPort === undefined) === (one.extOrCookieFile === undefined), 'extOrPort needs extOrCookieFile')
  .refine((one) => one.address !== undefined || !/^(0\.0\.0\.0|\[::\]):/.test(one.listen), 'address: where others reach it');
export type TransportSpec = z.infer<typeof transportSpec>;

/** The client's end, and the user's own tor: what `ptg connect` runs. */
export const connectSpec = z.strictObject({
  /** Where that tor finds the transport. */
  transport: listenAt.default('127.0.0.1:9260'),
  /** Its control port. */
  control: controlAt.default('127.0.0.1:9261'),
  cookieFile: z.string().min(1).optional(),
  passwordFile: z.string().min(1).optional(),
  /** Where programs find it: its SocksPort. */
  proxy: hostPort.default('127.0.0.1:9250'),
  /** A file with lines for its torrc, from this file's folder. */
  include: z.string().min(1).optional(),
  /** Of the circuits that it builds. */
  hops: z.int().min(1).max(HOPS_MAX).default(3),
  leavesTor: z.boolean().default(true),
});
export type ConnectSpec = z.infer<typeof connectSpec>;

export const nodeSpec = z.strictObject({
  roles: z.array(z.enum(['ledger', 'directory', 'relay', 'settlement', 'guard', 'client'])).min(1),
  /** Where the public endpoints listen, and the address under which others reach them. */
  listen: z.strictObject({ host: z.string().min(1).default('127.0.0.1'), port }).default({ host: '127.0.0.1', port: 0 }),
  url: url.optional(),
  /** network.json, from this file's folder. */
  network: z.string().min(1).default('network.json'),
  relay: relaySpec.optional(),
  tor: torSpec.optional(),
  transport: transportSpec.optional(),
  connect: connectSpec.optional(),
  settlement: z
    .strictObject({
      payouts: z.enum(['auto', 'manual']),
      /** Whether who does not pay is contested at once, or the operator is asked. */
      contests: z.enum(['auto', 'ask']).default('auto'),
      /** Set after a restore from a backup: counterparts are asked what they hold before anything is paid. */
      restored: z.boolean().default(false),
      /** Which restore: written by `ptg restore`, so that they are asked once for each. Without it: at each start. */
      restore: hex16.optional(),
    })
    .default({ payouts: 'auto', contests: 'auto', restored: false }),
  guard: z
    .strictObject({
      confirmations: z.int().min(1).default(1),
      /** The account is low when less than this many thousandths of its newest deposit are left. */
      lowBalanceThousandths: z.int().min(0).max(1000).default(100),
      subscribersMax: z.int().min(1).default(100_000),
      /** The ledger account where deposits land, where the wallet's key is not on this machine. */
      account: hex32.optional(),
    })
    .default({ confirmations: 1, lowBalanceThousandths: 100, subscribersMax: 100_000 }),
  /** Where the node takes or pays Bitcoin. */
  bitcoin: bitcoinSpec.optional(),
  /** For `ptg earnings --csv`: what a coin is worth, by one rate and its day, or by a file of lines `time,rate`. */
  fiat: z
    .strictObject({
      currency: z.string().regex(/^[A-Z]{3}$/, 'three capital letters'),
      /** Of the currency's smallest unit. */
      decimals: z.int().min(0).max(8).default(2),
      rail: z.string().default('bitcoin'),
      rate: z
        .string()
        .regex(/^\d{1,18}(\.\d{1,18})?$/, 'a decimal number in quotes')
        .optional(),
      at: z
        .string()
        .regex(/^\d{4}-\d{2}-\d{2}$/, 'the rate’s day')
        .optional(),
      /** From this file's folder. */
      rates: z.string().min(1).optional(),
    })
    .refine((one) => (one.rates === undefined ? one.rate !== undefined && one.at !== undefined : one.rate === undefined), {
      message: 'either rate and at, or rates',
    })
    .optional(),
  /** PostgreSQL addresses of roles that do not use a file of their own. */
  databases: z.partialRecord(z.enum(['ledger', 'directory', 'relay', 'settlement', 'guard', 'client']), z.string()).default({}),
  /** Of a directory: the parameters of the network that it founds. */
  parameters: z.string().optional(),
  log: z.enum(['text', 'json', 'silent']).default('text'),
});
export type NodeSpec = z.infer<typeof nodeSpec>;

/** The restore since which the folder's books run: written by `ptg restore`. Null where they were never restored. */
export function restoreOf({ settlement }: NodeSpec): string | null {
  return settlement.restored ? (settlement.restore ?? 'restored') : null;
}

export function runs(spec: NodeSpec, role: RoleName): boolean {
  return spec.roles.includes(role);
}
