/*
 * Sessions: a client connection asks for one, is counted, is allowed to carry what its balance covers, and ends. In memory alone;
 * ticks write usage down. Called by the transport, by the relay (shortfall) and by the job `usage`.
 */
import { localRefusals, type SessionShortfall } from '../../core/local/messages.ts';
import { HOPS_MAX } from '../../core/limits.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { tickAfter } from '../../core/rule/interval.ts';
import { parametersOf, pricesOf, type Prices } from '../../host/network/prices.ts';
import { errorText } from '../../host/log.ts';
import type { GuardTransport, SessionReading } from '../../tor/meter.ts';
import { hasFlag } from '../../core/wire/consensus.ts';
import { readAccount, readDeposits } from '../account/store.ts';
import { intervalNow, type Guard } from '../context.ts';
import { fundsFor, type Tallies } from '../tally/flow.ts';
import { readUsage } from '../tally/store.ts';
import {
  canBegin,
  grantOf,
  isSettled,
  noUsage,
  reserve,
  settleTick,
  takeReading,
  takeShortfall,
  takeTick,
  type Session,
} from './decide.ts';
import { leftOf, roomFor, unsignedBytes } from './funds.ts';
import type { Funds, Live, Purse } from './live.ts';
import { createRelayCalls } from './relay.ts';
import { createWarnings, endings } from './warn.ts';

const refuse = refuser(localRefusals);
/** In which the relay tells the shortfalls of a tick. */
const TELLING_SEC = 1;
/** For a client to sign; until then it is allowed nothing. */
const SIGNING_SEC = 60;
/** For the transport's last counts of a session that was ended, which come seconds after it, and its word that it is gone. */
const ENDING_SEC = 60;

export type OpenAsk = Parameters<Parameters<GuardTransport['onOpen']>[0]>[0];
export type AllowAsk = Parameters<Parameters<GuardTransport['onAllow']>[0]>[0];

export interface Sessions {
  open(ask: OpenAsk): Promise<boolean>;
  allow(ask: AllowAsk): Promise<bigint>;
  read(reading: SessionReading): void;
  close(connection: string): Promise<void>;
  shortfall(total: SessionShortfall): Result<{ done: true }>;
  /** The job. */
  run(now: number): Promise<number | null>;
  /** Writes down everything. */
  writeAll(): Promise<void>;
  count(): number;
}

export function createSessions(guard: Guard, tallies: Pick<Tallies, 'write'>): Sessions {
  const { ports, live, turns, config } = guard;
  const { clock, network, database, log } = ports;
  const relay = createRelayCalls(ports);
  const warnings = createWarnings(ports.transport);
  /** Connections whose session is being opened; true once they are gone again. */
  const opening = new Map<string, boolean>();
  /** Subscribers that are allowed nothing until they sign, and since when. */
  const unsignedSince = new Map<string, number>();
  let nextTick = 0;

  /** The running interval and its prices. */
  function pricesNow(rail: string): { interval: number; prices: Prices } | null {
    const interval = intervalNow(network, clock.now());
    const prices = interval === null ? null : pricesOf(network, interval, rail);
    return interval === null || prices === null ? null : { interval, prices };
  }

  async function open(ask: OpenAsk): Promise<boolean> {
    if (opening.has(ask.connection) || !isCircuit(ask)) return false;
    opening.set(ask.connection, false);
    try {
      return await turns.of(ask.subscriber, () => openInTurn(ask));
    } catch (thrown) {
      // What cannot be written down is not begun.
      log.error('session-not-opened', { role: 'guard', error: errorText(thrown) });
      return false;
    } finally {
      opening.delete(ask.connection);
    }
  }

  async function openInTurn(ask: OpenAsk): Promise<boolean> {
    const known = live.onConnection(ask.connection);
    if (known !== null && known.subscriber !== ask.subscriber) return false;
    if (known?.state === 'open' && known.hops === ask.hops && known.leavesTor === ask.leavesTor) return true;
    const purse = await purseOf(ask.subscriber);
    const now = purse === null ? null : pricesNow(purse.rail);
    if (purse === null || now === null) return false;
    const room = roomFor(purse, now.interval, now.prices, await funds(purse), pricesIn(purse), ask);
    if (!canBegin(room, now.prices.terms.parameters.startingBytes)) return false;
    // A connection that states other circuits gets another session.
    return begin(purse, ask, known);
  }

  /** `before`: the connection's session until now; readings go on from where they are. */
  async function begin(purse: Purse, ask: OpenAsk, before: Session | null): Promise<boolean> {
    const { connection, subscriber, hops, leavesTor } = ask;
    const ref = Buffer.from(ports.entropy.bytes(16)).toString('hex');
    // First: a session that began without a tick to come would never be written down.
    await scheduleTick();
    if (!(await relay.begin({ session: ref, connection, hops, leavesTor }))) return false;
    if (opening.get(connection) === true) {
      await relay.end(ref);
      return false;
    }
    if (live.purse(subscriber) === null) live.open(purse);
    const old = before === null ? null : live.byRef(before.ref);
    const seen = old?.seen ?? { circuitBytes: 0n, otherBytes: 0n };
    const isSame = old?.hops === hops && old.leavesTor === leavesTor;
    const reserved = isSame ? { reserved: old.reserved, grants: old.grants } : { reserved: 0n, grants: [0n, 0n] as const };
    const rest = { counts: new Map(), told: false, state: 'open' as const, since: clock.now() };
    live.save({ ref, connection, subscriber, hops, leavesTor, seen, ...reserved, ...rest });
    if (old !== null) await finish(old);
    return true;
  }

  /**
   * The relay has begun anew: what it told of the session's circuits is its last word on them, and another session goes on. What
   * was carried meanwhile is charged and certified to nobody: a restart costs a tick. Where it fails the next tick tries again.
   */
  async function resume(purse: Purse, lost: Session): Promise<void> {
    log.warn('session-lost', { role: 'guard' });
    await begin(purse, lost, lost);
  }

  /** The one in memory, or one made from the store; null without an account. */
  async function purseOf(subscriber: string): Promise<Purse | null> {
    const known = live.purse(subscriber);
    if (known !== null) return known;
    const interval = intervalNow(network, clock.now());
    if (interval === null) return null;
    return database.transaction(async (tx) => {
      const account = await readAccount(tx, subscriber);
      if (account === null) return null;
      const stored = await readUsage(tx, config.id, subscriber, interval);
      const base = new Map([[interval, stored?.usage ?? noUsage]]);
      const signed = new Map([[interval, stored?.signed ?? noUsage]]);
      const empty = { forgiven: new Map(), sessions: new Map(), usedUp: false, funds: null };
      return { subscriber, rail: account.rail, base, signed, ...empty };
    });
  }

  const funds = (purse: Purse) => database.transaction((tx) => fundsFor(tx, guard, purse));

  /** A portion is asked for many times a second: the books are read once in each, and after whatever this process wrote to them. */
  async function fundsNow(purse: Purse): Promise<Funds> {
    const at = clock.now();
    if (purse.funds?.at === at) return purse.funds;
    const funds = await database.transaction(async (tx) => ({
      at,
      spendable: await fundsFor(tx, guard, purse),
      newestDeposit: (await readDeposits(tx, purse.subscriber, 1))[0]?.amount ?? 0n,
    }));
    purse.funds = funds;
    return funds;
  }

  const pricesIn = (purse: Purse) => (interval: number) => pricesOf(network, interval, purse.rail);

  async function allow(ask: AllowAsk): Promise<bigint> {
    const subscriber = live.onConnection(ask.connection)?.subscriber;
    if (ask.wanted < 0n) return 0n;
    if (subscriber === undefined) {
      // Of a process before this one: its client opens another.
      ports.transport.end(ask.connection, endings.unknown);
      return 0n;
    }
    return turns.of(subscriber, async () => {
      const purse = live.purse(subscriber);
      if (purse === null) return 0n;
      const { spendable, newestDeposit } = await fundsNow(purse);
      // From here on without waiting: readings may come between.
      const session = live.onConnection(ask.connection);
      const now = pricesNow(purse.rail);
      if (session === null || session.state !== 'open' || now === null) return 0n;
      if (waitsForSignature(purse, now.interval)) {
        warnings.tell(ask.connection, 'closing');
        if (clock.now() - (unsignedSince.get(subscriber) ?? 0) > SIGNING_SEC) cutOff(session, endings.unsigned);
        return 0n;
      }
      warnings.clear(ask.connection, 'closing');
      warn(ask.connection, leftOf(purse, now.interval, now.prices, spendable, pricesIn(purse)), newestDeposit);
      const room = roomFor(purse, now.interval, now.prices, spendable, pricesIn(purse), session);
      const grant = grantOf(ask, room, now.prices.terms.parameters.startingBytes);
      live.save(reserve(session, grant.reserve));
      if (grant.ends) cutOff(session);
      return grant.bytes;
    });
  }

  function warn(connection: string, left: bigint, newestDeposit: bigint): void {
    if (left * 1000n < newestDeposit * BigInt(config.lowBalanceThousandths)) warnings.tell(connection, 'low-balance');
    else warnings.clear(connection, 'low-balance');
    const entry = network.entry(config.id);
    if (entry !== null && !hasFlag(entry, 'Guard')) warnings.tell(connection, 'guard-flag');
    else warnings.clear(connection, 'guard-flag');
  }

  /** The subscriber has used more than it has signed, by more than the guard lends. */
  function waitsForSignature(purse: Purse, interval: number): boolean {
    const most = config.unsignedBytesMax;
    const { subscriber } = purse;
    if (most === undefined || unsignedBytes(purse, interval) <= most) {
      unsignedSince.delete(subscriber);
      return false;
    }
    if (!unsignedSince.has(subscriber)) unsignedSince.set(subscriber, clock.now());
    return true;
  }

  function read(reading: SessionReading): void {
    const session = live.onConnection(reading.connection);
    const interval = intervalNow(network, clock.now());
    if (session !== null && interval !== null) live.save(takeReading(session, reading, interval));
  }

  function shortfall(total: SessionShortfall): Result<{ done: true }> {
    const session = live.byRef(total.session);
    if (session === null) return refuse('session-unknown', total.session);
    // Of an interval that this session did not see, or whose books are closed, nothing can be charged any more.
    const isSeen = session.counts.has(total.interval) || total.interval === intervalNow(network, clock.now());
    if (isSeen) live.save(takeShortfall(session, total.interval, total.bytes));
    return ok({ done: true });
  }

  /** No more is allowed. What was allowed before is still counted, until the transport says that the connection is gone. */
  function cutOff(session: Session, reason: string = endings.usedUp): void {
    const latest = live.byRef(session.ref);
    if (latest?.state !== 'open') return;
    live.save({ ...latest, state: 'ending', since: clock.now() });
    ports.transport.end(session.connection, reason);
  }

  async function close(connection: string): Promise<void> {
    warnings.forget(connection);
    if (opening.has(connection)) opening.set(connection, true);
    const session = live.onConnection(connection);
    if (session === null) return;
    await turns.of(session.subscriber, async () => {
      const latest = live.onConnection(connection);
      if (latest !== null) await finish(latest);
      await tallies.write(session.subscriber);
    });
  }

  async function finish(session: Session): Promise<void> {
    const latest = live.byRef(session.ref) ?? session;
    if (latest.state === 'ended') return;
    live.save({ ...latest, state: 'ended', reserved: 0n, since: clock.now() });
    await relay.end(session.ref);
  }

  async function run(now: number): Promise<number | null> {
    const parameters = parametersOf(network);
    if (parameters === null) return null;
    for (const ref of relay.untold()) await relay.end(ref);
    for (const session of sessionsOf(live)) live.save(settleTick(session));
    // Further ahead than a tick: planned by a clock that was ahead.
    if (now >= nextTick || nextTick - now > parameters.iouTickSec) {
      for (const purse of live.purses()) await turns.of(purse.subscriber, () => tick(purse, now));
      nextTick = tickAfter(parameters, now);
    }
    if (live.purses().length === 0 && relay.untold().length === 0) return null;
    return sessionsOf(live).every(isSettled) ? nextTick : Math.min(now + TELLING_SEC, nextTick);
  }

  async function tick(purse: Purse, now: number): Promise<void> {
    const written = await tallies.write(purse.subscriber);
    const costs = (pricesNow(purse.rail)?.prices.rail.price ?? 0n) > 0n;
    const isUsedUp = costs && written !== null && written.balance <= 0n;
    // A whole tick at zero, or bytes that nobody could pay: whatever it still carries asks nobody.
    const isOut = written?.forgiven === true || (isUsedUp && purse.usedUp);
    for (const { ref } of [...purse.sessions.values()]) await age(purse, ref, now, isOut);
    purse.usedUp = isUsedUp;
    if (purse.sessions.size > 0) return;
    await tallies.write(purse.subscriber);
    unsignedSince.delete(purse.subscriber);
    live.drop(purse.subscriber);
  }

  async function age(purse: Purse, ref: string, now: number, isOut: boolean): Promise<void> {
    const session = live.byRef(ref);
    const parameters = parametersOf(network);
    if (session === null || parameters === null) return;
    live.save(takeTick(session, parameters.startingBytes));
    if (isOut) cutOff(session);
    if (session.state === 'ending' && now > session.since + ENDING_SEC) await finish(session);
    // The relay's last word on it may come as late as the books are open.
    const isOver = session.state === 'ended' && now > session.since + parameters.graceSec + parameters.iouTickSec;
    if (isOver) live.retire(session);
    const latest = live.byRef(ref);
    if (latest?.state === 'open' && (await relay.hasLost(ref))) await resume(purse, latest);
  }

  async function scheduleTick(): Promise<void> {
    const parameters = parametersOf(network);
    if (parameters === null) return;
    const due = tickAfter(parameters, clock.now());
    await database.transaction((tx) => guard.schedule(tx, 'usage', due));
  }

  return {
    open,
    allow,
    read,
    close,
    shortfall,
    run,
    async writeAll() {
      for (const { subscriber } of live.purses()) await turns.of(subscriber, () => tallies.write(subscriber));
    },
    count: () => sessionsOf(live).filter((one) => one.state === 'open').length,
  };
}

function sessionsOf(live: Live): Session[] {
  return live.purses().flatMap((purse) => [...purse.sessions.values()]);
}

function isCircuit({ hops, leavesTor }: { readonly hops: number; readonly leavesTor: boolean }): boolean {
  return Number.isInteger(hops) && hops >= 1 && hops <= HOPS_MAX && typeof leavesTor === 'boolean';
}
