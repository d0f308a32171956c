/*
 * Two connections joined: framed bytes of the transport on one side, tor's own on the other. Each side is read only as fast as the
 * other takes; what passed is counted. Ends when both are over. Used by both ends.
 */
import type { Duplex } from 'node:stream';
import type { Refusal } from '../../core/refusal.ts';
import { PAYLOAD_MAX } from './frame.ts';
import type { Framed } from './framed.ts';
import type { Gate } from './gate.ts';
import { closed, drained } from './inlet.ts';
import type { TransportMessage } from './message.ts';

export interface Splice {
  readonly framed: Framed;
  readonly plain: Duplex;
  readonly gate: Pick<Gate, 'take'>;
  /** So many bytes of data have passed, either way. */
  onBytes(count: number): void;
  /** So many came for tor, which takes no more. */
  onLost?(count: number): void;
  onMessage(message: TransportMessage): void;
  onFault(refusal: Refusal): void;
  /** One side is over: what it left may still pass, for as long as the owner lets it. More than once. */
  onEnding(): void;
}

export async function splice(joined: Splice): Promise<void> {
  const { framed, plain } = joined;
  await Promise.all([
    inward(joined).finally(() => {
      joined.onEnding();
      plain.end();
    }),
    outward(joined).finally(() => {
      joined.onEnding();
      framed.stream.end();
    }),
    closed(plain).then(() => joined.onEnding()),
    closed(framed.stream).then(() => joined.onEnding()),
  ]);
}

/**
 * Of data that waits to pass, while what follows it is read: a message behind it may be what it waits for, a signed tally. More than a
 * download's own traffic back to its circuits' ends.
 */
const HELD_BYTES_MAX = 131_072;

/** From the transport to tor. Once the gate has ended what still comes is dropped, so that the last message is not lost to a reset. */
async function inward({ framed, plain, gate, ...told }: Splice): Promise<void> {
  let held = 0;
  let passed = Promise.resolve();

  async function pass(bytes: Buffer): Promise<void> {
    let rest = bytes;
    while (rest.length > 0 && plain.writable) {
      const count = await gate.take(rest.length);
      // It may have gone meanwhile: what is not passed on is not counted.
      if (count === 0 || !plain.writable) break;
      told.onBytes(count);
      plain.write(rest.subarray(0, count));
      rest = rest.subarray(count);
      await drained(plain);
    }
    if (!plain.writable) told.onLost?.(rest.length);
    held -= bytes.length;
  }

  for (let item = await framed.next(); item !== null; item = await framed.next()) {
    if (item.kind === 'message') {
      // The last word comes after all that was said before.
      if (item.message.kind === 'end') await passed;
      told.onMessage(item.message);
    } else if (item.kind === 'fault') {
      told.onFault(item.refusal);
      framed.stream.destroy();
    } else {
      const { bytes } = item;
      held += bytes.length;
      passed = passed.then(() => pass(bytes));
      // Thrown where it is waited for, which is then at once.
      passed.catch(() => framed.stream.destroy());
      if (held > HELD_BYTES_MAX) await passed;
    }
  }
  await passed;
}

/** From tor to the transport. */
async function outward({ framed, plain, gate, onBytes }: Splice): Promise<void> {
  const chunks = plain.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  for (;;) {
    const chunk = await chunks.next().catch(() => null);
    if (chunk === null || chunk.done === true) return;
    // Of a side that has gone the other is read to its end, so that it closes.
    for (let rest = chunk.value; rest.length > 0 && framed.stream.writable;) {
      const count = await gate.take(Math.min(rest.length, PAYLOAD_MAX));
      if (count === 0) return;
      if (!framed.stream.writable) break;
      onBytes(count);
      await framed.sendData(rest.subarray(0, count));
      rest = rest.subarray(count);
    }
  }
}
