/*
 * The tor beside a relay: [tor] of ptg.toml and what the node sees of the network in; the meter that reads it, out. Called by
 * node/start.
 */
import { isAbsolute, join } from 'node:path';
import type { Verified } from '../core/crypto/sign.ts';
import type { Consensus } from '../core/wire/consensus.ts';
import { dial, placeOf, type Place } from '../host/dial.ts';
import { readBounded } from '../host/files.ts';
import type { Clock, Entropy, Log, NetworkView } from '../host/ports.ts';
import type { Secrets } from '../tor/control/authenticate.ts';
import { watchTor, type TorMeter } from '../tor/reading/watch.ts';
import type { NodeSpec } from './spec.ts';

/** Where its control port is, and with what we write to it. */
export interface ControlGiven {
  readonly spec: NonNullable<NodeSpec['tor']>;
  readonly home: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
}

export interface TorBeside extends ControlGiven {
  readonly view: NetworkView;
  /** The session's connection, of a client's `address:port` as tor sees it; null for a client without a session. */
  readonly sessionOf: (address: string) => string | null;
}

/** A cookie has 32 bytes, a password one line. */
const SECRET_BYTES_MAX = 4096;

/** What a control port asks for; files from the node's folder. */
export function secretsIn(home: string, named: Pick<TorBeside['spec'], 'cookieFile' | 'passwordFile'>): Secrets {
  return {
    cookieFile: fileIn(home, named.cookieFile),
    passwordFile: fileIn(home, named.passwordFile),
    read: readSecret,
  };
}

export function fileIn(home: string, file: string | undefined): string | null {
  if (file === undefined) return null;
  return isAbsolute(file) ? file : join(home, file);
}

export function readSecret(file: string): Promise<Uint8Array | null> {
  return readBounded(file, SECRET_BYTES_MAX);
}

export interface ControlAt {
  readonly spec: Pick<ControlGiven['spec'], 'control' | 'cookieFile' | 'passwordFile'>;
  readonly home: string;
}

/** Its place, and the operator's secrets for it. */
export function controlOf({ spec, home }: ControlAt): { place: Place; secrets: Secrets } {
  const place = placeOf(spec.control);
  if (place === null)
    throw new Error(`no control port has this address\n  ${spec.control}\n  correct [tor] in ptg.toml [tor-control]`);
  return { place, secrets: secretsIn(home, spec) };
}

export function openTorMeter({ spec, home, clock, entropy, log, view, sessionOf }: TorBeside): TorMeter {
  const control = controlOf({ spec, home });
  // Said at each start: who runs this for money must not wait for it in vain.
  if (spec.meter === 'links') log.warn('watch-mode-nothing-is-billed', { url: spec.control });
  const relays = relaysByFingerprint(view);
  const meter = watchTor(
    { clock, entropy, log, dial },
    {
      ...control,
      kind: spec.meter,
      lookSec: spec.lookSec,
      relayOf: relays.of,
      connectionOf: sessionOf,
    },
  );
  return {
    ...meter,
    async close() {
      relays.close();
      await meter.close();
    },
  };
}

export interface Relays {
  /** The relay's id. */
  of(fingerprint: string): string | null;
  close(): void;
}

/** A fingerprint that two relays claim is nobody's: neither is paid for the other. */
export function relaysByFingerprint(view: NetworkView): Relays {
  let ids = new Map<string, string | null>();
  const read = (consensus: Verified<Consensus>): void => {
    ids = new Map();
    for (const { id } of consensus.body.relays) {
      const fingerprint = view.descriptor(id)?.body.fingerprint ?? null;
      if (fingerprint !== null) ids.set(fingerprint, ids.has(fingerprint) ? null : id);
    }
  };
  const known = view.consensus();
  if (known !== null) read(known);
  const close = view.onConsensus(read);
  // Tor writes them in upper case.
  return { of: (fingerprint) => ids.get(fingerprint.toLowerCase()) ?? null, close };
}
