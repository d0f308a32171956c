/*
 * The paidguard transport of a node: [transport] of a guard's ptg.toml, or what `ptg connect` is told, in; the end of it that runs, out.
 * Called by node/start, before the roles that are given it.
 */
import { join } from 'node:path';
import { sha256 } from '../core/crypto/hash.ts';
import { signingKey } from '../core/crypto/keys.ts';
import { refuser } from '../core/refusal.ts';
import { intervalAt } from '../core/rule/interval.ts';
import { refusalLines } from '../host/config.ts';
import { dial, placeOf } from '../host/dial.ts';
import { parametersOf } from '../host/network/prices.ts';
import { sealingKeyOf } from '../host/network/sealing.ts';
import type { Clock, Entropy, Log, NetworkView } from '../host/ports.ts';
import { sealingKeyFromSeed } from '../host/seal.ts';
import { systemTcp, tcpAddressOf, tcpAddressText, type Tcp, type TcpAddress } from '../host/tcp.ts';
import type { Meter } from '../tor/meter.ts';
import { startClientEnd, type ClientEnd } from '../tor/transport/client.ts';
import { startGuardEnd, type GuardEnd, type TorDoor } from '../tor/transport/guard.ts';
import { keyPair } from '../tor/transport/noise.ts';
import { extOrDoor, orDoor } from '../tor/transport/or-port.ts';
import { watchOwnCircuits, type OwnWatch } from '../tor/transport/own-circuits.ts';
import type { Keys } from './keys.ts';
import type { ConnectSpec, TransportSpec } from './spec.ts';
import { fileIn, readSecret, relaysByFingerprint, secretsIn } from './tor.ts';

export const transportNodeRefusals = {
  'transport-port': {
    retry: true,
    text: 'the transport cannot listen there',
    remedy: 'stop what has the port, or name another in ptg.toml',
  },
} as const;
const refuse = refuser(transportNodeRefusals);

export interface TransportParts {
  readonly home: string;
  readonly networkId: string;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
}

export interface OpenGuardEnd extends GuardEnd {
  /** What the descriptor says. */
  readonly published: string;
}

export async function openGuardEnd(parts: TransportParts, spec: TransportSpec, meter: Meter | null): Promise<OpenGuardEnd> {
  const { clock, entropy, log, networkId, keys } = parts;
  const tcp = systemTcp();
  const isPaid = meter !== null && meter.kind !== 'links';
  if (!isPaid) log.warn('transport-carries-unpaid', { role: 'guard' });
  const sealing = sealingKeyFromSeed(await keys('guard-sealing'), 1);
  const end = await listening(spec.listen, (listen) =>
    startGuardEnd(
      { tcp, clock, entropy, log, meter, tor: doorOf(parts, tcp, spec) },
      { networkId, listen, keys: [keyPair(sealing.secretKey)] },
    ),
  );
  return { ...end, published: spec.address ?? tcpAddressText(end.address) };
}

function doorOf({ home, entropy }: TransportParts, tcp: Tcp, { orPort, extOrPort, extOrCookieFile }: TransportSpec): TorDoor {
  if (orPort !== undefined) return orDoor(tcp, addressOf(orPort));
  const file = fileIn(home, extOrCookieFile) ?? join(home, 'extended_orport_auth_cookie');
  const cookie = () => readSecret(file);
  return extOrDoor(tcp, entropy, { address: addressOf(extOrPort ?? ''), cookie, transport: 'paidguard' });
}

export interface OpenClientEnd extends ClientEnd {
  readonly own: OwnWatch;
  /** What is drawn by it stays from one connect to the next, and nobody else can draw it. */
  readonly secret: Uint8Array;
}

/** The user's own tor may come later, and go: it is dialled until it is there. */
export async function openClientEnd(parts: TransportParts, spec: ConnectSpec, view: NetworkView): Promise<OpenClientEnd> {
  const { clock, entropy, log, home, networkId, keys } = parts;
  const place = placeOf(spec.control);
  if (place === null) throw new Error(`no control port has this address\n  ${spec.control}\n  correct [connect] [tor-control]`);
  const relays = relaysByFingerprint(view);
  const seed = await keys('account');
  const subscriber = signingKey(seed);
  const own = watchOwnCircuits({ clock, entropy, log, dial }, { place, secrets: secretsIn(home, spec), relayOf: relays.of });
  const shut = async (): Promise<void> => {
    relays.close();
    await own.close();
  };
  try {
    const end = await listening(spec.transport, (listen) =>
      startClientEnd(
        { tcp: systemTcp(), clock, entropy, log, circuits: own },
        { networkId, listen, subscriber, keyOf: keyIn(view, clock), hops: spec.hops, leavesTor: spec.leavesTor },
      ),
    );
    return {
      ...end,
      own,
      secret: sha256('ptg/connect/v1\0', seed),
      async stop() {
        await end.stop();
        await shut();
      },
    };
  } catch (thrown) {
    await shut();
    throw thrown;
  }
}

/** A guard's transport key is the one to which requests are sealed. */
function keyIn(view: NetworkView, clock: Clock): (guard: string) => Uint8Array | null {
  return (guard) => {
    const known = view.descriptor(guard);
    const parameters = parametersOf(view);
    const interval = parameters === null ? 0 : intervalAt(parameters, clock.now());
    return known === null ? null : (sealingKeyOf(known.body, 'guard', interval)?.publicKey ?? null);
  };
}

async function listening<T>(text: string, start: (address: TcpAddress) => Promise<T>): Promise<T> {
  try {
    return await start(addressOf(text));
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === undefined) throw thrown;
    throw new Error(refusalLines(refuse('transport-port', `${text} (${code})`).refusal), { cause: thrown });
  }
}

/** Checked when ptg.toml was read. */
function addressOf(text: string): TcpAddress {
  const address = tcpAddressOf(text);
  if (address === null) throw new Error(`this is no host:port\n  ${text}\n  correct it in ptg.toml [transport-address]`);
  return address;
}
