/*
 * What the user's own tor says of its circuits: CIRC and CIRC_BW events of its control port in; cumulative bytes of each circuit at
 * its first hop, counted as the guard's meter counts them, out. The state is pure; `watchOwnCircuits` joins it to a tor. Called by node.
 */
import type { Place } from '../../host/dial.ts';
import type { Secrets } from '../control/authenticate.ts';
import { openControl, type ControlPorts, type ControlState } from '../control/client.ts';
import { circuitStatus } from '../control/circuit-status.ts';
import type { Session } from '../control/session.ts';
import type { OwnCircuit, OwnCircuits } from './client.ts';
import { createListeners } from '../listeners.ts';
import { CELL_BYTES } from '../meter.ts';

export interface OwnWatch extends OwnCircuits {
  state(): ControlState;
  close(): Promise<void>;
}

export interface OwnOptions {
  readonly place: Place;
  readonly secrets: Secrets;
  /** The relay's id, of its fingerprint (upper case); null outside the scheme. */
  relayOf(fingerprint: string): string | null;
}

export function watchOwnCircuits(ports: ControlPorts, { place, secrets, relayOf }: OwnOptions): OwnWatch {
  const readings = createListeners<OwnCircuit>();
  const circuits = createOwnCircuits(relayOf);
  const tell = (told: readonly OwnCircuit[]): void => {
    for (const reading of told) readings.tell(reading);
  };

  async function up(session: Session): Promise<void> {
    // What is not heard of a circuit is kept by tor until somebody listens.
    const known = await circuitStatus(session);
    if (known.ok) for (const line of known.value) tell(circuits.circuit(line));
    await session.ask('SETEVENTS CIRC CIRC_BW');
  }

  const client = openControl(ports, place, secrets, {
    up: (session) => void up(session),
    event({ lines }) {
      for (const { text } of lines) {
        if (text.startsWith('CIRC ')) tell(circuits.circuit(text.slice('CIRC '.length)));
        if (text.startsWith('CIRC_BW ')) tell(circuits.bandwidth(text.slice('CIRC_BW '.length)));
      }
    },
    // It may be another tor that comes back: its numbers are others.
    away: () => tell(circuits.forget()),
  });
  return { onReading: readings.listen, state: client.state, close: client.close };
}

/** Tor counts payloads of cells here (control-spec, CIRC_BW), 509 bytes each; a cell has 514. */
const PAYLOAD_BYTES = 509n;
/** More than any tor has open; the oldest are forgotten. */
const CIRCUITS_MAX = 10_000;

export function createOwnCircuits(relayOf: (fingerprint: string) => string | null) {
  /** By tor's number: ours, which is not used again. */
  const circuits = new Map<string, { readonly guard: string; readonly circuit: number; payload: bigint }>();
  let numbers = 0;

  const readingOf = (id: string, closed: boolean): OwnCircuit[] => {
    const known = circuits.get(id);
    if (known === undefined) return [];
    if (closed) circuits.delete(id);
    return [{ guard: known.guard, circuit: known.circuit, bytes: (known.payload / PAYLOAD_BYTES) * CELL_BYTES, closed }];
  };

  return {
    /** `20 BUILT $FP~name,… BUILD_FLAGS=… PURPOSE=…`. A circuit of one hop asks the directory: it is not paid as one. */
    circuit(text: string): OwnCircuit[] {
      const [, id, status, path = '', rest = ''] = /^(\d+) ([A-Z_]+)(?: (\$[^ ]+))?(.*)$/.exec(text) ?? [];
      if (id === undefined) return [];
      if (status === 'CLOSED' || status === 'FAILED') return readingOf(id, true);
      const fingerprint = /^\$([0-9A-F]{40})/.exec(path)?.[1];
      if (circuits.has(id) || fingerprint === undefined || /\bONEHOP_TUNNEL\b/.test(rest)) return [];
      const guard = relayOf(fingerprint);
      if (guard === null) return [];
      if (circuits.size >= CIRCUITS_MAX) circuits.delete(circuits.keys().next().value as string);
      circuits.set(id, { guard, circuit: (numbers += 1), payload: 0n });
      return [];
    },
    /** `ID=20 READ=… WRITTEN=…`, since the event before. */
    bandwidth(text: string): OwnCircuit[] {
      const [, id = ''] = /\bID=(\d+)/.exec(text) ?? [];
      const [, read] = /\bREAD=(\d{1,15})/.exec(text) ?? [];
      const [, written] = /\bWRITTEN=(\d{1,15})/.exec(text) ?? [];
      const known = circuits.get(id);
      if (known === undefined || read === undefined || written === undefined) return [];
      known.payload += BigInt(read) + BigInt(written);
      return readingOf(id, false);
    },
    forget: (): OwnCircuit[] => [...circuits.keys()].flatMap((id) => readingOf(id, true)),
  };
}
