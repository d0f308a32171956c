/*
 * What goes wrong between two machines, and the status code that each refusal is sent with: the only place that knows status
 * codes. Called by the server and the client.
 */
import { z } from 'zod';
import { refuser, type Refusal } from '../../core/refusal.ts';

export const httpRefusals = {
  'unknown-endpoint': {
    retry: false,
    text: 'there is nothing at this address',
    remedy: 'check the address and the role that answers there',
  },
  'no-token': { retry: false, text: 'the local token is missing or wrong', remedy: 'use the token file of this node' },
  overloaded: { retry: true, text: 'too many requests at once', remedy: 'try again shortly' },
  'too-large': { retry: false, text: 'the message is larger than its limit', remedy: 'send it in smaller parts' },
  'bad-request': { retry: false, text: 'the request cannot be read', remedy: 'send it whole, in UTF-8 and not compressed' },
  internal: { retry: true, text: 'the other side failed', remedy: 'try again; its operator finds the reason in the log' },
  unreachable: { retry: true, text: 'no answer from the other side', remedy: 'check the address and whether it is up' },
  'bad-answer': {
    retry: true,
    text: 'the answer is not what was asked for',
    remedy: 'check that both sides are of the same version',
  },
  'answer-too-large': { retry: false, text: 'the answer is larger than its limit', remedy: 'ask for less' },
} as const;
export const refuseHttp = refuser(httpRefusals);

/** A refusal as it comes from another machine: text, so bounded. */
export const refusalShape = z.strictObject({
  code: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  about: z.string().max(1000),
  retry: z.boolean(),
  text: z.string().max(1000),
  remedy: z.string().max(1000),
});

const statuses: Readonly<Record<string, number>> = {
  'unknown-endpoint': 404,
  'no-token': 401,
  'too-large': 413,
  internal: 500,
  'bad-request': 400,
  'directory-no-relay': 404,
  'docket-no-case': 404,
};

export function statusOf(refusal: Refusal): number {
  return statuses[refusal.code] ?? (refusal.retry ? 503 : 422);
}
