/*
 * Frames: kind 1 ‖ length 2 (big-endian) ‖ payload. Bytes as they come off the wire in; pieces of data and whole control frames
 * out, and back. Pure; holds at most one control frame. Called by framed.ts.
 */
import { invariant, ok, type Result } from '../../core/refusal.ts';
import { refuseTransport } from './refusals.ts';

export const DATA = 0;
export const CONTROL = 1;
export const HEADER_BYTES = 3;
/** Of one payload: what its length can say. */
export const PAYLOAD_MAX = 65_535;

export type Piece =
  /** Some of a data frame's payload: as much as has come. */
  | { readonly kind: 'data'; readonly bytes: Buffer }
  /** A whole control frame, sealed. */
  | { readonly kind: 'control'; readonly sealed: Buffer };

export interface FrameReader {
  /** What these bytes complete. After a refusal nothing more is read. */
  push(bytes: Buffer): Result<readonly Piece[]>;
}

export function header(kind: typeof DATA | typeof CONTROL, length: number): Buffer {
  invariant(length >= 1 && length <= PAYLOAD_MAX, 'a frame has a payload that its length can say');
  const head = Buffer.allocUnsafe(HEADER_BYTES);
  head.writeUInt8(kind, 0);
  head.writeUInt16BE(length, 1);
  return head;
}

export function createFrameReader(): FrameReader {
  const head = Buffer.alloc(HEADER_BYTES);
  let headed = 0;
  /** Of the frame that has begun. */
  let kind = DATA;
  let left = 0;
  let held: Buffer[] = [];

  function readPayload(bytes: Buffer, pieces: Piece[]): Buffer {
    const part = bytes.subarray(0, left);
    left -= part.length;
    if (kind === DATA) pieces.push({ kind: 'data', bytes: part });
    else held.push(part);
    if (left === 0) {
      if (kind === CONTROL) pieces.push({ kind: 'control', sealed: Buffer.concat(held) });
      held = [];
      headed = 0;
    }
    return bytes.subarray(part.length);
  }

  return {
    push(bytes) {
      const pieces: Piece[] = [];
      let rest = bytes;
      while (rest.length > 0) {
        if (left > 0) {
          rest = readPayload(rest, pieces);
          continue;
        }
        const taken = rest.copy(head, headed, 0, HEADER_BYTES - headed);
        headed += taken;
        rest = rest.subarray(taken);
        if (headed < HEADER_BYTES) break;
        kind = head.readUInt8(0);
        left = head.readUInt16BE(1);
        if ((kind !== DATA && kind !== CONTROL) || left === 0)
          return refuseTransport('transport-frame', `kind ${kind}, ${left} bytes`);
      }
      return ok(pieces);
    },
  };
}
