/*
 * What stands in the way of a relay's torrc: its settings and what the node needs in; findings out, each with its remedy. Pure: it
 * changes nothing, and knows only what it was given. Called by `ptg init --torrc`, and of a running tor by `ptg doctor`.
 */
import { readContact } from '../authority/contact.ts';
import type { Setting, Settings } from './settings.ts';

/** `fail`: the network would not take the relay, or the node not hear its tor. `warn`: look at it. */
const problems = {
  'include-unread': ['warn', 'what it takes in by %include was not looked at', 'name that file with --torrc too, in tor’s order'],
  'not-a-relay': ['fail', 'tor is no relay', 'add ORPort with the port that others reach, and take ClientOnly out'],
  'is-bridge': ['fail', 'a bridge is in no consensus of Tor', 'take BridgeRelay out: a guard of this network is a public relay'],
  'not-published': [
    'fail',
    'its Tor descriptor reaches no authority',
    'take PublishServerDescriptor out: the binding is read from what tor publishes',
  ],
  'contact-missing': [
    'fail',
    'its Tor descriptor would not name its payment key',
    'add the line: ContactInfo ptg:KEY ciissversion:2',
  ],
  'contact-twice': ['warn', 'of several ContactInfo lines tor takes the last', 'make one of them, with the words of each'],
  'contact-without-key': ['fail', 'ContactInfo does not name the payment key', 'add among its words: ptg:KEY'],
  'contact-other-key': ['fail', 'ContactInfo names another payment key', 'replace its ptg: word by ptg:KEY'],
  'control-closed': ['fail', 'tor has no control port', 'add the line: ControlPort 127.0.0.1:9051'],
  'control-open': ['fail', 'the control port asks for no secret', 'add the line: CookieAuthentication 1'],
  'cookie-off': ['fail', 'the control port gives no cookie', 'replace the line by: CookieAuthentication 1'],
  'cookie-owner-alone': [
    'warn',
    'no user but tor’s own can read the cookie',
    'add the line: CookieAuthFileGroupReadable 1; not needed where the node runs as tor’s user',
  ],
} as const;

export interface TorrcFinding {
  readonly code: keyof typeof problems;
  readonly state: 'warn' | 'fail';
  readonly text: string;
  /** Where, and what stands there; null where it is what is missing. */
  readonly seen: string | null;
  readonly remedy: string;
}

type Found = (code: keyof typeof problems, seen?: Setting) => void;

/** `id`: the relay's, as its ContactInfo has to name it. None where all is as it should be. */
export function checkTorrc(settings: Settings, id: string): TorrcFinding[] {
  return collect(id, (found) => {
    for (const one of settings.includes) found('include-unread', one);
    checkRelay(settings, id, found);
    checkControl(settings, found);
  });
}

/** Without the control port: whoever asks a running tor has come in by it. */
export const RELAY_OPTIONS = ['ORPort', 'ClientOnly', 'BridgeRelay', 'PublishServerDescriptor', 'ContactInfo'] as const;
export function checkRunning(settings: Settings, id: string): TorrcFinding[] {
  return collect(id, (found) => checkRelay(settings, id, found));
}

function collect(id: string, look: (found: Found) => void): TorrcFinding[] {
  const findings: TorrcFinding[] = [];
  look((code, seen) => {
    const [state, text, remedy] = problems[code];
    findings.push({ code, state, text, seen: seen === undefined ? null : seenText(seen), remedy: remedy.replace('KEY', id) });
  });
  return findings;
}

function seenText({ value, at }: Setting): string {
  const short = value.length > 120 ? `${value.slice(0, 120)}…` : value;
  return at === null ? short : `${at}: ${short}`;
}

function checkRelay(settings: Settings, id: string, found: Found): void {
  const last = (option: string) => settings.of(option).at(-1);
  const closed = settings.of('ORPort').filter(({ value }) => /^0\b/.test(value));
  const clientOnly = last('ClientOnly');
  if (isOn(clientOnly)) found('not-a-relay', clientOnly);
  else if (closed.length === settings.of('ORPort').length) found('not-a-relay', closed[0]);
  const bridge = last('BridgeRelay');
  if (isOn(bridge)) found('is-bridge', bridge);
  const published = last('PublishServerDescriptor');
  if (published !== undefined && /^(0|bridge)$/.test(published.value)) found('not-published', published);

  const contact = last('ContactInfo');
  if (contact === undefined) return found('contact-missing');
  if (settings.of('ContactInfo').length > 1) found('contact-twice', contact);
  const { paymentKey } = readContact(contact.value);
  if (paymentKey === null) found('contact-without-key', contact);
  else if (paymentKey !== id) found('contact-other-key', contact);
}

function checkControl(settings: Settings, found: Found): void {
  const doors = [...settings.of('ControlPort'), ...settings.of('ControlSocket')];
  const closed = doors.filter(({ value }) => /^0\b/.test(value));
  if (closed.length === doors.length) found('control-closed', closed[0]);
  if (settings.of('HashedControlPassword').length > 0) return;
  const cookie = settings.of('CookieAuthentication').at(-1);
  if (cookie === undefined) return found('control-open');
  if (!isOn(cookie)) return found('cookie-off', cookie);
  const group = settings.of('CookieAuthFileGroupReadable').at(-1);
  if (!isOn(group)) found('cookie-owner-alone', group);
}

function isOn(setting: Setting | undefined): boolean {
  return setting?.value === '1';
}
