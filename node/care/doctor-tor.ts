/*
 * What ails the tor beside a node: [tor] and [transport] of its ptg.toml in; a finding a thing looked at, out. It asks tor by its
 * control port and changes nothing. Called by doctor.ts.
 */
import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { signingKey } from '../../core/crypto/keys.ts';
import { tcpAddressOf, type Tcp } from '../../host/tcp.ts';
import type { ControlPorts } from '../../tor/control/client.ts';
import { meetControl } from '../../tor/control/meet.ts';
import type { Session } from '../../tor/control/session.ts';
import { checkRunning, RELAY_OPTIONS } from '../../tor/torrc/check.ts';
import { settingsOf, type Settings } from '../../tor/torrc/settings.ts';
import { extOrDoor } from '../../tor/transport/or-port.ts';
import type { OpenedHome } from '../open.ts';
import type { TorSpec, TransportSpec } from '../spec.ts';
import { controlOf, fileIn, readSecret, type ControlAt } from '../tor.ts';
import { bad, good, poor, type Finding } from './finding.ts';

export interface TorPorts extends Omit<ControlPorts, 'log'> {
  readonly tcp: Tcp;
}

/** None of a node that has no tor beside it. */
export async function examineTor(opened: OpenedHome, ports: TorPorts): Promise<Finding[]> {
  return [
    ...(await examineControl(opened, ports)),
    ...(await examineFurther(opened, ports)),
    ...(await examineDoor(opened, ports)),
  ];
}

async function examineControl(opened: OpenedHome, ports: TorPorts): Promise<Finding[]> {
  const { spec, home } = opened;
  const { tor } = spec;
  if (tor === undefined) return [];
  return met(ports, { spec: tor, home }, 'tor', async (session) => [
    good('tor', `${(await infoOf(session, 'version')) ?? 'it'} answers at ${tor.control}`),
    ...(spec.roles.includes('relay') ? await examineRelay(opened, session) : []),
    ...(spec.roles.includes('directory') ? await examineAuthority(home, tor, session) : []),
  ]);
}

/** Authorities of Tor in which a directory marks relays, beside its own. */
async function examineFurther({ spec, home }: OpenedHome, ports: TorPorts): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (!spec.roles.includes('directory')) return findings;
  for (const one of spec.tor?.authorities ?? []) {
    const found = await met(ports, { spec: one, home }, AUTHORITY, (session) => examineAuthority(home, one, session));
    findings.push(...found.map((finding) => ({ ...finding, seen: `at ${one.control}: ${finding.seen}` })));
  }
  return findings;
}

/** What is found at a control port; that it cannot be spoken to, where it cannot. */
async function met(
  ports: TorPorts,
  at: ControlAt,
  what: string,
  examine: (session: Session) => Promise<Finding[]>,
): Promise<Finding[]> {
  const { place, secrets } = controlOf(at);
  const answer = await meetControl(ports, place, secrets);
  if (!answer.ok) {
    const { code, text, about, remedy } = answer.refusal;
    return [bad(what, `${text}: ${about}`, remedies[code] ?? remedy)];
  }
  try {
    return await examine(answer.value);
  } finally {
    answer.value.end();
  }
}

const AUTHORITY = 'tor authority';

/** Where it says more for a person than what the client says, who dials again. */
const remedies: Readonly<Record<string, string>> = {
  'control-closed':
    'start tor; see that its torrc has the ControlPort or ControlSocket that control under [tor] in ptg.toml names',
  'control-refused':
    'tor does not take our secret: correct cookieFile or passwordFile under [tor] in ptg.toml, or take them out and believe tor',
};

async function examineRelay(opened: OpenedHome, session: Session): Promise<Finding[]> {
  const { spec, keys } = opened;
  const id = signingKey(await keys('identity')).publicKey;
  const settings = await configured(session, [...RELAY_OPTIONS, 'TestingEnableCellStatsEvent']);
  if (settings === null) return [bad('tor torrc', 'tor does not say what is set', 'see the version of tor: 0.4.7 or newer')];
  const faults = checkRunning(settings, id).map(({ state, text, seen, remedy }): Finding => {
    return { what: 'tor torrc', state, seen: seen === null ? text : `${text}: ${seen}`, remedy: `${remedy}; then reload tor` };
  });
  return [
    ...(faults.length > 0 ? faults : [good('tor torrc', 'ContactInfo names this relay; tor publishes it')]),
    await examineFingerprint(spec.relay?.fingerprint, session),
    examineMeter(spec.tor?.meter ?? 'links', settings),
  ];
}

async function examineFingerprint(said: string | undefined, session: Session): Promise<Finding> {
  const what = 'tor fingerprint';
  const own = (await infoOf(session, 'fingerprint'))?.toLowerCase();
  if (own === undefined || !/^[0-9a-f]{40}$/.test(own))
    return bad(what, 'tor has none: it is no relay', 'add ORPort to its torrc');
  const line = `set fingerprint = "${own}" under [relay] in ptg.toml`;
  if (said === undefined) return poor(what, 'ptg.toml does not name it: an authority beside Tor does not take this relay', line);
  if (said === own) return good(what, `${own}, as in ptg.toml`);
  return bad(what, `this tor is ${own}, and ptg.toml names ${said}`, `${line}; or name the control port of the other tor`);
}

function examineMeter(meter: 'circuits' | 'links', settings: Settings): Finding {
  if (meter === 'links') return good('tor meter', 'links: watch mode, nothing is billed');
  if (settings.of('TestingEnableCellStatsEvent').at(-1)?.value === '1')
    return good('tor meter', 'circuits: tor grants CELL_STATS');
  return bad(
    'tor meter',
    'circuits is wanted, and this tor does not grant CELL_STATS',
    'set meter = "links" under [tor] in ptg.toml: on the public network no tor grants it; in a testing network TestingEnableCellStatsEvent 1',
  );
}

async function examineAuthority(
  home: string,
  { approvedRouters }: Pick<TorSpec, 'approvedRouters'>,
  session: Session,
): Promise<Finding[]> {
  const file = fileIn(home, approvedRouters);
  if (file === null) return [];
  const what = AUTHORITY;
  const settings = await configured(session, ['AuthoritativeDirectory', 'AuthDirListMiddleOnly', 'DataDirectory']);
  const isOn = (option: string): boolean => settings?.of(option).at(-1)?.value === '1';
  const findings: Finding[] = [];
  if (!isOn('AuthoritativeDirectory'))
    findings.push(bad(what, 'this tor is no authority of Tor: its marks take no flag', 'take approvedRouters out of ptg.toml'));
  else if (!isOn('AuthDirListMiddleOnly'))
    findings.push(bad(what, 'it does not vote MiddleOnly', 'add AuthDirListMiddleOnly 1 to its torrc; then reload tor'));
  const folder = settings?.of('DataDirectory').at(-1)?.value;
  if (folder !== undefined && resolve(folder, 'approved-routers') !== resolve(file))
    findings.push(bad(what, `it does not read ${file}`, `set approvedRouters = "${folder}/approved-routers" in ptg.toml`));
  const isWritable = (await may(file, constants.R_OK)) && (await may(dirname(file), constants.W_OK));
  if (!isWritable)
    findings.push(bad(what, `${file} cannot be written`, 'run this node as the user of tor, and let its service write there'));
  return findings.length > 0 ? findings : [good(what, `it votes MiddleOnly, and ${file} can be written`)];
}

/** A file that is not there yet can be made. */
async function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    (thrown: unknown) => mode === constants.R_OK && (thrown as NodeJS.ErrnoException).code === 'ENOENT',
  );
}

async function examineDoor({ spec, home }: OpenedHome, { tcp, entropy }: TorPorts): Promise<Finding[]> {
  const { transport } = spec;
  if (transport === undefined || !spec.roles.includes('guard')) return [];
  const what = 'tor door';
  const [key, text] = doorOf(transport);
  const address = tcpAddressOf(text);
  const wire = address === null ? null : await tcp.dial(address);
  wire?.stream.destroy();
  if (address === null || wire === null) {
    return [bad(what, `nobody answers at ${text}`, `start tor; see its torrc, and ${key} under [transport] in ptg.toml`)];
  }
  const file = fileIn(home, transport.extOrCookieFile);
  if (file === null) return [good(what, `its ORPort answers at ${text}`)];
  const cookie = await readSecret(file);
  if (cookie === null) {
    const remedy = 'ExtORPortCookieAuthFileGroupReadable 1 and DataDirectoryGroupReadable 1 in torrc, and the group debian-tor';
    return [bad(what, `its cookie cannot be read: ${file}`, remedy)];
  }
  const door = extOrDoor(tcp, entropy, { address, cookie: () => Promise.resolve(cookie), transport: 'paidguard' });
  const passed = await door(NOBODY);
  passed?.wire.stream.destroy();
  return passed === null
    ? [bad(what, `${text} does not take the cookie in ${file}`, 'correct extOrPort and extOrCookieFile: they belong to one tor')]
    : [good(what, `its Extended ORPort takes our cookie at ${text}`)];
}

/** A client as tor is told of one; it says no more and leaves. */
const NOBODY = '127.0.0.1:1';

function doorOf({ orPort, extOrPort }: TransportSpec): [string, string] {
  return orPort === undefined ? ['extOrPort', extOrPort ?? ''] : ['orPort', orPort];
}

/** Null where tor refuses: an option that it does not know. */
async function configured(session: Session, options: readonly string[]): Promise<Settings | null> {
  const asked = await session.ask(`GETCONF ${options.join(' ')}`);
  return asked.ok ? settingsOf(asked.value) : null;
}

async function infoOf(session: Session, name: string): Promise<string | null> {
  const asked = await session.ask(`GETINFO ${name}`);
  const line = asked.ok ? asked.value.lines.find(({ text }) => text.startsWith(`${name}=`)) : undefined;
  return line === undefined ? null : line.text.slice(name.length + 1);
}
