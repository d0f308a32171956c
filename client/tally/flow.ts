/*
 * Tallies, the client's side: its own circuits counted; on each tick and after each interval the guard's tally fetched, checked
 * against that count, signed and sent back, or refused and kept. Called by the transport and the job `tallies`.
 */
import { countersign } from '../../core/crypto/sign.ts';
import type { Refusal } from '../../core/refusal.ts';
import { scheduleOf, tickAfter } from '../../core/rule/interval.ts';
import { circuitUsage } from '../../core/rule/price.ts';
import type { Tally } from '../../core/wire/guard.ts';
import { inTurn } from '../../host/in-turn.ts';
import { errorText } from '../../host/log.ts';
import { parametersOf, pricesOf } from '../../host/network/prices.ts';
import { askGuard } from '../account/ask.ts';
import { readHomes, type Home } from '../account/store.ts';
import { intervalNow, retryAfter, type Client } from '../context.ts';
import { familyOf, placeOf } from '../guards/find.ts';
import { createAhead, withMargin } from './ahead.ts';
import { createCount, type ClientReading } from './count.ts';
import { chargeable, checkTally, isCovered, type Counted } from './decide.ts';
import { createStep, TALLY_STEP_BYTES } from './step.ts';
import {
  dropSuperseded,
  readNewestSigned,
  readSigned,
  readUsage,
  saveAcked,
  saveRefused,
  saveSigned,
  saveUsage,
  type SignedTally,
} from './store.ts';

const TALLIES_MAX = 1000;

export interface Tallies {
  /** Counts go on from what is stored. */
  load(): Promise<void>;
  read(reading: ClientReading): void;
  /** The job. */
  run(now: number): Promise<number | null>;
  /** At once: of what carries nothing any more. False where the guard's last word is not signed and taken. */
  sign(): Promise<boolean>;
  /** Writes the own count down when this process ends in order. */
  end(): Promise<void>;
  busy(): boolean;
}

/** One guard's interval that is not settled between the two. */
interface Pending {
  readonly guard: string;
  readonly interval: number;
}

export function createTallies(client: Client, stepBytes: bigint = TALLY_STEP_BYTES): Tallies {
  const { ports, key } = client;
  const { network, database, clock, log } = ports;
  const { networkId } = network.network;
  const count = createCount();
  let isScheduled = false;
  let scheduling = 0;
  let readings = 0;
  const ahead = createAhead();
  const step = createStep(stepBytes, (guard) => ports.transport?.isOpen?.(guard) === true);
  let isStepAsked = false;
  const inOrder = inTurn();
  const settling = inTurn();
  let hopsMax = 0;
  let isWriting = false;

  function read(reading: ClientReading): void {
    readings++;
    hopsMax = Math.max(hopsMax, reading.hops);
    const interval = intervalNow(network, clock.now());
    const parameters = network.terms(interval)?.parameters ?? parametersOf(network);
    count.take(reading, interval, parameters?.startingBytes ?? 0n);
    takeUntold();
    if (!isWriting && isDue()) void writeAhead();
    if (!isStepAsked && step.isDue(count.all(), interval)) {
      isStepAsked = true;
      isScheduled = true;
      return void schedule(clock.now());
    }
    if (isScheduled) return;
    isScheduled = true;
    void schedule(null);
  }

  /** Null: with the next tick. */
  async function schedule(at: number | null): Promise<void> {
    scheduling++;
    try {
      const parameters = parametersOf(network);
      const now = clock.now();
      const due = at ?? (parameters === null ? retryAfter(network, now) : tickAfter(parameters, now));
      await database.transaction((tx) => client.schedule(tx, 'tallies', due));
    } catch {
      isScheduled = false;
      isStepAsked = false;
    } finally {
      scheduling--;
    }
  }

  const isDue = () => count.all().some((one) => ahead.isDue(one));

  /** Again, while what came meanwhile has used up what was written. A failure is made good by the next reading or tick. */
  async function writeAhead(): Promise<void> {
    isWriting = true;
    try {
      while (isDue()) await save();
    } catch (thrown) {
      log.warn('count-not-written', { role: 'client', error: errorText(thrown) });
    } finally {
      isWriting = false;
    }
  }

  async function run(now: number): Promise<number | null> {
    isScheduled = true;
    isStepAsked = false;
    await settling(() => settleAll(now));
    const interval = intervalNow(network, now);
    await database.transaction((tx) => dropSuperseded(tx, interval - 1));
    count.forget(interval - 1);
    ahead.forget(interval - 1);
    step.forget(interval - 1);
    const before = readings;
    const due = dueAfter(await pending(now), now);
    isScheduled = due !== null || readings !== before;
    if (step.isDue(count.all(), interval)) {
      isStepAsked = true;
      return now + 1;
    }
    // What came while this was reckoned waits for the next tick.
    const parameters = parametersOf(network);
    return due ?? (isScheduled && parameters !== null ? tickAfter(parameters, now) : null);
  }

  /** Whether of each the guard's newest word is signed, and the guard knows. */
  async function settleAll(now: number): Promise<boolean> {
    const settled: boolean[] = [];
    takeUntold();
    await save();
    for (const one of await pending(now)) settled.push(await settle(one));
    return settled.every((is) => is);
  }

  /** The running interval's, and the last one's until its books are closed: where the own count is not signed and delivered. */
  async function pending(now: number): Promise<Pending[]> {
    const interval = intervalNow(network, now);
    const parameters = parametersOf(network);
    if (parameters === null) return [];
    const isGrace = interval > 0 && now <= scheduleOf(parameters, interval - 1).booksClose;
    const found: Pending[] = [];
    await database.transaction(async (tx) => {
      found.length = 0;
      for (const one of count.all()) {
        if (one.interval !== interval && !(isGrace && one.interval === interval - 1)) continue;
        const signed = await readSigned(tx, one.guard, one.interval);
        const isDone = isCovered(one.usage, signed?.tally.body ?? null) && signed?.acked !== false;
        if (!isDone) found.push({ guard: one.guard, interval: one.interval });
      }
    });
    return found;
  }

  function dueAfter(left: readonly Pending[], now: number): number | null {
    const parameters = parametersOf(network);
    if (parameters === null || left.length === 0) return null;
    const interval = intervalNow(network, now);
    const dues = left.map((one) => {
      if (one.interval === interval) return tickAfter(parameters, now);
      // The guard's last word comes with the relay's, somewhere within the grace.
      const { cutOff, booksClose } = scheduleOf(parameters, one.interval);
      return [cutOff + Math.ceil(parameters.graceSec / 2), booksClose].find((due) => due > now) ?? null;
    });
    const known = dues.filter((due) => due !== null);
    return known.length === 0 ? null : Math.min(...known);
  }

  async function settle({ guard, interval }: Pending): Promise<boolean> {
    const home = await homeOf(guard);
    const place = placeOf(network, guard);
    const prices = home === null ? null : pricesOf(network, interval, home.rail);
    if (home === null || place === null || prices === null) return false;
    const asked = await askGuard(client, home, { kind: 'tally', interval }, guard);
    if (!asked.ok || asked.value.answer.tally === null) {
      log.info('tally-not-fetched', { role: 'client', interval, code: asked.ok ? 'bad-answer' : asked.refusal.code });
      return false;
    }
    const given = asked.value.answer.tally;
    const [before, known, after] = await database.transaction((tx) =>
      Promise.all([interval - 1, interval, interval + 1].map((one) => readSigned(tx, guard, one))),
    );
    const counted = (one: number, signed: { tally: SignedTally } | null | undefined): Counted => ({
      own: count.usage(guard, one),
      signed: signed?.tally.body ?? null,
    });
    const own = chargeable(count.usage(guard, interval), counted(interval - 1, before), counted(interval + 1, after));
    const expected = { networkId, guard: place.descriptor, subscriber: key.publicKey, interval, rail: home.rail, prices };
    const checked = checkTally(given, expected, { own, signed: known?.tally.body ?? null });
    if (!checked.ok) {
      await refused(home, given, checked.refusal, known?.tally ?? null);
      return false;
    }
    if (checked.value.todo === 'sign')
      return deliver(home, countersign('tally', networkId, checked.value.tally, key) as SignedTally);
    return known?.acked !== false || deliver(home, known.tally);
  }

  /** Kept before it is sent: what is sent once may be used. */
  async function deliver(home: Home, tally: SignedTally): Promise<boolean> {
    const { body, signature, countersignature } = tally;
    await database.transaction((tx) => saveSigned(tx, tally));
    step.signed(body.guard, body.interval, body);
    const ask = { kind: 'sign-tally' as const, tally: { body, signature, countersignature } };
    const answer = await askGuard(client, home, ask, body.guard);
    if (answer.ok) await database.transaction((tx) => saveAcked(tx, body));
    else log.info('tally-not-delivered', { role: 'client', interval: body.interval, code: answer.refusal.code });
    return answer.ok;
  }

  async function refused(
    home: Home,
    given: { readonly body: Tally; readonly signature: string },
    refusal: Refusal,
    signed: SignedTally | null,
  ): Promise<void> {
    log.warn('tally-refused', { role: 'client', interval: given.body.interval, code: refusal.code });
    // Without the guard's signature it is evidence of nothing.
    if (refusal.code !== 'tally-guard-signature') await database.transaction((tx) => saveRefused(tx, given, refusal.code));
    // The guard's book was restored from before: what both signed is its floor.
    if (refusal.code === 'tally-fell' && signed !== null) await deliver(home, signed);
  }

  /** The subscription that a guard serves: its own, or one of its family. */
  async function homeOf(guard: string): Promise<Home | null> {
    const homes = await database.transaction(readHomes);
    const family = new Set(familyOf(network, guard).map((one) => one.id));
    return homes.find((one) => one.guard === guard) ?? homes.find((one) => family.has(one.guard)) ?? null;
  }

  /** Ahead of the count, while this process runs. */
  function save(): Promise<void> {
    return inOrder(async () => {
      const counts = count.all();
      await database.transaction(async (tx) => {
        for (const one of counts) await saveUsage(tx, one.guard, one.interval, ahead.rowOf(one, hopsMax));
      });
      for (const one of counts) ahead.written(one);
    });
  }

  /** What sessions carried in their last second: the guard's meter has seen it, and charges it as the one or the other, not both. */
  function takeUntold(): void {
    const interval = intervalNow(network, clock.now());
    for (const { guard, hops, leavesTor, bytes } of ports.transport?.takeUntold?.() ?? []) {
      const { relayBytes } = circuitUsage(1n, hops, leavesTor);
      count.raise(guard, interval, withMargin(count.usage(guard, interval), bytes, relayBytes > 1n ? relayBytes : 1n));
    }
  }

  /** The count as it is. */
  function end(): Promise<void> {
    return inOrder(async () => {
      takeUntold();
      await database.transaction(async (tx) => {
        for (const { guard, interval: of, usage } of count.all()) await saveUsage(tx, guard, of, usage);
      });
    });
  }

  return {
    read,
    run,
    sign: () => settling(() => settleAll(clock.now())),
    end,
    busy: () => scheduling > 0 || isWriting,
    async load() {
      const from = intervalNow(network, clock.now()) - 1;
      await database.transaction(async (tx) => {
        for (const { body } of await readNewestSigned(tx, from, TALLIES_MAX)) {
          count.raise(body.guard, body.interval, body);
          step.signed(body.guard, body.interval, body);
        }
        for (const { guard, interval, usage } of await readUsage(tx, from)) count.raise(guard, interval, usage);
      });
    },
  };
}
