/*
 * What may be asked of a relay: the liveness that authorities probe, IOUs on links, and its operator's own calls.
 */
import { z } from 'zod';
import { signedSchema } from '../core/crypto/sign.ts';
import { bookQuery, pairOutcome, sessionNamed, sessionOpen } from '../core/local/messages.ts';
import type { BookQuery, PairOutcome, SessionNamed, SessionOpen } from '../core/local/messages.ts';
import { invariant, ok } from '../core/refusal.ts';
import type { Signed } from '../core/crypto/sign.ts';
import type { AliveAnswer } from '../core/wire/directory.ts';
import { ackQuery, iouDelivery, type AckQuery, type IouDelivery } from '../core/wire/iou.ts';
import type { Caller, Clock, Database, Endpoint, Log, NetworkView } from '../host/ports.ts';
import type { RelayConfig } from './config.ts';
import type { CreditFlow } from './credit/flow.ts';
import { readBookPage } from './iou/book.ts';
import type { Taker } from './iou/take.ts';
import type { Readings } from './link/flow.ts';
import type { SessionFlow } from './session/flow.ts';

export interface Flows {
  readonly taker: Taker;
  readonly sessions: SessionFlow;
  readonly credit: CreditFlow;
  readonly readings: Readings;
}

interface HttpPorts {
  readonly clock: Clock;
  readonly database: Database;
  readonly log: Log;
  readonly network: NetworkView;
}

const nothing = z.strictObject({});
const ofInterval = z.strictObject({
  interval: z
    .string()
    .regex(/^[0-9]{1,10}$/, 'the number of an interval')
    .optional(),
});

export function endpoints(ports: HttpPorts, config: RelayConfig, { taker, sessions, credit, readings }: Flows): Endpoint[] {
  const alive: AliveAnswer = { id: config.id, nickname: config.nickname };
  return [
    { method: 'GET', path: '/relay/alive', access: 'public', tag: 'alive', input: nothing, answer: async () => ok(alive) },
    {
      ...{ method: 'POST', path: '/relay/ious', access: 'link', tag: 'delivery', input: signedSchema(iouDelivery) },
      answer: (delivery: Signed<IouDelivery>, from) => taker.take(delivery, relayOf(from)),
    },
    {
      ...{ method: 'POST', path: '/relay/acks', access: 'link', tag: 'ack-query', input: ackQuery },
      answer: (query: AckQuery, from) => taker.ask(query, relayOf(from)),
    },
    {
      ...{ method: 'POST', path: '/relay/session-open', access: 'local', tag: 'session-open', input: sessionOpen },
      answer: async (asked: SessionOpen) => sessions.open(asked),
    },
    {
      ...{ method: 'POST', path: '/relay/session-known', access: 'local', tag: 'session-known', input: sessionNamed },
      answer: async (asked: SessionNamed) => sessions.known(asked),
    },
    {
      ...{ method: 'POST', path: '/relay/session-close', access: 'local', tag: 'session-close', input: sessionNamed },
      answer: async (asked: SessionNamed) => sessions.close(asked),
    },
    {
      ...{ method: 'POST', path: '/relay/book', access: 'local', tag: 'book', input: bookQuery },
      answer: (query: BookQuery) => readBookPage(ports, query),
    },
    {
      ...{ method: 'POST', path: '/relay/outcome', access: 'local', tag: 'outcome', input: pairOutcome },
      answer: (outcome: PairOutcome) => credit.takeOutcome(outcome),
    },
    {
      ...{ method: 'GET', path: '/relay/links', access: 'local', tag: 'links', input: nothing },
      answer: async () => ok(await readings.links()),
    },
    {
      ...{ method: 'GET', path: '/relay/ious', access: 'local', tag: 'ious', input: ofInterval },
      answer: async (asked: { interval?: string }) =>
        ok(await readings.ious(asked.interval === undefined ? null : Number(asked.interval))),
    },
    {
      ...{ method: 'GET', path: '/relay/status', access: 'local', tag: 'status', input: nothing },
      answer: async () => ok(await readings.status()),
    },
  ];
}

function relayOf(from: Caller): string {
  invariant(from.relay !== undefined, 'a link has a sender');
  return from.relay;
}
