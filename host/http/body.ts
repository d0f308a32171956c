/*
 * A request's body: bytes up to a limit out, or a refusal. Not express's own reader: that reads whatever is too large to its end, which
 * may never come, before it says so. Called by mount.ts.
 */
import type { IncomingMessage } from 'node:http';
import { ok, type Result } from '../../core/refusal.ts';
import { refuseHttp } from './refusals.ts';

/** Read on and thrown away, so that who sends somewhat too much can finish and take the answer. */
const SPILT_MAX = 1024 * 1024;

/** Compressed bodies are refused, so that the limit is one of memory. */
export function readBody(request: IncomingMessage, limit: number, name: string): Promise<Result<Buffer>> {
  const coding = request.headers['content-encoding'] ?? 'identity';
  if (coding !== 'identity') return Promise.resolve(refuseHttp('bad-request', name));
  if (Number(request.headers['content-length'] ?? 0) > limit + SPILT_MAX) return Promise.resolve(refuseHttp('too-large', name));
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else chunks.length = 0;
      if (size > limit + SPILT_MAX) end(refuseHttp('too-large', name));
    };
    const breakOff = (): void => end(refuseHttp('bad-request', name));
    const end = (outcome: Result<Buffer>): void => {
      request.off('data', take).off('close', breakOff);
      request.pause();
      resolve(outcome);
    };
    request.on('data', take);
    request.once('end', () =>
      end(size > limit ? refuseHttp('too-large', name) : ok(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))),
    );
    // Broken off: there is nobody left to answer.
    request.once('error', breakOff);
    request.once('close', breakOff);
  });
}
