/*
 * What the torrc of each tor of a private network says: what was seen to work with Debian's tor 0.4.9 on loopback. Pure. Called by
 * network.ts.
 */
import { join } from 'node:path';

/** Of an authority, as all others name it. */
export interface AuthorityLine {
  readonly name: string;
  readonly orPort: number;
  readonly dirPort: number;
  /** Fingerprint of its identity certificate; of its relay. Upper-case hex. */
  readonly v3ident: string;
  readonly fingerprint: string;
}

export interface Ports {
  readonly or: number;
  readonly dir: number;
  readonly control: number;
  readonly socks: number;
}

/** Of every tor: it knows no authorities but those of its own network, so that nothing leaves the machine. */
export function networkLines(authorities: readonly AuthorityLine[], folder: string): string[] {
  return [
    'TestingTorNetwork 1',
    ...authorities.map(
      (one) => `DirAuthority ${one.name} orport=${one.orPort} v3ident=${one.v3ident} 127.0.0.1:${one.dirPort} ${one.fingerprint}`,
    ),
    ...[`PidFile ${folder}/pid`, 'ShutdownWaitLength 0', 'OutboundBindAddress 127.0.0.1'],
    ...['GeoIPFile /dev/null', 'GeoIPv6File /dev/null'],
  ];
}

/** Where it keeps what it knows, and where it is asked. */
export function folderLines(folder: string, ports: Ports): string[] {
  return [
    ...[`DataDirectory ${folder}`, `ControlPort 127.0.0.1:${ports.control}`, `ControlSocket ${controlSocket(folder)}`],
    ...['CookieAuthentication 1', `Log notice file ${folder}/notice.log`, 'SafeLogging 0'],
  ];
}

export function relayLines(name: string, ports: Ports): string[] {
  return [`Nickname ${name}`, 'Address 127.0.0.1', `ORPort 127.0.0.1:${ports.or}`, 'SocksPort 0', 'AssumeReachable 1'];
}

/**
 * `exits`: fingerprints of those that get the Exit flag, which a policy of one port would not bring. `bandwidths`: a file of
 * measured bandwidths, since a relay that nobody has used yet would not be Fast.
 */
export function authorityLines(ports: Ports, exits: readonly string[], bandwidths: string): string[] {
  return [
    ...[`DirPort 127.0.0.1:${ports.dir}`, 'AuthoritativeDirectory 1', 'V3AuthoritativeDirectory 1'],
    ...['ContactInfo nobody@example.org', 'ExitPolicy reject *:*'],
    ...['TestingV3AuthInitialVotingInterval 10 seconds', 'TestingV3AuthInitialVoteDelay 2 seconds'],
    ...['TestingV3AuthInitialDistDelay 2 seconds', 'V3AuthVotingInterval 10 seconds', 'V3AuthVoteDelay 2 seconds'],
    ...['V3AuthDistDelay 2 seconds', 'AuthDirListMiddleOnly 1', 'TestingDirAuthVoteGuard *'],
    `V3BandwidthsFile ${bandwidths}`,
    ...(exits.length === 0 ? [] : [`TestingDirAuthVoteExit ${exits.map((one) => `$${one}`).join(',')}`]),
  ];
}

/** As a bandwidth authority writes it: when, in seconds since 1970; then a line a relay, in kilobytes a second. */
export function bandwidthsText(now: number, fingerprints: readonly string[]): string {
  return `${[String(now), ...fingerprints.map((one) => `node_id=$${one} bw=10000`)].join('\n')}\n`;
}

export const noExitLines = ['ExitPolicy reject *:*'] as const;

/** An exit that never touches a real resolver. A whole port: a narrower policy is in no microdescriptor. */
export function exitLines(exitPort: number, resolvFile: string): string[] {
  const dns = ['ServerDNSDetectHijacking 0', 'ServerDNSTestAddresses', 'ServerDNSAllowBrokenConfig 1'];
  return [
    'ExitRelay 1',
    `ExitPolicy accept *:${exitPort}`,
    'ExitPolicy reject *:*',
    ...dns,
    `ServerDNSResolvConfFile ${resolvFile}`,
  ];
}

export function controlSocket(folder: string): string {
  return join(folder, 'control.sock');
}
