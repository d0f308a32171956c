/*
 * Notices: whoever is accused is told at once where to look; it fetches the case itself. A row in the transaction that opens the case,
 * sent until it is answered or the appeal window is over. Called by the items that open cases, and by the outbox.
 */
import { z } from 'zod';
import { done } from '../../core/local/messages.ts';
import { accusedOf, appealBy, type Case } from '../../core/rule/verdict.ts';
import { decode } from '../../core/wire/codec.ts';
import { hex32, url } from '../../core/wire/field.ts';
import { invariant } from '../../core/refusal.ts';
import { placeAt } from '../../host/http/place.ts';
import type { Outbox, OutboxKind } from '../../host/outbox.ts';
import type { CallOptions, Ports, Tx } from '../../host/ports.ts';

export interface Notices {
  put(tx: Tx, one: Case): Promise<void>;
}

const notice = z.strictObject({ case: hex32, url });
/** Strangers say where: no connection is kept, and hardly anything is read. */
const TELLING: CallOptions = { deadlineMs: 10_000, answerMax: 1024, once: true };

export function createNotices(put: Outbox['put']): Notices {
  return {
    async put(tx, one) {
      const to = addressOf(one);
      // A guard that has stopped being one says nowhere; whoever asks finds the case.
      if (to === null) return;
      const id = `notice ${one.id}`;
      const body = { case: one.id, url: to };
      await put(tx, { id, kind: 'notice', target: accusedOf(one), body, expires: appealBy(one) });
    },
  };
}

function addressOf(one: Case): string | null {
  if (one.kind === 'contest') return placeAt(one.accused.body.urls.settlement, '/settlement/contested');
  const { guard } = one.guard.body.urls;
  return guard === null ? null : placeAt(guard, '/guard/complained');
}

export function noticeKind({ http, log }: Pick<Ports, 'http' | 'log'>): OutboxKind {
  return {
    async send({ body }) {
      const read = decode(body, notice);
      invariant(read.ok, 'an outbox row is one that was put');
      return http.post(read.value.url, { case: read.value.case }, done, TELLING);
    },
    async done() {},
    async refused(_tx, _row, { code }) {
      log.info('notice-refused', { role: 'directory', code });
    },
  };
}
