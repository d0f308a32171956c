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
  /** Of circuits whose later hops are not all in the scheme: those hops are paid by nobody. */
  unpaid(): Unpaid;
  /** Has tor read its torrc again; false when it is away, or does not take it. */
  reload(): Promise<boolean>;
  close(): Promise<void>;
}

export interface Unpaid {
  readonly circuits: number;
  readonly bytes: bigint;
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

  let control: Session | null = null;
  const waiting: (() => void)[] = [];

  async function up(session: Session): Promise<void> {
    control = session;
    await listenTo(session);
    for (const heard of waiting.splice(0)) heard();
  }

  async function listenTo(session: Session): Promise<void> {
    // What is not heard of a circuit is kept by tor until somebody listens. One that never carries anything is not told of.
    const known = await circuitStatus(session);
    if (known.ok) for (const line of known.value) circuits.circuit(line);
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
    away() {
      control = null;
      tell(circuits.forget());
    },
  });
  return {
    onReading: readings.listen,
    state: client.state,
    unpaid: circuits.unpaid,
    ready() {
      if (control !== null) return Promise.resolve();
      client.hurry();
      return new Promise((resolve) => void waiting.push(resolve));
    },
    reload: async () => (await control?.ask('SIGNAL RELOAD'))?.ok === true,
    close: client.close,
  };
}

/** Tor counts payloads of cells here (control-spec, CIRC_BW), 509 bytes each; a cell has 514. */
const PAYLOAD_BYTES = 509n;
/** More than any tor has open; the oldest are forgotten. */
const CIRCUITS_MAX = 10_000;

interface Own {
  readonly guard: string;
  readonly circuit: number;
  payload: bigint;
  /** To a second relay of the scheme. */
  isLed: boolean;
  /** A hop after the guard is outside the scheme. */
  leavesScheme: boolean;
}

export function createOwnCircuits(relayOf: (fingerprint: string) => string | null) {
  /** By tor's number: ours, which is not used again. */
  const circuits = new Map<string, Own>();
  let numbers = 0;
  let over: Unpaid = { circuits: 0, bytes: 0n };

  const bytesOf = (known: Own): bigint => (known.payload / PAYLOAD_BYTES) * CELL_BYTES;
  const withUnpaid = (sum: Unpaid, known: Own): Unpaid =>
    known.leavesScheme ? { circuits: sum.circuits + 1, bytes: sum.bytes + bytesOf(known) } : sum;

  const readingOf = (id: string, closed: boolean): OwnCircuit[] => {
    const known = circuits.get(id);
    if (known === undefined) return [];
    if (closed) {
      circuits.delete(id);
      over = withUnpaid(over, known);
    }
    return [{ guard: known.guard, circuit: known.circuit, bytes: bytesOf(known), isLed: known.isLed, closed }];
  };

  return {
    /** `20 BUILT $FP~name,… BUILD_FLAGS=… PURPOSE=…`. A circuit of one hop asks the directory: it is not paid as one. */
    circuit(text: string): OwnCircuit[] {
      const [, id, status, path = '', rest = ''] = /^(\d+) ([A-Z_]+)(?: (\$[^ ]+))?(.*)$/.exec(text) ?? [];
      if (id === undefined) return [];
      if (status === 'CLOSED' || status === 'FAILED') return readingOf(id, true);
      const [first, ...later] = [...path.matchAll(/\$([0-9A-F]{40})/g)].map((match) => match[1] ?? '');
      if (first === undefined || /\bONEHOP_TUNNEL\b/.test(rest)) return [];
      const known = circuits.get(id);
      const leavesScheme = later.some((hop) => relayOf(hop) === null);
      const isLed = later[0] !== undefined && relayOf(later[0]) !== null;
      if (known !== undefined) {
        known.leavesScheme ||= leavesScheme;
        known.isLed ||= isLed;
        return [];
      }
      const guard = relayOf(first);
      if (guard === null) return [];
      const oldest = circuits.size < CIRCUITS_MAX ? [] : readingOf(circuits.keys().next().value as string, true);
      circuits.set(id, { guard, circuit: (numbers += 1), payload: 0n, isLed, leavesScheme });
      // Told before its first bytes are, which come up to a second later: its starting amount is charged from now on.
      return [...oldest, ...readingOf(id, false)];
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
    unpaid: (): Unpaid => [...circuits.values()].reduce(withUnpaid, over),
  };
}
