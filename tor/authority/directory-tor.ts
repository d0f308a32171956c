/*
 * The tor beside a directory, itself an authority of Tor or a cache of its documents: its control port and approved-routers in; what
 * the directory role asks of it out. That tor has checked the signatures of all that it gives. Called by node.
 */
import type { Place } from '../../host/dial.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { parseConsensus, relaysAndExits } from '../consensus/parse.ts';
import type { TorRelay } from '../consensus/relay.ts';
import type { Secrets } from '../control/authenticate.ts';
import type { ControlPorts, ControlState } from '../control/client.ts';
import { holdControl } from '../control/held.ts';
import type { Reply } from '../control/reply.ts';
import { createMiddleOnly, middleOnlyAtAll, type MiddleOnly, type RoutersFile } from './middle-only.ts';
import { readServerDescriptor, type ServerDescriptor } from './server-descriptor.ts';

export interface DirectoryTor {
  state(): ControlState;
  /** The newest consensus of Tor that it has. */
  consensus(): Promise<Result<TorSeen>>;
  /** By fingerprint, 40 digits of hex; null where tor knows no such relay. */
  descriptor(fingerprint: string): Promise<Result<ServerDescriptor | null>>;
  /** Null where it is no authority of ours to mark relays with. */
  readonly middleOnly: MiddleOnly | null;
  close(): Promise<void>;
}

/** Of Tor's consensus what prices and flags need. */
export interface TorSeen {
  /** Whole seconds since 1970. */
  readonly validAfter: number;
  /** |N| and |E|. */
  readonly relays: number;
  readonly exits: number;
  /** By fingerprint in lower-case hex; `bandwidth` is its weight, in kilobytes a second. */
  relay(fingerprint: string): Pick<TorRelay, 'flags' | 'bandwidth'> | null;
}

export interface DirectoryTorOptions {
  readonly place: Place;
  readonly secrets: Secrets;
  readonly approvedRouters: RoutersFile | null;
}

export const directoryTorRefusals = {
  'tor-no-consensus': {
    retry: true,
    text: 'the tor beside the directory has no consensus of Tor to give',
    remedy:
      'let it be an authority or a relay, or set FetchUselessDescriptors 1 and UseMicrodescriptors 0; else wait until it has one',
  },
} as const;
const refuse = refuser(directoryTorRefusals);

export function openDirectoryTor(ports: ControlPorts, { place, secrets, approvedRouters }: DirectoryTorOptions): DirectoryTor {
  const control = holdControl(ports, place, secrets);
  return {
    state: control.state,
    async consensus() {
      const asked = await control.ask('GETINFO dir/status-vote/current/consensus');
      if (!asked.ok) return saysNone(asked.refusal.about) ? refuse('tor-no-consensus', asked.refusal.about) : asked;
      const text = documentOf(asked.value);
      return text === '' ? refuse('tor-no-consensus', '') : seenIn(text);
    },
    async descriptor(fingerprint) {
      const asked = await control.ask(`GETINFO desc/id/${fingerprint.toUpperCase()}`);
      if (!asked.ok) return saysNone(asked.refusal.about) ? ok(null) : asked;
      const text = documentOf(asked.value);
      return text === '' ? ok(null) : readServerDescriptor(text);
    },
    middleOnly: approvedRouters === null ? null : createMiddleOnly(approvedRouters, control),
    close: control.close,
  };
}

/** `552 Unrecognized key`: Tor says so of a document that it does not have. */
function saysNone(about: string): boolean {
  return about.startsWith('552 ');
}

function documentOf({ lines }: Reply): string {
  const data = lines.find((line) => line.data !== null)?.data ?? [];
  return data.length === 0 ? '' : `${data.join('\n')}\n`;
}

export function seenIn(text: string): Result<TorSeen> {
  const parsed = parseConsensus(text);
  if (!parsed.ok) return parsed;
  const { n, e } = relaysAndExits(parsed.value);
  const relays = new Map(parsed.value.relays.map((one) => [one.identity, one]));
  return ok({
    validAfter: parsed.value.validAfter,
    relays: Number(n),
    exits: Number(e),
    relay: (fingerprint) => relays.get(fingerprint) ?? null,
  });
}

/** The tor beside, and further authorities: it is asked of the first, all are told whom to mark. */
export function joinedTors(beside: DirectoryTor, further: readonly DirectoryTor[]): DirectoryTor {
  const all = [beside, ...further];
  const marking = all.flatMap((one) => (one.middleOnly === null ? [] : [one.middleOnly]));
  return {
    ...beside,
    middleOnly: marking.length === 0 ? null : middleOnlyAtAll(marking),
    async close() {
      await Promise.all(all.map((one) => one.close()));
    },
  };
}
