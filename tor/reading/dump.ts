/*
 * What SIGNAL DUMP says of Tor's channels: log lines in, one after the other; all channels out once the last has come. The only
 * place where Tor joins a channel's number to its peer and to its connection, in any network. Pure. Called by reading/watch.ts.
 */
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';

export interface Count {
  readonly cells: bigint;
  readonly bytes: bigint;
}

export interface Channel {
  /** Tor's number of it: never used again by the same process. CELL_STATS calls it Conn. */
  readonly id: string;
  /** Its number as a connection, which ORCONN events call ID. */
  readonly connection: string;
  /** With the number it names the channel for good: a tor that starts again counts from one. */
  readonly createdAt: number;
  /** The peer's RSA fingerprint, upper case; null for a client, and before the handshake. */
  readonly peer: string | null;
  /** Whether Tor takes the peer for a client. */
  readonly isClient: boolean;
  /** `address:port` as Tor sees the peer; null where SafeLogging hides it. */
  readonly address: string | null;
  /** All circuits that run through it. */
  readonly circuits: number;
  readonly received: Count;
  readonly sent: Count;
}

export const dumpRefusals = {
  'dump-shape': {
    retry: true,
    text: 'what Tor says of its channels is not what this program knows how to read',
    remedy: 'see the version of tor: 0.4.9 is known; the next dump is read again',
  },
} as const;
const refuse = refuser(dumpRefusals);

export interface DumpReader {
  /** A line of the log; null until the dump has ended. */
  take(line: string): Result<readonly Channel[]> | null;
}

export function dumpReader(): DumpReader {
  const blocks = new Map<string, Block>();
  let isOpen = false;
  return {
    take(line) {
      if (/^Dumping statistics about \d+ channels:$/.test(line)) isOpen = true;
      if (line === 'No channels to dump.' || line === 'No channels to dump') return ok([]);
      if (!isOpen) return null;
      if (line === 'Done spamming about channels now') return channelsOf(blocks);
      const [, head, connection] = HEAD.exec(line) ?? [];
      if (head !== undefined) blocks.set(head, { connection: connection as string });
      const [, id, said] = /^ \* Channel (\d+) (.*)$/.exec(line) ?? [];
      const block = id === undefined ? undefined : blocks.get(id);
      if (block !== undefined) takeFact(block, said as string);
      return null;
    },
  };
}

const HEAD = /^Channel (\d+) \(at 0x[0-9a-f]+\) with transport TLS channel \(connection (\d+)\) is in state /;

interface Block {
  readonly connection: string;
  createdAt?: number;
  peer?: string | null;
  isClient?: boolean;
  address?: string | null;
  circuits?: number;
  received?: Count;
  sent?: Count;
}

/** Lines in Tor's order; those of averages and times are passed over. */
function takeFact(block: Block, said: string): void {
  for (const [pattern, take] of facts) {
    const found = pattern.exec(said);
    if (found !== null) return take(block, found);
  }
}

const facts: readonly (readonly [RegExp, (block: Block, found: RegExpExecArray) => void])[] = [
  [/^was created at (\d+) /, (block, [, at]) => (block.createdAt = Number(at))],
  [/^says it is connected to an OR with digest ([0-9A-F]{40})$/, (block, [, peer]) => (block.peer = peer as string)],
  [/^does not know the digest of the OR it is connected to$/, (block) => (block.peer = null)],
  [
    /^(?:says its remote address is|does not know its remote address, but gives) .*actual description of "([^" ]*)[" ]/,
    (block, [, address]) => (block.address = /:\d+$/.test(address as string) ? (address as string) : null),
  ],
  [/^has these marks: (.*)$/, (block, [, marks]) => (block.isClient = (marks as string).split(' ').includes('client'))],
  [/^has \d+ active circuits out of (\d+) in total$/, (block, [, circuits]) => (block.circuits = Number(circuits))],
  [
    /^has received (\d+) bytes in (\d+) cells and transmitted (\d+) bytes in (\d+) cells$/,
    (block, [, bytesIn, cellsIn, bytesOut, cellsOut]) => {
      block.received = { cells: BigInt(cellsIn as string), bytes: BigInt(bytesIn as string) };
      block.sent = { cells: BigInt(cellsOut as string), bytes: BigInt(bytesOut as string) };
    },
  ],
];

function channelsOf(blocks: ReadonlyMap<string, Block>): Result<readonly Channel[]> {
  const channels: Channel[] = [];
  for (const [id, block] of blocks) {
    const { createdAt, peer, isClient, circuits, received, sent } = block;
    const isWhole = createdAt !== undefined && peer !== undefined && isClient !== undefined && circuits !== undefined;
    if (!isWhole || received === undefined || sent === undefined) return refuse('dump-shape', `channel ${id}`);
    invariant(Number.isSafeInteger(createdAt), 'a time of Tor is a number of seconds');
    const { connection, address = null } = block;
    channels.push({ id, connection, createdAt, peer, isClient, address, circuits, received, sent });
  }
  return ok(channels);
}
