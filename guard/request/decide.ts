/*
 * The first checks of every request, in the order of guardRefusals: for this guard, signed by the subscriber, of now. Pure.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { guardRefusals, type SubscriberRequest } from '../../core/wire/guard.ts';

const refuse = refuser(guardRefusals);

export interface Here {
  readonly networkId: string;
  readonly guard: string;
  readonly now: number;
  readonly skewSec: number;
}

export function checkRequest(signed: Signed<SubscriberRequest>, here: Here): Result<Verified<SubscriberRequest>> {
  const { guard, subscriber, at } = signed.body;
  if (guard !== here.guard) return refuse('request-other-guard', guard);
  const verified = verify('request', here.networkId, signed, subscriber);
  if (verified === null) return refuse('request-signature', subscriber);
  if (Math.abs(at - here.now) > here.skewSec) return refuse('request-time', `${at}, here it is ${here.now}`);
  return ok(verified);
}
