/*
 * Outcome: what became of a pair's interval, told to the own relay, which lends and keeps IOUs by it. Put by pair/flow.ts,
 * sent by the outbox.
 */
import { done, pairOutcome } from '../../core/local/messages.ts';
import { invariant } from '../../core/refusal.ts';
import { decode } from '../../core/wire/codec.ts';
import type { OutboxKind } from '../../host/outbox.ts';
import type { Office } from '../office.ts';

export function outcomeKind(office: Office): OutboxKind {
  return {
    async send(row) {
      const body = decode(row.body, pairOutcome);
      invariant(body.ok, 'an outcome in the outbox reads back');
      return office.ports.http.local('relay', '/relay/outcome', body.value, done);
    },
    async done() {},
    async refused(_tx, _row, refusal) {
      office.ports.log.warn('outcome-not-taken', { role: 'settlement', code: refusal.code });
    },
  };
}
