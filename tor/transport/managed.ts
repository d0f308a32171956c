/*
 * Managed mode (pt-spec): what a tor that starts a pluggable transport sets in its environment in; the lines that it wants on
 * standard output out. A thin shim: both ends run in the node, this says where they listen. Pure; printed by the program that tor
 * starts, which then stays until tor goes.
 */
import { tcpAddressText, type TcpAddress } from '../../host/tcp.ts';

export interface Running {
  /** Where the client's end listens for SOCKS, and the guard's end for clients; null for one that does not run. */
  readonly client: TcpAddress | null;
  readonly server: TcpAddress | null;
}

export interface Announcement {
  readonly lines: readonly string[];
  /** False: it was an error, and the program ends. */
  readonly stays: boolean;
  /** A folder that the program makes: tor does not, and reports only that its transport ended. */
  readonly stateFolder: string | null;
  /** Tor closes standard input when the program is to end. */
  readonly endsWithInput: boolean;
}

const NAME = 'paidguard';
const VERSION = '1';

export function announce(env: Readonly<Record<string, string | undefined>>, running: Running): Announcement {
  const versions = listed(env['TOR_PT_MANAGED_TRANSPORT_VER']);
  const client = env['TOR_PT_CLIENT_TRANSPORTS'];
  const server = env['TOR_PT_SERVER_TRANSPORTS'];
  if (versions.length === 0) return failed('ENV-ERROR no TOR_PT_MANAGED_TRANSPORT_VER: this is started by tor');
  if (!versions.includes(VERSION)) return failed('VERSION-ERROR no-version');
  if (client === undefined && server === undefined) return failed(`VERSION ${VERSION}`, 'ENV-ERROR neither client nor server');
  const lines = [`VERSION ${VERSION}`];
  if (client !== undefined) {
    if (env['TOR_PT_PROXY'] !== undefined && env['TOR_PT_PROXY'] !== '') lines.push('PROXY-ERROR no proxy can be used');
    else lines.push(...methods('CMETHOD', client, running.client, 'socks5 '), 'CMETHODS DONE');
  }
  if (server !== undefined) lines.push(...methods('SMETHOD', server, running.server, ''), 'SMETHODS DONE');
  return {
    lines,
    stays: lines.some((line) => /^[CS]METHOD /.test(line)),
    stateFolder: env['TOR_PT_STATE_LOCATION'] ?? null,
    endsWithInput: env['TOR_PT_EXIT_ON_STDIN_CLOSE'] === '1',
  };
}

/** What whoever lets a tor start it has to write, and where: `command` is the program with its arguments, each without a space. */
export function managedSetup(command: readonly string[]): {
  readonly client: string;
  readonly server: string;
  readonly appArmor: string;
} {
  const exec = `${NAME} exec ${command.join(' ')}`;
  return {
    client: `ClientTransportPlugin ${exec}`,
    server: `ServerTransportPlugin ${exec}`,
    // Debian's profile of tor lets it start the transports that it lists: this goes into /etc/apparmor.d/local/system_tor.
    appArmor: `${command[0] ?? ''} PUx,`,
  };
}

/** Names that are not known here are passed over, as pt-spec says. */
function methods(word: 'CMETHOD' | 'SMETHOD', wanted: string, at: TcpAddress | null, kind: string): string[] {
  if (wanted !== '*' && !listed(wanted).includes(NAME)) return [];
  if (at === null) return [`${word}-ERROR ${NAME} the node does not run this end: see ptg status`];
  return [`${word} ${NAME} ${kind}${tcpAddressText(at)}`];
}

function listed(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((item) => item !== '');
}

function failed(...lines: string[]): Announcement {
  return { lines, stays: false, stateFolder: null, endsWithInput: false };
}
