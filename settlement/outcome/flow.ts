/*
 * Outcome: what became of a pair's interval, told to the own relay, which lends and keeps IOUs by it. Put by pair/flow.ts,
 * sent by the outbox.
 */
import { done, localRefusals, pairOutcome } from '../../core/local/messages.ts';
import { invariant } from '../../core/refusal.ts';
import { decode } from '../../core/wire/codec.ts';
import type { OutboxKind } from '../../host/outbox.ts';
import type { Office } from '../office.ts';

export function outcomeKind(office: Office): OutboxKind {
  return {
    async send(row) {
      const body = decode(row.body, pairOutcome);
      invariant(body.ok, 'an outcome in the outbox reads back');
      const told = await office.ports.http.local('relay', '/relay/outcome', body.value, done);
      // Only the relay's own word is the last: what goes wrong on the way to it (a token, a version) the operator puts right.
      if (told.ok || told.refusal.code in localRefusals) return told;
      return { ok: false, refusal: { ...told.refusal, retry: true } };
    },
    async done() {},
    async refused(_tx, _row, refusal) {
      office.ports.log.warn('outcome-not-taken', { role: 'settlement', code: refusal.code });
    },
  };
}
