/*
 * A new node's folder: roles, folder and network file in; keys, a commented ptg.toml, network.json, lines for torrc and a systemd
 * unit written, out. Founds a network where a directory is made without one. Called by `ptg init` and `ptg account new`.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { signingKey } from '../core/crypto/keys.ts';
import { ok, refuser, type Result } from '../core/refusal.ts';
import { network as networkShape, type Network } from '../core/wire/network.ts';
import { defaultParameters, type Parameters } from '../core/wire/parameters.ts';
import { writeFileAtomically } from '../host/files.ts';
import type { Entropy, RoleName } from '../host/ports.ts';
import { checkTorrc, type TorrcFinding } from '../tor/torrc/check.ts';
import type { BitcoinNetwork } from '../core/wire/bitcoin.ts';
import { readBitcoin } from './bitcoin.ts';
import { BITCOIN_PRICES, rulesOf, sectionOf, type BitcoinInit } from './init-bitcoin.ts';
import { readTorrcFiles, torrcLines } from './init-tor.ts';
import { keysIn, type KeyName } from './keys.ts';
import { readJson } from './open.ts';
import { nodeSpec, type BitcoinSpec } from './spec.ts';
import { specText } from './write.ts';

export interface InitOptions {
  readonly roles: readonly RoleName[];
  readonly home: string;
  /** network.json of an existing network; null to found one. */
  readonly network: string | null;
  readonly nickname: string;
  /** The address under which others will reach it: http://host:port. */
  readonly url: string;
  readonly exit: boolean;
  /** Bytes a second, by its own word. */
  readonly bandwidth?: number;
  /** Of a founder: intervals of minutes instead of days, for trying. */
  readonly trial?: boolean;
  /** Where it is to pay, be paid or found a network in Bitcoin. */
  readonly bitcoin?: BitcoinInit;
  /** Of a relay: the torrc files of the tor beside it, in tor's order. They are looked at, and left as they are. */
  readonly torrc?: readonly string[];
  /** With which its service starts `ptg`. */
  readonly command?: string;
  readonly entropy: Entropy;
  readonly now: number;
}

export interface Initialised {
  readonly home: string;
  /** The relay's id, where it has one; the subscriber's account, where it has one. */
  readonly id: string | null;
  readonly account: string | null;
  /** Whether it is the first of its network. */
  readonly founded: boolean;
  readonly files: readonly string[];
  /** What is missing in the torrc, or in the way; null where none was named. */
  readonly torrc: readonly TorrcFinding[] | null;
}

export const initRefusals = {
  'init-exists': { retry: false, text: 'there is a node in this folder already', remedy: 'choose another folder' },
  'init-network': {
    retry: false,
    text: 'a node needs the network.json of its network',
    remedy: 'name it with --network; only a directory founds one',
  },
} as const;
const refuse = refuser(initRefusals);

export const keysOf: Readonly<Record<RoleName, readonly KeyName[]>> = {
  ledger: ['log', 'mint'],
  directory: ['authority'],
  relay: ['identity', 'iou', 'relay-sealing'],
  settlement: ['settlement', 'settlement-sealing', 'wallet', 'references'],
  guard: ['guard', 'guard-sealing'],
  client: ['account'],
};

export async function initNode(options: InitOptions): Promise<Result<Initialised>> {
  const { home, roles, entropy } = options;
  const existing = refuseExisting(home);
  if (existing !== null) return existing;
  const founds = options.network === null && roles.includes('directory');
  if (options.network === null && !founds) return refuse('init-network', home);
  const given = options.network === null ? null : await readJson(options.network, networkShape);
  if (given !== null && !given.ok) return given;
  const bitcoin = bitcoinOf(options, given?.value ?? null);
  if (!bitcoin.ok) return bitcoin;
  const { rules, section } = bitcoin.value;
  const torrc = await readTorrcFiles(options.torrc ?? []);
  if (!torrc.ok) return torrc;
  const spec = nodeSpec.parse({ ...specOf(options, founds), ...(section === undefined ? {} : { bitcoin: section }) });
  await mkdir(home, { recursive: true, mode: 0o700 });
  const keys = keysIn(join(home, 'keys'), entropy);
  const names = new Set(roles.flatMap((role) => keysOf[role]));
  for (const name of names) await keys(name);
  const publicKey = async (name: KeyName) => signingKey(await keys(name)).publicKey;

  const network = given?.value ?? { ...(await found(options, publicKey)), ...(rules === null ? {} : { bitcoin: rules }) };
  const files: [string, string][] = [
    ['network.json', jsonText(network)],
    ['ptg.toml', specText(spec)],
    ...(onlyClient(roles) ? [] : [['ptg.service', unitText(options)] as [string, string]]),
  ];
  if (founds) files.push(['parameters.json', jsonText(parametersOf(options))]);
  if (roles.includes('relay'))
    files.push(['torrc.lines', torrcLines(await publicKey('identity'), { command: COMMAND, ...options })]);
  for (const [name, text] of files) await writeFileAtomically(join(home, name), text);
  return ok({
    home,
    id: names.has('identity') ? await publicKey('identity') : null,
    account: names.has('account') ? await publicKey('account') : null,
    founded: founds,
    files: files.map(([name]) => name),
    torrc: torrc.value === null || !names.has('identity') ? null : checkTorrc(torrc.value, await publicKey('identity')),
  });
}

/** Before anything is written: what a founded network says of Bitcoin, and this node's own section. Accounts are read as at a start. */
function bitcoinOf(
  { bitcoin, roles, home, now }: InitOptions,
  joined: Network | null,
): Result<{ readonly rules: BitcoinNetwork | null; readonly section: Partial<BitcoinSpec> | undefined }> {
  if (bitcoin === undefined) return ok({ rules: null, section: undefined });
  const rules = joined === null ? rulesOf(bitcoin) : ok(joined.bitcoin ?? null);
  if (!rules.ok) return rules;
  const ledger = joined?.ledger ?? null;
  const network = { networkId: 'new', authorities: [], ledger, ...(rules.value === null ? {} : { bitcoin: rules.value }) };
  const section = sectionOf(bitcoin, roles, network, now);
  if (!section.ok) return section;
  const read =
    section.value === undefined
      ? ok(null)
      : readBitcoin({ spec: nodeSpec.parse({ roles, bitcoin: section.value }), network, home });
  if (!read.ok) return read;
  read.value?.rpc.close();
  return ok({ rules: rules.value, section: section.value });
}

/** A node is never made where one is. */
export function refuseExisting(home: string): Result<never> | null {
  return existsSync(join(home, 'ptg.toml')) ? refuse('init-exists', home) : null;
}

async function found(options: InitOptions, publicKey: (name: KeyName) => Promise<string>): Promise<Network> {
  const hasLedger = options.roles.includes('ledger');
  const name = Buffer.from(options.entropy.bytes(4)).toString('hex');
  return {
    networkId: `ptg-${name}`,
    authorities: [{ name: options.nickname, key: await publicKey('authority'), url: options.url }],
    ledger: hasLedger ? { url: options.url, logKey: await publicKey('log'), mintKey: await publicKey('mint') } : null,
  };
}

/** Design §7; the price is the founder's to change before anybody joins. */
function parametersOf({ now, trial = false, roles, bitcoin }: InitOptions): Parameters {
  const given = trial ? { ...defaultParameters, ...trialPace } : defaultParameters;
  const genesis = trial ? now + 60 : Math.ceil(now / DAY) * DAY;
  const ledger = { ledger: { price: 1_000_000n, quantum: 1000n, dust: 1000n } };
  const rails = bitcoin === undefined ? ledger : { ...(roles.includes('ledger') ? ledger : {}), bitcoin: BITCOIN_PRICES };
  return { ...given, genesis, rails };
}

const DAY = 86_400;
/** Between the local network's and a real one's. */
const trialPace = {
  consensusSec: 10,
  intervalSec: 600,
  skewSec: 10,
  graceSec: 20,
  bstOffsetSec: 60,
  paymentWindowSec: 120,
  contestWindowSec: 60,
  answerWindowSec: 30,
  appealWindowSec: 120,
  withdrawWindowSec: 120,
  iouTickSec: 5,
  flags: { ...defaultParameters.flags, runningSec: 45, uptimeHalfLifeSec: 600 },
};

function specOf(options: InitOptions, founds: boolean) {
  const { roles, nickname, url, exit, bandwidth = 1_000_000 } = options;
  const isRelay = roles.some((role) => role === 'relay' || role === 'settlement' || role === 'guard');
  return {
    roles,
    ...(onlyClient(roles) ? {} : { listen: listenFor(new URL(url)), url }),
    ...(isRelay ? { relay: { nickname, exit, guard: roles.includes('guard'), bandwidth } } : {}),
    ...(founds ? { parameters: 'parameters.json' } : {}),
  };
}

/** Where nobody says what starts it. */
const COMMAND = '/usr/bin/env ptg';

function onlyClient(roles: readonly RoleName[]): boolean {
  return roles.every((role) => role === 'client');
}

/** On all of the machine's addresses where others come to it directly; behind Tor or a proxy on its own alone. */
function listenFor({ protocol, hostname, port }: URL): { host: string; port: number } {
  const isBehind = protocol === 'https:' || hostname.endsWith('.onion') || /^(localhost|127\.)/.test(hostname);
  const open = hostname.startsWith('[') ? '::' : '0.0.0.0';
  return { host: isBehind ? '127.0.0.1' : open, port: Number(port || (protocol === 'https:' ? '7300' : '80')) };
}

function unitText({ home, nickname, command = COMMAND }: InitOptions): string {
  return `[Unit]
Description=Paying the Guard: ${nickname}
After=network-online.target tor.service

[Service]
ExecStart=${command} run --home ${home}
Restart=on-failure
# The owner of the folder; a user of its own is best.
# User=ptg
# Beside Debian's tor: by this group the node reads tor's cookie and reaches its socket.
# SupplementaryGroups=debian-tor
ProtectSystem=strict
ReadWritePaths=${home}
NoNewPrivileges=true
PrivateTmp=true

[Install]
WantedBy=multi-user.target
`;
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner), 2)}\n`;
}
