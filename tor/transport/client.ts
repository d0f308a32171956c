/*
 * The client's end of `paidguard`, standalone: tor's SOCKS connections come in, each is a session at the guard that its bridge line
 * names; counted, and told to the client role as a ClientTransport. Composed by node.
 */
import type { SigningKey } from '../../core/crypto/keys.ts';
import { ok } from '../../core/refusal.ts';
import { least, most } from '../../core/whole.ts';
import type { Clock, Entropy, Log } from '../../host/ports.ts';
import type { Tcp, TcpAddress, Wire } from '../../host/tcp.ts';
import { CELL_BYTES, type ClientTransport, type SessionWarning, type Untold } from '../meter.ts';
import { createAdmission } from './admission.ts';
import { createAlarms } from './alarms.ts';
import { createCircuits, createClientSplit } from './count.ts';
import { openGate } from './gate.ts';
import { createListeners } from '../listeners.ts';
import { askHandshake } from './handshake.ts';
import type { Framed } from './framed.ts';
import type { TransportMessage } from './message.ts';
import { createServing } from './serving.ts';
import { readSocks, REPLIES, replySocks } from './socks.ts';
import { splice } from './splice.ts';

type ClientReading = Parameters<Parameters<ClientTransport['onReading']>[0]>[0];
type Ended = Parameters<Parameters<ClientTransport['onEnded']>[0]>[0];
type Warned = SessionWarning & { readonly guard: string };

export interface Refused {
  readonly guard: string;
  readonly code: string;
  /** The guard's own words, where it said some. */
  readonly about: string;
}

/** The own tor's count of a circuit: cells that it sent and received, 514 bytes each. `guard`: the relay's id of its first hop. */
export interface OwnCircuit extends Pick<ClientReading, 'guard' | 'circuit' | 'bytes'> {
  /**
   * Whether a second relay of the scheme is known to be its. What leads to none is the rest of what the connection carries, to an honest
   * guard; one that fails while it is extended may have been led without our knowing. So until it is known it may be charged as either.
   */
  readonly isLed: boolean;
  readonly closed: boolean;
}

export interface OwnCircuits {
  /** Resolves when the own tor is heard: what it carries before that may never be told. */
  ready?(): Promise<void>;
  onReading(take: (reading: OwnCircuit) => void): () => void;
}

export interface ClientEndPorts {
  readonly tcp: Tcp;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly circuits: OwnCircuits;
}

export interface ClientEndOptions {
  readonly networkId: string;
  /** Where the own tor finds it: loopback. */
  readonly listen: TcpAddress;
  readonly subscriber: SigningKey;
  /** A guard's transport key by its relay id; null for one that the directory does not know. */
  keyOf(guard: string): Uint8Array | null;
  /** What the circuits of this client are. */
  readonly hops: number;
  readonly leavesTor: boolean;
  readonly connectionsMax?: number;
  readonly handshakeSec?: number;
}

export interface ClientEnd {
  readonly transport: ClientTransport;
  readonly address: TcpAddress;
  /** Why a connection of the own tor came to no session; `guard` is '' where its bridge line names none. */
  onRefused(take: (refused: Refused) => void): () => void;
  /** Ends the sessions at a guard, where what is on its way still comes and is counted: the own tor looks for another bridge. */
  leave(guard: string): void;
  /** Takes no more sessions and ends those there are: what is on its way still comes, and is counted. False where nothing ever passed. */
  finish(): Promise<boolean>;
  /** Data bytes both ways, over all sessions at a guard. */
  carried(guard: string): bigint;
  count(): { readonly connections: number };
  stop(): Promise<void>;
}

/** Of one guard, over all sessions of this process. */
interface Guarded {
  carried: bigint;
  /** Of `carried`: what sessions that are over had not told of. */
  unsure: bigint;
  /** That, and what came when the own tor took no more: of circuits or not, nobody here can say. Until it is taken. */
  untold: bigint;
  readonly circuits: ReturnType<typeof createCircuits>;
  readonly split: ReturnType<typeof createClientSplit>;
  told: ClientReading | null;
  /** Open sessions, the newest last. */
  readonly sessions: Set<OpenSession>;
}

interface OpenSession {
  readonly framed: Framed;
  readonly socks: Wire;
}

type Answer = Awaited<ReturnType<NonNullable<ClientTransport['ask']>>>;

const CONNECTIONS_MAX = 256;
const HANDSHAKE_SEC = 30;
const LINGER_SEC = 30;
/** For what is on its way when this end ends the sessions. */
const FINISH_SEC = 3;
/** Then the request is posted instead. */
const ANSWER_SEC = 10;
/** Shorter than any guard's lag, by a second in which the two clocks may differ. */
const WINDOW_SEC = 4;
/**
 * Of a session that broke: what its guard had passed on and the client never got. A socket of Linux holds 4 MiB of it (tcp_wmem), the
 * guard's end some before that.
 */
const ON_ITS_WAY_BYTES_MAX = 5_242_880n;
/** For the own tor's control port, which opens before tor asks for a bridge. */
const READY_SEC = 10;

export async function startClientEnd(ports: ClientEndPorts, options: ClientEndOptions): Promise<ClientEnd> {
  const { tcp, clock, entropy, log } = ports;
  const connections = options.connectionsMax ?? CONNECTIONS_MAX;
  const admission = createAdmission({ connections, handshakes: connections, perSource: connections });
  const alarms = createAlarms(clock);
  const guards = new Map<string, Guarded>();
  const serving = createServing({ log, role: 'client', admission, sourceOf: () => 'tor', serve });
  const readings = createListeners<ClientReading>();
  const endings = createListeners<Ended>();
  const warnings = createListeners<Warned>();
  const refusals = createListeners<Refused>();
  const waiting = new Map<number, { readonly framed: Framed; take(answer: Answer): void }>();
  /** Sessions until both sides are over. */
  const joined = new Set<Promise<void>>();
  let asks = 0;
  let isFinished = false;

  async function serve(socks: Wire): Promise<void> {
    if (isFinished) return void socks.stream.destroy();
    let guardWire: Wire | null = null;
    const callOff = alarms.after(options.handshakeSec ?? HANDSHAKE_SEC, () => {
      socks.stream.destroy();
      guardWire?.stream.destroy();
    });
    const asked = await readSocks(socks.stream);
    if (asked === null) return callOff();
    await Promise.race([ports.circuits.ready?.(), alarms.wait(READY_SEC)]);
    const guard = asked.args.get('guard') ?? '';
    const guardKey = options.keyOf(guard);
    guardWire = guardKey === null ? null : await tcp.dial(asked.address);
    if (guardKey === null || guardWire === null) {
      callOff();
      const code = guardKey === null ? 'transport-arguments' : 'transport-unreachable';
      return refuse(socks, { guard, code, about: '' }, guardKey === null ? REPLIES.failed : REPLIES.unreachable);
    }
    const drop = serving.keep(guardWire);
    try {
      const { networkId, subscriber, hops, leavesTor } = options;
      const framed = await askHandshake(guardWire.stream, { networkId, subscriber, guardKey, hops, leavesTor, entropy });
      callOff();
      if (!framed.ok) {
        const { code, about } = framed.refusal;
        if (code === 'transport-told') endings.tell({ guard, reason: about });
        return refuse(socks, { guard, code, about }, REPLIES.refused);
      }
      replySocks(socks.stream, REPLIES.granted);
      const session = join(socks, framed.value, guard);
      joined.add(session);
      await session.finally(() => joined.delete(session));
    } finally {
      callOff();
      drop();
    }
  }

  function refuse(socks: Wire, refused: Refused, reply: number): void {
    const { guard, code } = refused;
    refusals.tell(refused);
    log.warn('transport-refused', { role: 'client', relay: guard.slice(0, 64), code });
    replySocks(socks.stream, reply);
    socks.stream.end();
  }

  async function join(socks: Wire, framed: Framed, guard: string): Promise<void> {
    const at = guardedOf(guard);
    let callOff: (() => void) | null = null;
    const destroy = (): void => {
      framed.stream.destroy();
      socks.stream.destroy();
    };
    const session = { framed, socks };
    at.sessions.add(session);
    let passed = 0n;
    let isEnded = false;
    if (isFinished) socks.stream.destroy();
    await splice({
      framed,
      plain: socks.stream,
      gate: openGate,
      onBytes(count) {
        passed += BigInt(count);
        at.carried += BigInt(count);
      },
      onLost: (count) => void (at.untold += BigInt(count)),
      onMessage(message) {
        if (message.kind === 'answer') answered(message);
        if (message.kind === 'warning') warnings.tell({ guard, code: message.code, text: message.text });
        if (message.kind !== 'end') return;
        isEnded = true;
        endings.tell({ guard, reason: message.reason });
        // What came before it still reaches tor.
        socks.stream.end();
        framed.stream.destroy();
      },
      onFault: ({ code }) => log.warn('transport-refused', { role: 'client', relay: guard, code }),
      onEnding() {
        at.sessions.delete(session);
        for (const one of waiting.values()) if (one.framed === framed) one.take(null);
        callOff ??= alarms.after(LINGER_SEC, destroy);
      },
    });
    (callOff as (() => void) | null)?.();
    const isWhole = isEnded || framed.stream.readableEnded;
    giveUp(at, passed, isWhole ? 0n : least(passed, ON_ITS_WAY_BYTES_MAX));
  }

  /**
   * A session is over: what of it was not told will not be. At most what it carried; beside another session it may be of that. `lost`:
   * what may not have come.
   */
  function giveUp(at: Guarded, passed: bigint, lost: bigint): void {
    const behind = at.carried - at.unsure - at.circuits.total() - (at.told?.otherBytes ?? 0n);
    const unsure = most(least(behind, passed), 0n);
    if (unsure + lost === 0n) return;
    at.unsure += unsure;
    at.untold += unsure + lost;
    // Nothing new, but that there is something to take.
    if (at.told !== null) tell(at, at.told);
  }

  const isOpen = (guard: string): boolean => (guards.get(guard)?.sessions.size ?? 0) > 0;

  async function ask(guard: string, request: Parameters<NonNullable<ClientTransport['ask']>>[1]): Promise<Answer> {
    const framed = [...(guards.get(guard)?.sessions ?? [])].at(-1)?.framed;
    if (framed === undefined) return null;
    const id = (asks += 1);
    framed.send({ kind: 'ask', id, request });
    const answer = new Promise<Answer>((take) => void waiting.set(id, { framed, take }));
    return Promise.race([answer, alarms.wait(ANSWER_SEC).then(() => null)]).finally(() => waiting.delete(id));
  }

  function answered({ id, answer, refusal }: Extract<TransportMessage, { kind: 'answer' }>): void {
    if (answer !== null) waiting.get(id)?.take(ok(answer));
    else if (refusal !== null) waiting.get(id)?.take({ ok: false, refusal });
  }

  function guardedOf(guard: string): Guarded {
    let at = guards.get(guard);
    if (at === undefined) {
      const counts = { carried: 0n, unsure: 0n, untold: 0n, circuits: createCircuits(), split: createClientSplit(WINDOW_SEC) };
      at = { ...counts, told: null, sessions: new Set() };
      // Nothing yet: what the first look sees may be of circuits that are told of later.
      at.split.take(clock.now(), 0n, 0n);
      guards.set(guard, at);
    }
    return at;
  }

  function look(at: Guarded): void {
    const { otherBytes } = at.split.take(clock.now(), at.carried - at.unsure, at.circuits.total());
    if (at.told !== null && otherBytes !== at.told.otherBytes) tell(at, { ...at.told, otherBytes });
  }

  function tell(at: Guarded, reading: ClientReading): void {
    at.told = reading;
    readings.tell(reading);
  }

  function takeUntold(): Untold[] {
    return [...guards].flatMap(([guard, at]) => {
      const { untold: bytes } = at;
      at.untold = 0n;
      return bytes > 0n ? [{ guard, hops: options.hops, leavesTor: options.leavesTor, bytes }] : [];
    });
  }

  async function finish(): Promise<boolean> {
    isFinished = true;
    const all = [...guards.values()];
    for (const { sessions } of all) for (const { socks } of sessions) socks.stream.destroy();
    await Promise.race([Promise.all(joined), alarms.wait(FINISH_SEC)]);
    return all.some(({ carried }) => carried > 0n);
  }

  const undo = [
    clock.onWake(() => {
      for (const at of guards.values()) look(at);
    }),
    ports.circuits.onReading(({ guard, circuit, bytes, isLed, closed }) => {
      const at = guardedOf(guard);
      // The cell that asks the guard to extend goes no further: to the guard it is of the rest.
      const passedOn = bytes > CELL_BYTES ? bytes - CELL_BYTES : 0n;
      if (isLed) at.circuits.take({ bytes: passedOn, closed }, circuit);
      const { hops, leavesTor } = options;
      tell(at, { guard, circuit, hops, leavesTor, bytes, otherBytes: at.told?.otherBytes ?? 0n });
      look(at);
    }),
  ];
  const server = await tcp.listen(options.listen, serving.take);

  return {
    address: server.address,
    transport: { onReading: readings.listen, takeUntold, onWarned: warnings.listen, onEnded: endings.listen, isOpen, ask },
    onRefused: refusals.listen,
    leave(guard) {
      for (const { socks } of guards.get(guard)?.sessions ?? []) socks.stream.destroy();
    },
    finish,
    carried: (guard) => guards.get(guard)?.carried ?? 0n,
    count: () => ({ connections: admission.count().connections }),
    async stop() {
      for (const one of undo) one();
      const served = serving.stop();
      alarms.stop();
      await served;
      await server.close();
    },
  };
}
