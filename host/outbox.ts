/*
 * The outbox: messages that must arrive. A row is put in the transaction that decided it; it is sent afterwards, again and again
 * until there is a final answer, which is handled in the transaction that deletes the row. Called by each role's main.
 */
import { encode } from '../core/wire/codec.ts';
import { invariant, type Refusal, type Result } from '../core/refusal.ts';
import { errorText } from './log.ts';
import type { Clock, Database, Log, Tx } from './ports.ts';
import { delayOutbox, deleteOutbox, insertOutbox, insertOutboxRows, readOutbox, type OutboxRow } from './work/store.ts';

export type { OutboxRow } from './work/store.ts';

/** What a kind of message does. `send` runs outside of transactions, and more than once. */
export interface OutboxKind {
  send(row: OutboxRow): Promise<Result<unknown>>;
  done(tx: Tx, row: OutboxRow, answer: unknown): Promise<void>;
  /** A refusal that no repetition can change. */
  refused(tx: Tx, row: OutboxRow, refusal: Refusal): Promise<void>;
  expired?(tx: Tx, row: OutboxRow): Promise<void>;
}

export interface OutboxMessage {
  /** The same id put twice is one message. */
  readonly id: string;
  readonly kind: string;
  /** Messages to one target leave one after the other. */
  readonly target: string;
  /** Canonical JSON text as it stands, or any other value, which is encoded. */
  readonly body: unknown;
  /** The second from which it is no longer sent. */
  readonly expires: number;
}

export interface Outbox {
  put(tx: Tx, message: OutboxMessage): Promise<void>;
  /** Many at once, with different ids. */
  putAll(tx: Tx, messages: readonly OutboxMessage[]): Promise<void>;
  /** Sends what is due. */
  wake(): void;
  nextDue(): number | null;
  busy(): boolean;
  /** Sends nothing more and waits for what is in flight. */
  stop(): Promise<void>;
}

const IN_FLIGHT_MAX = 32;
const RETRY_SEC_MAX = 300;

interface OutboxPorts {
  readonly clock: Clock;
  readonly database: Database;
  readonly log: Log;
}

/** Loads the rows of an earlier run by itself; until then it is busy. */
export function createOutbox(ports: OutboxPorts, kinds: Readonly<Record<string, OutboxKind>>): Outbox {
  const { clock, database, log } = ports;
  const queues = new Map<string, OutboxRow[]>();
  const known = new Set<string>();
  const inFlight = new Map<string, Promise<void>>();
  let state: 'loading' | 'started' | 'stopped' = 'loading';
  const unhook = clock.onWake(check);
  let loading: Promise<void> | null = null;
  check();

  async function load(): Promise<void> {
    try {
      for (const row of await database.transaction((tx) => readOutbox(tx, database.owner))) add(row);
      if (state === 'loading') state = 'started';
      check();
    } catch (thrown) {
      // Tried again on the next wake-up: until then it is busy.
      log.error('outbox-not-loaded', { error: errorText(thrown) });
      loading = null;
    }
  }

  function rowOf({ id, kind, target, body, expires }: OutboxMessage): OutboxRow {
    invariant(Object.hasOwn(kinds, kind), `outbox kind ${kind} is known`);
    const stored = typeof body === 'string' ? body : encode(body);
    return { id, kind, target, body: stored, due: clock.now(), attempts: 0, expires };
  }

  function add(row: OutboxRow): void {
    if (known.has(row.id)) return;
    if (!Object.hasOwn(kinds, row.kind)) return log.error('outbox-kind-unknown', { job: row.kind });
    known.add(row.id);
    const queue = queues.get(row.target);
    if (queue === undefined) queues.set(row.target, [row]);
    else putInLine(queue, row);
  }

  function check(): void {
    if (state === 'loading') loading ??= load();
    if (state !== 'started') return;
    const now = clock.now();
    for (const [target, queue] of queues) {
      if (inFlight.size >= IN_FLIGHT_MAX) return;
      const row = headOf(queue);
      if (dueOf(row, now) > now || inFlight.has(target)) continue;
      const work = deliver(row).finally(() => {
        inFlight.delete(target);
        check();
      });
      inFlight.set(target, work);
    }
  }

  async function deliver(row: OutboxRow): Promise<void> {
    const kind = kinds[row.kind] as OutboxKind;
    try {
      if (row.expires <= clock.now()) return await close(row, async (tx) => kind.expired?.(tx, row));
      const result = await kind.send(row);
      if (result.ok) return await close(row, (tx) => kind.done(tx, row, result.value));
      if (!result.refusal.retry) return await close(row, (tx) => kind.refused(tx, row, result.refusal));
      log.info('message-delayed', { job: row.kind, code: result.refusal.code });
    } catch (thrown) {
      log.error('message-failed', { job: row.kind, error: errorText(thrown) });
    }
    await delay(row);
  }

  async function close(row: OutboxRow, handle: (tx: Tx) => Promise<void>): Promise<void> {
    await database.transaction(async (tx) => {
      // First, so that the same id may be put anew by what handles the answer.
      await deleteOutbox(tx, database.owner, row.id);
      tx.onCommit(() => replace(row, null));
      await handle(tx);
    });
  }

  async function delay(row: OutboxRow): Promise<void> {
    const wait = Math.min(2 ** row.attempts, RETRY_SEC_MAX);
    const now = clock.now();
    // At the end of its time it is due once more, to expire; what failed on expiring waits as usual.
    const due = row.expires > now ? Math.min(now + wait, row.expires) : now + wait;
    const later = { ...row, due, attempts: row.attempts + 1 };
    replace(row, later);
    try {
      await database.transaction((tx) => delayOutbox(tx, database.owner, row.id, due, later.attempts));
    } catch (thrown) {
      log.error('message-not-delayed', { job: row.kind, error: errorText(thrown) });
    }
  }

  function replace(row: OutboxRow, later: OutboxRow | null): void {
    const rest = queues.get(row.target) ?? [];
    const place = rest.findIndex((other) => other.id === row.id);
    if (place >= 0) rest.splice(place, 1);
    if (later === null) known.delete(row.id);
    else putInLine(rest, later);
    // To the end of the line: many targets that are down must not take every turn from those that are up.
    queues.delete(row.target);
    if (rest.length > 0) queues.set(row.target, rest);
  }

  return {
    async putAll(tx, messages) {
      if (messages.length === 0) return;
      const rows = await insertOutboxRows(tx, database.owner, messages.map(rowOf));
      tx.onCommit(() => {
        rows.forEach(add);
        check();
      });
    },
    async put(tx, message) {
      const row = rowOf(message);
      if (!(await insertOutbox(tx, database.owner, row))) return;
      tx.onCommit(() => {
        add(row);
        check();
      });
    },
    wake: check,
    nextDue() {
      let soonest: number | null = null;
      for (const [target, queue] of queues) {
        if (inFlight.has(target)) continue;
        const due = dueOf(headOf(queue), clock.now());
        if (soonest === null || due < soonest) soonest = due;
      }
      return soonest;
    },
    busy() {
      if (state === 'loading' || inFlight.size > 0) return true;
      const now = clock.now();
      return state === 'started' && [...queues.values()].some((queue) => dueOf(headOf(queue), now) <= now);
    },
    async stop() {
      state = 'stopped';
      unhook();
      await loading;
      await Promise.all(inFlight.values());
    },
  };
}

/** No delay is longer: what is due later was put off by a clock that was ahead. */
function dueOf(row: OutboxRow, now: number): number {
  return row.due > now + RETRY_SEC_MAX ? now : row.due;
}

/** A queue is in order of due time, and of equals the one put first is first. Nearly always the newest comes last. */
function putInLine(queue: OutboxRow[], row: OutboxRow): void {
  let place = queue.length;
  while (place > 0 && (queue[place - 1] as OutboxRow).due > row.due) place -= 1;
  queue.splice(place, 0, row);
}

/** No queue is empty. */
function headOf(queue: readonly OutboxRow[]): OutboxRow {
  return queue[0] as OutboxRow;
}
