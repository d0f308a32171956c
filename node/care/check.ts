/*
 * A node's folder without starting it: what its roles would run with, or the first thing that is wrong. Called by
 * `ptg config check`, and by doctor.
 */
import { join } from 'node:path';
import { signingKey } from '../../core/crypto/keys.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { readKeyFile } from '../../host/files.ts';
import type { Entropy, RoleName } from '../../host/ports.ts';
import { readBitcoin, refuseRail } from '../bitcoin.ts';
import { keysOf } from '../init.ts';
import type { KeyName } from '../keys.ts';
import { openHome, type OpenedHome } from '../open.ts';
import type { NodeSpec } from '../spec.ts';

export interface CheckedNode {
  readonly home: string;
  readonly networkId: string;
  readonly roles: readonly RoleName[];
  readonly listen: string | null;
  readonly url: string | null;
  readonly authorities: readonly string[];
  readonly keys: readonly KeyName[];
  /** Of each role: a file, or that it is a PostgreSQL database; never its address, which may hold a password. */
  readonly databases: Readonly<Record<string, string>>;
  readonly payouts: 'auto' | 'manual' | null;
}

export const nodeRefusals = {
  'node-relay': {
    retry: false,
    text: 'a relay, guard or settlement needs a [relay] section',
    remedy: 'add one to ptg.toml, or make the node with ptg init',
  },
  'node-url': {
    retry: false,
    text: 'a relay needs the address under which others reach it',
    remedy: 'set url in ptg.toml',
  },
  'node-authority': {
    retry: false,
    text: 'a directory needs parameters, and its key in network.json',
    remedy: 'name both in ptg.toml, or found a network with ptg init directory DIR',
  },
  'node-ledger': {
    retry: false,
    text: 'network.json does not name the log key of this ledger',
    remedy: 'use the network.json that ptg init wrote, and the key beside it',
  },
} as const;
const refuse = refuser(nodeRefusals);

export async function checkNode(home: string, entropy: Entropy): Promise<Result<CheckedNode>> {
  const opened = await openHome(home, entropy);
  if (!opened.ok) return opened;
  const { spec, network } = opened.value;
  const missing = missingOf(home, spec);
  if (missing !== null) return missing;
  const bitcoin = readBitcoin(opened.value);
  if (!bitcoin.ok) return bitcoin;
  bitcoin.value?.rpc.close();
  if (network.ledger === null && spec.roles.includes('guard') && !bitcoin.value?.deposits && bitcoin.value?.spec.wallet !== 'hot')
    return refuseRail('node-rail', join(home, 'ptg.toml'));
  const seeds = await readKeys(home, spec);
  if (!seeds.ok) return seeds;
  const unknown = strangerTo(opened.value, seeds.value);
  if (unknown !== null) return unknown;
  const isOpen = spec.roles.some((role) => role !== 'client');
  return ok({
    home,
    networkId: network.networkId,
    roles: spec.roles,
    listen: isOpen ? `${spec.listen.host}:${spec.listen.port}` : null,
    url: spec.url ?? null,
    authorities: network.authorities.map((one) => `${one.name} ${one.url}`),
    keys: [...seeds.value.keys()],
    databases: Object.fromEntries(
      spec.roles.map((role) => [role, spec.databases[role] === undefined ? join(home, `${role}.sqlite`) : 'PostgreSQL']),
    ),
    payouts: spec.roles.includes('settlement') ? spec.settlement.payouts : null,
  });
}

/** Keys that the roles of a node are made with. A start would make anew what is missing, and be another relay. */
export function keyNamesOf(spec: NodeSpec): KeyName[] {
  return [...new Set(spec.roles.flatMap((role) => keysOf[role]))];
}

export function keyFile(home: string, name: KeyName): string {
  return join(home, 'keys', `${name}.key`);
}

function missingOf(home: string, spec: NodeSpec): Result<never> | null {
  const isRelay = spec.roles.some((role) => role === 'relay' || role === 'settlement' || role === 'guard');
  const file = join(home, 'ptg.toml');
  if (isRelay && spec.relay === undefined) return refuse('node-relay', file);
  if (spec.roles.includes('relay') && spec.url === undefined) return refuse('node-url', file);
  return spec.roles.includes('directory') && spec.parameters === undefined ? refuse('node-authority', file) : null;
}

async function readKeys(home: string, spec: NodeSpec): Promise<Result<Map<KeyName, Uint8Array>>> {
  const seeds = new Map<KeyName, Uint8Array>();
  for (const name of keyNamesOf(spec)) {
    const seed = await readKeyFile(keyFile(home, name));
    if (!seed.ok) return seed;
    seeds.set(name, seed.value);
  }
  return ok(seeds);
}

/** Whether network.json knows an authority and a ledger by these keys. */
function strangerTo({ home, spec, network }: OpenedHome, seeds: ReadonlyMap<KeyName, Uint8Array>): Result<never> | null {
  const publicOf = (name: KeyName): string | null => {
    const seed = seeds.get(name);
    return seed === undefined ? null : signingKey(seed).publicKey;
  };
  const file = join(home, spec.network);
  const isAuthority = network.authorities.some((one) => one.key === publicOf('authority'));
  if (spec.roles.includes('directory') && !isAuthority) return refuse('node-authority', file);
  return spec.roles.includes('ledger') && network.ledger?.logKey !== publicOf('log') ? refuse('node-ledger', file) : null;
}
