/*
 * A CELL_STATS event: its words in; which circuit, and how many relay cells this hop has sent to each side of it since the event
 * before, out. Pure. Called by reading/watch.ts. Only networks of testing have the event.
 */
import { CIRCUIT_ID_MAX } from '../../core/limits.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { wordsOf } from '../control/words.ts';

/** One end of a circuit: the number of the channel, and the circuit's id on it. */
export interface End {
  readonly channel: string;
  readonly circuit: number;
}

export interface CellStats {
  /** Nearer the user; null for a circuit that this tor has built itself. */
  readonly inbound: End | null;
  /** Nearer the destination; null at the last hop, and until the circuit is extended. */
  readonly outbound: End | null;
  /** The number of an own circuit. */
  readonly own: string | null;
  /** relay and relay_early cells sent, both ways. */
  readonly cells: bigint;
  /** It was made by CREATE_FAST: a client’s that asks the directory, if nothing follows. */
  readonly isFast: boolean;
}

export const cellRefusals = {
  'cells-shape': {
    retry: false,
    text: 'an event of Tor about cells is not what this program knows how to read',
    remedy: 'see the version of tor: 0.4.9 is known',
  },
} as const;
const refuse = refuser(cellRefusals);

/** `text`: what follows `CELL_STATS `. */
export function cellStats(text: string): Result<CellStats> {
  const named = wordsOf(text)?.named;
  if (named === undefined) return refuse('cells-shape', text);
  const inbound = endOf(named, 'Inbound');
  const outbound = endOf(named, 'Outbound');
  const back = sentOf(named.get('InboundRemoved'));
  const forth = sentOf(named.get('OutboundRemoved'));
  const own = named.get('ID') ?? null;
  if (inbound === false || outbound === false || back === null || forth === null) return refuse('cells-shape', text);
  if ((own === null) === (inbound === null) || (inbound === null && outbound === null)) return refuse('cells-shape', text);
  return ok({ inbound, outbound, own, cells: back.relay + forth.relay, isFast: back.isFast });
}

/** Null where the event has none; false where it is half. */
function endOf(named: ReadonlyMap<string, string>, side: 'Inbound' | 'Outbound'): End | null | false {
  const [circuit, channel] = [named.get(`${side}Queue`), named.get(`${side}Conn`)];
  if (circuit === undefined && channel === undefined) return null;
  if (!isNumber(circuit) || !isNumber(channel) || Number(circuit) > CIRCUIT_ID_MAX) return false;
  return { channel, circuit: Number(circuit) };
}

interface Sent {
  readonly relay: bigint;
  readonly isFast: boolean;
}

/** `relay:10861,relay_early:7,create2:1`; null where it is not that. */
function sentOf(text: string | undefined): Sent | null {
  let relay = 0n;
  let isFast = false;
  for (const part of text === undefined ? [] : text.split(',')) {
    const [command, cells, more] = part.split(':');
    if (!/^[a-z0-9_]+$/.test(command ?? '') || !isNumber(cells) || more !== undefined) return null;
    if (command === 'relay' || command === 'relay_early') relay += BigInt(cells);
    isFast ||= command === 'created_fast';
  }
  return { relay, isFast };
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,20}$/.test(text);
}
