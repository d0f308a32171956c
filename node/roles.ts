/*
 * How each role is composed from a node's specification: its keys, its rails, its database. Called by node/start.
 */
import { signingKey } from '../core/crypto/keys.ts';
import { invariant } from '../core/refusal.ts';
import type { Descriptor } from '../core/wire/descriptor.ts';
import * as client from '../client/main.ts';
import * as directory from '../directory/main.ts';
import * as guard from '../guard/main.ts';
import { refusalLines } from '../host/config.ts';
import type { Migration, Ports, Role, RoleName } from '../host/ports.ts';
import { sealingKeyFromSeed } from '../host/seal.ts';
import * as ledger from '../ledger/main.ts';
import { bitcoinReceiving } from '../rail/bitcoin/receiving.ts';
import { ledgerReceiving } from '../rail/ledger/receiving.ts';
import type { Receiving } from '../rail/rail.ts';
import type { DirectoryTor } from '../tor/authority/directory-tor.ts';
import { openRails, railRules } from '../rail/rails.ts';
import * as relay from '../relay/main.ts';
import { migrations as relayMigrations } from '../relay/migrations.ts';
import * as settlement from '../settlement/main.ts';
import { refuseRail, type OwnBitcoin } from './bitcoin.ts';
import { keysFrom } from './keys.ts';
import type { NodeOptions } from './start.ts';
import { restoreOf, runs } from './spec.ts';
import type { SilentTraffic } from './silent.ts';
import { depositsOf, fallbacksOf, ledgerWalletOf, walletsOf } from './wallets.ts';

export interface Parts extends NodeOptions {
  /** Hex of the relay's identity, where the node runs a relay. */
  readonly id: string | null;
  /** Where the guard's end of the transport takes clients, if it does. */
  readonly paidguard?: string;
  readonly silent: SilentTraffic;
  /** Its own bitcoind, where it has one. */
  readonly bitcoin: OwnBitcoin | null;
  /** The tor beside its directory, where it has one. */
  readonly directoryTor: DirectoryTor | null;
  ports(role: RoleName, migrations: readonly Migration[]): Promise<Ports>;
}

/** Rotation adds a second set to the descriptor; the first is number 1. */
const KEY_NUMBER = 1;

export function startRole(name: RoleName, parts: Parts): Promise<Role> {
  return starters[name](parts);
}

const starters: Readonly<Record<RoleName, (parts: Parts) => Promise<Role>>> = {
  async ledger(parts) {
    const known = parts.network.ledger;
    invariant(known !== null, 'network.json of a ledger names its keys');
    const config = { networkId: parts.network.networkId, logSeed: await parts.keys('log'), mintKey: known.mintKey };
    return ledger.start(await parts.ports('ledger', ledger.migrations), config);
  },
  async directory(parts) {
    const { network, parameters } = parts;
    const authoritySeed = await parts.keys('authority');
    const own = network.authorities.find((one) => one.key === signingKey(authoritySeed).publicKey);
    if (own === undefined || parameters === undefined) throw new Error(notAnAuthority(parts));
    const ports = await parts.ports('directory', directory.migrations);
    const rails = railRules(openRails({ http: ports.http, network }));
    return directory.start({ ...ports, rails, tor: parts.directoryTor }, { network, name: own.name, authoritySeed, parameters });
  },
  async relay(parts) {
    const { id, nickname } = identityOf(parts);
    const keys = [{ number: KEY_NUMBER, iouSeed: await parts.keys('iou'), sealingSeed: await parts.keys('relay-sealing') }];
    const ports = { ...(await parts.ports('relay', relayMigrations)), meter: parts.meter ?? parts.silent.meter };
    const identitySeed = await parts.keys('identity');
    const hasGuard = runs(parts.spec, 'guard');
    return relay.start(ports, { id, nickname, keys, descriptor: await describe(parts, ports.http), identitySeed, hasGuard });
  },
  async settlement(parts) {
    const keys = [
      { number: KEY_NUMBER, seed: await parts.keys('settlement'), sealingSeed: await parts.keys('settlement-sealing') },
    ];
    const ports = await parts.ports('settlement', settlement.migrations);
    const rails = await walletsOf({ ...parts, hasGuard: runs(parts.spec, 'guard') }, ports, restoreOf(parts.spec));
    return settlement.start({ ...ports, rails }, { ...identityOf(parts), keys, ...parts.spec.settlement });
  },
  async guard(parts) {
    const keys = [{ number: KEY_NUMBER, seed: await parts.keys('guard'), sealingSeed: await parts.keys('guard-sealing') }];
    const ports = await parts.ports('guard', guard.migrations);
    const { confirmations, account: elsewhere, ...rules } = parts.spec.guard;
    const receiving = [...(await ledgerDeposits(parts, ports, elsewhere)), ...(await bitcoinDeposits(parts, ports))];
    if (receiving.length === 0) throw new Error(refusalLines(refuseRail('node-rail', 'ptg.toml').refusal));
    const readers = openRails({ http: ports.http, network: parts.network }, parts.bitcoin?.rpc ?? null);
    const transport = parts.guardTransport ?? parts.silent.guardTransport;
    const bitcoin = parts.bitcoin?.spec.confirmations ?? parts.network.bitcoin?.confirmations ?? 1;
    const unsigned = parts.paidguard === undefined ? undefined : parts.spec.transport?.unsignedBytesMax;
    const limits = unsigned === undefined ? {} : { unsignedBytesMax: BigInt(unsigned) };
    const settings = { ...identityOf(parts), keys, ...rules, ...limits, confirmations: { ledger: confirmations, bitcoin } };
    return guard.start({ ...ports, transport, receiving, readers }, settings);
  },
  async client(parts) {
    const ports = await parts.ports('client', client.migrations);
    // From the account's seed, so that its backup is the wallet's too.
    const keys = keysFrom(await parts.keys('account'));
    const wallet = parts.network.ledger === null ? null : await ledgerWalletOf({ ...parts, keys }, ports.http);
    const readers = openRails({ http: ports.http, network: parts.network });
    return client.start(
      { ...ports, transport: parts.clientTransport ?? null, wallet, readers },
      { seed: await parts.keys('account') },
    );
  },
};

/** Only the public half: settlement alone pays. */
async function ledgerDeposits(parts: Parts, { http }: Ports, elsewhere: string | undefined): Promise<Receiving[]> {
  if (parts.network.ledger === null) return [];
  const account = elsewhere ?? signingKey(await parts.keys('wallet')).publicKey;
  return [ledgerReceiving({ http, network: parts.network, account, refSecret: await parts.keys('references') })];
}

async function bitcoinDeposits({ bitcoin, keys, spec: whole }: Parts, { database, clock }: Ports): Promise<Receiving[]> {
  const account = bitcoin === null ? null : await depositsOf(bitcoin, keys);
  if (bitcoin === null || account === null) return [];
  const { rpc, spec } = bitcoin;
  return [bitcoinReceiving({ rpc, account, database, clock, gapLimit: spec.gapLimit, shownFrom: 0, restore: restoreOf(whole) })];
}

function identityOf(parts: Parts): { readonly id: string; readonly nickname: string } {
  if (parts.id === null || parts.spec.relay === undefined) {
    throw new Error('a relay, guard or settlement needs a [relay] section\n  ptg.toml\n  add one, or run ptg init [node-relay]');
  }
  return { id: parts.id, nickname: parts.spec.relay.nickname };
}

function notAnAuthority(parts: Parts): string {
  const what = parts.parameters === undefined ? 'it has no parameters' : 'network.json does not name its key';
  return `this node cannot be a directory: ${what}\n  ${parts.home}\n  see docs/operating/authority.md [node-authority]`;
}

/** What the relay says of itself, but for the times. */
async function describe(parts: Parts, http: Ports['http']): Promise<Omit<Descriptor, 'published' | 'expires'>> {
  const { spec, keys } = parts;
  const { id, nickname } = identityOf(parts);
  const said = spec.relay;
  const url = spec.url;
  invariant(said !== undefined, 'a relay has its section');
  if (url === undefined)
    throw new Error('a relay needs the address under which others reach it\n  ptg.toml\n  set url [node-url]');
  const signing = async (name: 'iou' | 'settlement' | 'guard') => signingKey(await keys(name)).publicKey;
  const sealing = async (name: 'relay-sealing' | 'settlement-sealing' | 'guard-sealing') =>
    Buffer.from(sealingKeyFromSeed(await keys(name), KEY_NUMBER).publicKey).toString('hex');
  const hasGuard = runs(spec, 'guard');
  return {
    id,
    nickname,
    keys: [
      {
        number: KEY_NUMBER,
        fromInterval: 0,
        iou: await signing('iou'),
        settlement: await signing('settlement'),
        guard: hasGuard ? await signing('guard') : null,
        relaySealing: await sealing('relay-sealing'),
        settlementSealing: await sealing('settlement-sealing'),
        guardSealing: hasGuard ? await sealing('guard-sealing') : null,
      },
    ],
    urls: { relay: url, settlement: url, guard: hasGuard ? url : null },
    ...(parts.paidguard === undefined ? {} : { paidguard: parts.paidguard }),
    fingerprint: said.fingerprint ?? null,
    family: [...said.family],
    wantsGuard: said.guard,
    isExit: said.exit,
    bandwidth: said.bandwidth,
    meter: (parts.meter ?? parts.silent.meter).kind,
    rails: await fallbacksOf(parts, http),
  };
}
