/*
 * The nodes of the Tor testbed: one beside each relay of a private Tor network, which is not theirs, a directory that marks relays in Tor,
 * and the subscribers' ends. Tor's nodes in; the world out. Called by tor.ts.
 */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { invariant } from '../../core/refusal.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { createLog } from '../../host/log.ts';
import type { Clock, Entropy } from '../../host/ports.ts';
import { signingKey } from '../../core/crypto/keys.ts';
import { keysIn } from '../../node/keys.ts';
import { connectSpec, type ConnectSpec, type NodeSpec } from '../../node/spec.ts';
import { createWorld, type World } from '../world.ts';
import { type TestbedOptions } from './stages.ts';
import type { TestbedMoney } from './tor-money.ts';
import { MIB, relayPlans, subscriberPlans, torName } from './tor-plan.ts';
import { type PreparedTorNetwork, type TorClient, type TorNode } from './tor/network.ts';

/** Before the first interval: in some consensuses the relays come to know each other, and subscribers deposit. */
export const LEAD_SEC = 30;

/** What each relay's signed Tor descriptor says of its payment key. */
export async function contactLines(home: string, entropy: Entropy): Promise<ReadonlyMap<string, readonly string[]>> {
  const lines = new Map<string, readonly string[]>();
  for (const { name } of relayPlans) {
    const { publicKey } = signingKey(await keysIn(join(home, name, 'keys'), entropy)('identity'));
    lines.set(torName(name), [`ContactInfo ptg:${publicKey} ciissversion:2`]);
  }
  return lines;
}

interface WorldParts {
  readonly options: TestbedOptions;
  readonly money: TestbedMoney;
  readonly prepared: PreparedTorNetwork;
  readonly users: ReadonlyMap<string, TorClient>;
  readonly parameters: Parameters;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly closing: (() => Promise<unknown>)[];
}

export async function openWorld({
  options,
  money,
  prepared,
  users,
  parameters,
  clock,
  entropy,
  closing,
}: WorldParts): Promise<World> {
  const { home } = options;
  const file = createWriteStream(join(home, 'log'), { flags: 'a' });
  closing.push(() => new Promise((resolve) => file.end(resolve)));
  const world = await createWorld({
    ...{ home, inMemory: false, parameters, relays: relayPlans, clock },
    networkId: `tor-${Buffer.from(entropy.bytes(4)).toString('hex')}`,
    subscribers: subscriberPlans.map(({ name }) => ({ name, purse: money.deposit })),
    entropy: () => entropy,
    log: (name) => createLog({ clock, write: (line) => void file.write(`${name} ${line}`) }),
    ...(money.bitcoin === undefined ? {} : { bitcoin: money.bitcoin }),
    tor: {
      fingerprint: (relay) => prepared.node(torName(relay)).fingerprint.toLowerCase(),
      relay: (relay) =>
        sectionsOf(
          prepared.node(torName(relay)),
          relayPlans.some((one) => one.name === relay && one.guard),
        ),
      authority: authoritySection(prepared.authorities),
      connect: (subscriber) => connectOf(users.get(subscriber)),
    },
  });
  closing.push(() => world.stop());
  return world;
}

/** In the relay's ptg.toml. */
function sectionsOf({ control, orPort }: TorNode, isGuard: boolean): Pick<NodeSpec, 'tor' | 'transport'> {
  const tor = { control: `${control.host}:${control.port}`, meter: 'circuits' as const, lookSec: 5, authorities: [] };
  if (!isGuard) return { tor };
  return { tor, transport: { listen: '127.0.0.1:0', orPort: `127.0.0.1:${orPort}`, unsignedBytesMax: 32 * MIB } };
}

export function connectOf(user: TorClient | undefined): ConnectSpec {
  invariant(user !== undefined, 'each subscriber has a tor');
  const { control, socksPort } = user;
  return connectSpec.parse({
    ...{ transport: '127.0.0.1:0', control: `${control.host}:${control.port}`, proxy: `127.0.0.1:${socksPort}` },
    include: 'network.torrc',
  });
}

/** One directory marks relays in all authorities of this Tor network. */
function authoritySection([first, ...others]: readonly TorNode[]): Pick<NodeSpec, 'tor'> {
  invariant(first !== undefined, 'a Tor network has authorities');
  const at = ({ control, folder }: TorNode) => ({
    ...{ control: `${control.host}:${control.port}`, approvedRouters: join(folder, 'approved-routers') },
  });
  return { tor: { ...at(first), meter: 'links', lookSec: 30, authorities: others.map(at) } };
}
