/*
 * The torrc of a subscriber's tor: its guard, the members of the network and where things listen in; the text out. Pure; called by
 * node/connect, which writes it.
 */
import { sha256Hex } from '../core/crypto/hash.ts';
import { hasFlag } from '../core/wire/consensus.ts';
import type { NetworkView } from '../host/ports.ts';
import { placeOf as torPlace } from '../host/dial.ts';
import type { ConnectSpec } from './spec.ts';

/** Fingerprints of tors beside relays that run, by what they may be in a path. */
export interface Members {
  readonly middles: readonly string[];
  readonly exits: readonly string[];
  /** Stable and fast: second hops of circuits to onion services are chosen for long. */
  readonly lasting: readonly string[];
}

/** A fingerprint that two relays claim is neither's. */
export function membersOf(network: NetworkView): Members {
  const claims = new Map<string, { count: number; isExit: boolean; lasts: boolean }>();
  for (const entry of network.consensus()?.body.relays ?? []) {
    const fingerprint = network.descriptor(entry.id)?.body.fingerprint ?? null;
    if (fingerprint === null || !hasFlag(entry, 'Running')) continue;
    const count = (claims.get(fingerprint)?.count ?? 0) + 1;
    claims.set(fingerprint, { count, isExit: hasFlag(entry, 'Exit'), lasts: hasFlag(entry, 'Stable') && hasFlag(entry, 'Fast') });
  }
  const own = [...claims].filter(([, { count }]) => count === 1);
  const named = (some: typeof own): string[] => some.map(([fingerprint]) => fingerprint.toUpperCase()).sort();
  return {
    middles: named(own),
    exits: named(own.filter(([, { isExit }]) => isExit)),
    lasting: named(own.filter(([, { lasts }]) => lasts)),
  };
}

export interface TorrcOf {
  readonly spec: ConnectSpec;
  readonly dataDirectory: string;
  /** Where the transport listens. */
  readonly transport: string;
  readonly guard: { readonly id: string; readonly nickname: string; readonly address: string; readonly fingerprint: string };
  /** Null: any relay of Tor may be middle and exit. */
  readonly members: Members | null;
  /** Of the subscriber's: by it the second hops to onion services differ from others', and stay. */
  readonly secret: Uint8Array;
  /** A file of the user's own lines. */
  readonly include: string | null;
}

/** As many as tor chooses of its own accord for some weeks (vanguards-lite), but from all of Tor. */
const SECOND_HOPS = 4;

export function torrcText({ spec, dataDirectory, transport, guard, members, secret, include }: TorrcOf): string {
  const control = torPlace(spec.control);
  const fingerprint = guard.fingerprint.toUpperCase();
  // An exit that is paid as if nothing left it would be paid too little.
  const kind = spec.leavesTor ? '' : ' OnionTrafficOnly';
  const isSocket = control !== null && 'path' in control;
  const lines = [
    '# Written by ptg connect, anew at each start and when the guard or the network changes: lines of your own belong into a file that `include` names.',
    ...(include === null ? [] : [`%include ${include}`]),
    `DataDirectory ${dataDirectory}`,
    `PidFile ${dataDirectory}/pid`,
    `Log notice file ${dataDirectory}/notice.log`,
    `SocksPort ${spec.proxy}${kind}`,
    isSocket ? `ControlSocket ${control.path}` : `ControlPort ${spec.control}`,
    'CookieAuthentication 1',
    '# The guard that is paid. Conflux would use two.',
    'UseBridges 1',
    'ConfluxEnabled 0',
    `ClientTransportPlugin paidguard socks5 ${transport}`,
    `# ${guard.nickname}`,
    `Bridge paidguard ${guard.address} ${fingerprint} guard=${guard.id}`,
    ...(members === null ? [] : memberLines(members, secondHops(members, fingerprint, secret))),
  ];
  return `${lines.join('\n')}\n`;
}

/** Few, and the same at each start: whoever runs many relays is in that place rarely, and learns rarely who the guard is. */
function secondHops({ lasting }: Members, guard: string, secret: Uint8Array): string[] {
  const drawn = lasting
    .filter((one) => one !== guard)
    .map((one) => [sha256Hex('ptg/second-hop/v1\0', secret, one), one] as const);
  return drawn
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, SECOND_HOPS)
    .map(([, one]) => one);
}

function memberLines({ middles, exits }: Members, seconds: readonly string[]): string[] {
  const listed = (some: readonly string[]): string => some.map((one) => `$${one}`).join(',');
  return [
    '# Relays that are paid. Your circuits look like those of all who choose from these, and not of all of Tor.',
    `MiddleNodes ${listed(middles)}`,
    `ExitNodes ${listed(exits)}`,
    'StrictNodes 1',
    ...(seconds.length === 0
      ? []
      : ['# Second hops to onion services, which are not of MiddleNodes.', `HSLayer2Nodes ${listed(seconds)}`]),
  ];
}
