/*
 * A Tor document's file as bytes, plain or gzip (as archives keep them): its text goes out. The size is bounded before and
 * while it unpacks. Called by whoever was given a file name.
 */
import { gunzipSync } from 'node:zlib';
import { ok } from '../../core/refusal.ts';
import type { Result } from '../../core/refusal.ts';
import { TOR_DOCUMENT_CHARS_MAX, refuse } from './document.ts';

export function unpackDocument(bytes: Uint8Array): Result<string> {
  if (bytes.length > TOR_DOCUMENT_CHARS_MAX) return refuse('tor-too-large', `${bytes.length} bytes`);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return ok(decode(bytes));
  try {
    return ok(decode(gunzipSync(bytes, { maxOutputLength: TOR_DOCUMENT_CHARS_MAX })));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') return refuse('tor-too-large', `over ${TOR_DOCUMENT_CHARS_MAX} bytes unpacked`);
    return refuse('tor-not-gzip', code ?? 'gzip');
  }
}

/** Contact lines may hold any bytes; what is no UTF-8 is replaced there and refused elsewhere. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
