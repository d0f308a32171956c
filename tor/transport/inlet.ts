/*
 * A stream read by so many bytes, for the dialogues that come before the splice; and waiting until a stream takes more. What is not
 * asked for stays in the stream, which holds no more than its high-water mark. Called by handshake, SOCKS and ExtORPort.
 */
import type { Duplex, Writable } from 'node:stream';

/** Null when it ends before. */
export async function take(stream: Duplex, count: number): Promise<Buffer | null> {
  if (count === 0) return Buffer.alloc(0);
  for (;;) {
    const bytes = stream.read(count) as Buffer | null;
    if (bytes !== null) return bytes.length === count ? bytes : null;
    if (stream.readableEnded || stream.destroyed) return null;
    await next(stream, ['readable', 'end', 'close', 'error']);
  }
}

/** Ends at once where it is gone. */
export function drained(stream: Writable): Promise<void> {
  if (!stream.writableNeedDrain || stream.destroyed) return Promise.resolve();
  return next(stream, ['drain', 'close', 'error']);
}

export function closed(stream: Duplex): Promise<void> {
  return stream.closed ? Promise.resolve() : next(stream, ['close']);
}

function next(stream: Duplex | Writable, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      for (const event of events) stream.off(event, end);
      resolve();
    };
    for (const event of events) stream.on(event, end);
  });
}
