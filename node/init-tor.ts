/*
 * What a new relay needs of the tor beside it: its id and how `ptg` is started in; the lines for torrc out. And the torrc that is
 * there, read and left as it is. Called by init.ts.
 */
import { readLatin1 } from '../host/files.ts';
import { ok, type Result } from '../core/refusal.ts';
import type { RoleName } from '../host/ports.ts';
import { managedSetup } from '../tor/transport/managed.ts';
import { readTorrc, refuseTorrc, TORRC_BYTES_MAX, type Settings, type TorrcText } from '../tor/torrc/settings.ts';

/** Null where no file was named. */
export async function readTorrcFiles(names: readonly string[]): Promise<Result<Settings | null>> {
  if (names.length === 0) return ok(null);
  const files: TorrcText[] = [];
  for (const name of names) {
    const text = await readLatin1(name, TORRC_BYTES_MAX).catch(() => null);
    if (text === null) return refuseTorrc('torrc-unreadable', name);
    files.push({ name, text });
  }
  return readTorrc(files);
}

export interface TorrcLinesOf {
  readonly roles: readonly RoleName[];
  readonly home: string;
  readonly command: string;
}

/** CIISS form: what a relay's signed Tor descriptor then carries. The control port is what the meter reads. */
export function torrcLines(id: string, { roles, home, command }: TorrcLinesOf): string {
  return `# Add to torrc, then reload tor. A torrc has one ContactInfo: to one that is there, add the words.
# So that the relay's Tor descriptor names its payment key:
ContactInfo ptg:${id} ciissversion:2
# So that the node reads what went over each link; [tor] in ptg.toml names the port:
ControlPort 127.0.0.1:9051
CookieAuthentication 1
CookieAuthFileGroupReadable 1
${roles.includes('guard') ? guardLines(home, command) : ''}`;
}

/** All of it commented out: the ORPort is the door for subscribers unless the operator wants another. */
function guardLines(home: string, command: string): string {
  const { server, appArmor } = managedSetup([...command.split(' '), 'transport', '--home', home]);
  return `# Subscribers come in by [transport] in ptg.toml and go on to tor's ORPort, for which nothing is needed here.
# Instead, with extOrPort and extOrCookieFile there, tor is told each client's address:
# ExtORPort 127.0.0.1:9263
# ExtORPortCookieAuthFileGroupReadable 1
# DataDirectoryGroupReadable 1
# And where tor is to start the transport itself, so that its extra-info names it:
# ${server}
# for which Debian's AppArmor needs, in /etc/apparmor.d/local/system_tor, the line
#   ${appArmor}
# and then: apparmor_parser -r /etc/apparmor.d/system_tor
`;
}
