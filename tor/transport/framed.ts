/*
 * A connection after its handshake: a stream and its two ciphers in; data and messages, both ways, out. Nothing is held beyond what
 * the stream holds and one control frame. Used by both ends.
 */
import type { Duplex } from 'node:stream';
import { invariant, type Refusal } from '../../core/refusal.ts';
import { CONTROL, createFrameReader, DATA, header, PAYLOAD_MAX, type Piece } from './frame.ts';
import { drained } from './inlet.ts';
import { MESSAGE_BYTES_MAX, readMessage, writeMessage, type TransportMessage } from './message.ts';
import type { Secured } from './noise.ts';
import { refuseTransport } from './refusals.ts';

export type Item =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'message'; readonly message: TransportMessage }
  /** The last item: the other side does not keep to the protocol. */
  | { readonly kind: 'fault'; readonly refusal: Refusal };

export interface Framed {
  readonly stream: Duplex;
  /** Null at the end, however it came. One call at a time. */
  next(): Promise<Item | null>;
  /** At most PAYLOAD_MAX bytes; resolves when the stream takes more. */
  sendData(bytes: Buffer): Promise<void>;
  send(message: TransportMessage): void;
}

export function createFramed(stream: Duplex, secured: Secured): Framed {
  const chunks = stream.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  const reader = createFrameReader();
  const waiting: Item[] = [];
  let isFaulty = false;

  function itemOf(piece: Piece): Item {
    if (piece.kind === 'data') return piece;
    const opened = secured.receive.open(piece.sealed);
    const message = opened === null ? null : readMessage(opened);
    if (message !== null) return { kind: 'message', message };
    return { kind: 'fault', refusal: refuseTransport('transport-frame', 'control').refusal };
  }

  function take(bytes: Buffer): void {
    const read = reader.push(bytes);
    if (!read.ok) waiting.push({ kind: 'fault', refusal: read.refusal });
    else for (const piece of read.value) waiting.push(itemOf(piece));
  }

  function write(kind: typeof DATA | typeof CONTROL, payload: Buffer): void {
    if (stream.destroyed || stream.writableEnded) return;
    stream.cork();
    stream.write(header(kind, payload.length));
    stream.write(payload);
    stream.uncork();
  }

  return {
    stream,
    async next() {
      while (waiting.length === 0) {
        if (isFaulty) return null;
        const chunk = await chunks.next().catch(() => null);
        if (chunk === null || chunk.done === true) return null;
        take(chunk.value);
      }
      const item = waiting.shift() as Item;
      if (item.kind === 'fault') {
        isFaulty = true;
        waiting.length = 0;
      }
      return item;
    },
    sendData(bytes) {
      invariant(bytes.length <= PAYLOAD_MAX, 'data is cut into frames before');
      write(DATA, bytes);
      return drained(stream);
    },
    send(message) {
      const plain = writeMessage(message);
      invariant(plain.length <= MESSAGE_BYTES_MAX, 'a message fits a frame');
      write(CONTROL, secured.send.seal(plain));
    },
  };
}
