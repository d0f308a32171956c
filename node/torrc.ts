/*
 * The torrc of a subscriber's tor: its guard, the members of the network and where things listen in; the text out. Pure; called by
 * node/connect, which writes it.
 */
import { hasFlag } from '../core/wire/consensus.ts';
import type { NetworkView } from '../host/ports.ts';
import { placeOf as torPlace } from '../host/dial.ts';
import type { ConnectSpec } from './spec.ts';

/** Fingerprints of tors beside relays that run, by what they may be in a path. */
export interface Members {
  readonly middles: readonly string[];
  readonly exits: readonly string[];
}

/** A fingerprint that two relays claim is neither's. */
export function membersOf(network: NetworkView): Members {
  const claims = new Map<string, { count: number; isExit: boolean }>();
  for (const entry of network.consensus()?.body.relays ?? []) {
    const fingerprint = network.descriptor(entry.id)?.body.fingerprint ?? null;
    if (fingerprint === null || !hasFlag(entry, 'Running')) continue;
    claims.set(fingerprint, { count: (claims.get(fingerprint)?.count ?? 0) + 1, isExit: hasFlag(entry, 'Exit') });
  }
  const own = [...claims].filter(([, { count }]) => count === 1);
  const named = (some: typeof own): string[] => some.map(([fingerprint]) => fingerprint.toUpperCase()).sort();
  return { middles: named(own), exits: named(own.filter(([, { isExit }]) => isExit)) };
}

export interface TorrcOf {
  readonly spec: ConnectSpec;
  readonly dataDirectory: string;
  /** Where the transport listens. */
  readonly transport: string;
  readonly guard: { readonly id: string; readonly nickname: string; readonly address: string; readonly fingerprint: string };
  /** Null: any relay of Tor may be middle and exit. */
  readonly members: Members | null;
  /** A file of the user's own lines. */
  readonly include: string | null;
}

export function torrcText({ spec, dataDirectory, transport, guard, members, include }: TorrcOf): string {
  const control = torPlace(spec.control);
  const isSocket = control !== null && 'path' in control;
  const lines = [
    '# Written by ptg connect, anew at each start and when the guard changes: lines of your own belong into a file that `include` names.',
    ...(include === null ? [] : [`%include ${include}`]),
    `DataDirectory ${dataDirectory}`,
    `PidFile ${dataDirectory}/pid`,
    `Log notice file ${dataDirectory}/notice.log`,
    `SocksPort ${spec.proxy}`,
    isSocket ? `ControlSocket ${control.path}` : `ControlPort ${spec.control}`,
    'CookieAuthentication 1',
    '# The guard that is paid. Conflux would use two.',
    'UseBridges 1',
    'ConfluxEnabled 0',
    `ClientTransportPlugin paidguard socks5 ${transport}`,
    `# ${guard.nickname}`,
    `Bridge paidguard ${guard.address} ${guard.fingerprint.toUpperCase()} guard=${guard.id}`,
    ...(members === null ? [] : memberLines(members)),
  ];
  return `${lines.join('\n')}\n`;
}

function memberLines({ middles, exits }: Members): string[] {
  return [
    '# Relays that are paid. Your circuits look like those of all who choose from these, and not of all of Tor.',
    `MiddleNodes ${middles.map((one) => `$${one}`).join(',')}`,
    `ExitNodes ${exits.map((one) => `$${one}`).join(',')}`,
    'StrictNodes 1',
  ];
}
