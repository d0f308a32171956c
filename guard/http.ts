/*
 * The guard's endpoints: method, path, schema, flow. A subscriber's request is sealed to the guard, the offer and the
 * docket's notices are public, the rest is for the operator's own machine.
 */
import { z } from 'zod';
import type { Signed } from '../core/crypto/sign.ts';
import { sessionShortfall, type SessionShortfall } from '../core/local/messages.ts';
import type { Result } from '../core/refusal.ts';
import { signedRequest, type RequestAnswer, type SubscriberRequest } from '../core/wire/guard.ts';
import { caseNotice, type CaseNotice } from '../core/wire/verdict.ts';
import type { Endpoint } from '../host/ports.ts';

export interface GuardCalls {
  request(signed: Signed<SubscriberRequest>): Promise<Result<RequestAnswer>>;
  shortfall(total: SessionShortfall): Result<{ done: true }>;
  complained(notice: CaseNotice): Promise<Result<unknown>>;
  offer(): Promise<Result<unknown>>;
  status(): Promise<Result<unknown>>;
}

const nothing = z.strictObject({});

export function guardEndpoints(calls: GuardCalls): readonly Endpoint[] {
  return [
    {
      method: 'POST',
      path: '/guard/request',
      access: 'subscriber',
      tag: 'request',
      input: signedRequest,
      answer: (input: Signed<SubscriberRequest>) => calls.request(input),
    },
    {
      method: 'POST',
      path: '/guard/complained',
      access: 'public',
      tag: 'notice',
      input: caseNotice,
      answer: (input: CaseNotice) => calls.complained(input),
    },
    { method: 'GET', path: '/guard/offer', access: 'public', tag: 'offer', input: nothing, answer: () => calls.offer() },
    {
      method: 'POST',
      path: '/guard/shortfall',
      access: 'local',
      tag: 'shortfall',
      input: sessionShortfall,
      answer: async (input: SessionShortfall) => calls.shortfall(input),
    },
    { method: 'GET', path: '/guard/status', access: 'local', tag: 'status', input: nothing, answer: () => calls.status() },
  ];
}
