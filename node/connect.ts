/*
 * A subscriber's connection, while it lasts: a node with the client's end open and the guard that is wanted in; a torrc for the user's
 * tor, and an event for each thing that its user should know, out. Looks at the guard's flags at each consensus, moves within its family,
 * ends when nothing is left to pay with. Called by `ptg connect` and by the lab.
 *
 *   choosing ─→ connected ─→ (moved ─→ connected)* ─→ ended, with its reason
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ok, refuser, type Refusal, type Result } from '../core/refusal.ts';
import { units } from '../core/wire/field.ts';
import { account as accountShape } from '../core/wire/guard.ts';
import { chooseGuard, type Chosen, type Unfit } from '../client/guards/choose.ts';
import { writeFileAtomically } from '../host/files.ts';
import { errorText } from '../host/log.ts';
import type { Clock, Log } from '../host/ports.ts';
import { tcpAddressText } from '../host/tcp.ts';
import type { RunningNode } from './start.ts';
import type { ConnectSpec } from './spec.ts';
import { fileIn } from './tor.ts';
import { membersOf, torrcText, type Members } from './torrc.ts';

export const connectRefusals = {
  'connect-guard': {
    retry: true,
    text: 'neither the guard nor one of its family can be used now',
    remedy: 'try later, or subscribe to another: ptg guards',
  },
  'connect-no-exits': {
    retry: true,
    text: 'no exit of this network runs beside a tor that it names',
    remedy: 'try later, or let circuits lead anywhere: --any-path',
  },
  'connect-cut-off': {
    retry: false,
    text: 'nothing is left to pay with',
    remedy: 'top up with ptg deposit, then connect again',
  },
} as const;
const refuse = refuser(connectRefusals);

export interface ConnectOptions {
  readonly home: string;
  readonly spec: ConnectSpec;
  /** As in the commands: an id or a nickname; the subscription chosen last where it is left out. */
  readonly guard?: string;
  /** Circuits may lead through relays outside the network, which nobody pays. */
  readonly anyPath: boolean;
  readonly clock: Clock;
  readonly log: Log;
  say(event: ConnectEvent): void;
}

/** Amounts are of the guard's book; `signed` is what both have signed of `spent`. */
export type ConnectEvent =
  | {
      readonly event: 'connected';
      readonly guard: string;
      readonly nickname: string;
      /** Why it is not the subscription's own; null when it is. */
      readonly instead: Unfit | null;
      /** Watch mode: it carries, and bills nothing. */
      readonly bills: boolean;
      readonly torrc: string;
      readonly proxy: string;
      readonly members: { readonly middles: number; readonly exits: number } | null;
      /** False: its SOCKS port takes onion addresses alone. */
      readonly leavesTor: boolean;
    }
  /** The relays of the network are others: the torrc is written anew, and tor has read it. */
  | { readonly event: 'members'; readonly middles: number; readonly exits: number }
  | { readonly event: 'tor'; readonly up: boolean; readonly reason: string | null }
  | {
      readonly event: 'balance';
      readonly rail: string;
      readonly balance: bigint;
      readonly spent: bigint;
      readonly signed: bigint;
      readonly state: string;
      /** Carried for this session's guard since connecting, both ways. */
      readonly carried: bigint;
      readonly unpaid: { readonly circuits: number; readonly bytes: bigint };
    }
  | { readonly event: 'warning'; readonly code: string; readonly text: string }
  | { readonly event: 'session-ended'; readonly reason: string }
  /** The sessions are over, and the guard's last word on them is waited for. */
  | { readonly event: 'signing'; readonly upToSec: number }
  | { readonly event: 'unsigned' }
  | { readonly event: 'ended'; readonly code: string; readonly reason: string };

export interface Connection {
  /** The torrc for the user's tor. */
  readonly torrc: string;
  /** Why it ended by itself; null when it was stopped. */
  readonly ended: Promise<Refusal | null>;
  stop(): Promise<void>;
  /**
   * Ends the sessions, too, and has what they used signed, as soon as the guard has told all of it; or until `enough`: what is not
   * signed then is when the client runs next.
   */
  finish(enough: Promise<unknown>): Promise<void>;
}

const shown = z.object({ accounts: z.array(z.object({ guard: z.string(), account: accountShape, signed: units }).loose()) });
type Shown = z.infer<typeof shown>['accounts'][number];

/** Between two looks at the balance. */
const BALANCE_SEC = 10;
/** In a row, before a guard counts as down; and for how long it then does. */
const UNREACHABLE_MAX = 3;
const UNREACHABLE_SEC = 600;
/** Between two torrcs for the same guard: tor leaves its circuits for new ones when it reads one. */
const MEMBERS_SEC = 3600;
/** After its end a guard tells all of a session within five seconds (docs/spec/21); it is asked then, and again for as long. */
const LAST_WORD_SEC = 7;
const SIGNING_SEC = 12;

export async function connect(node: RunningNode, options: ConnectOptions): Promise<Result<Connection>> {
  const { spec, home, clock, log, say, anyPath } = options;
  const { view, clientEnd } = node;
  if (clientEnd === null) throw new Error('the client’s end of the transport is open');
  const end = clientEnd;
  const folder = join(home, 'tor');
  const torrc = join(home, 'torrc');
  /** Ids, and until when. */
  const down = new Map<string, number>();
  const misses = new Map<string, number>();
  let at: Chosen | null = null;
  /** The torrc; and of which consensus its relays are, looked at when. */
  let written = '';
  let drawn = { validAfter: 0, at: 0 };
  let lookedAt = 0;
  let isUp: boolean | null = null;
  let said = '';
  let isOver = false;
  let isLooking = false;
  let finish: (refusal: Refusal | null) => void = () => undefined;
  const ended = new Promise<Refusal | null>((resolve) => (finish = resolve));

  async function balanceOf(guard: string | undefined): Promise<Result<Shown>> {
    const body = guard === undefined ? {} : { guard };
    const answer = await node.http.local('client', '/client/balance', body, shown);
    if (!answer.ok) return answer;
    const [first] = answer.value.accounts;
    return first === undefined ? refuse('connect-guard', guard ?? 'any guard') : ok(first);
  }

  /** Where the choice is another than before, tor and its sessions are led there; where the network is, tor is told of its relays. */
  async function choose(subscribed: string): Promise<Refusal | null> {
    const now = clock.now();
    const unreachable = new Set([...down].filter(([, until]) => until > now).map(([id]) => id));
    const choice = chooseGuard(view, subscribed, unreachable);
    if (choice.guard === null) return refuse('connect-guard', wordsOf[choice.instead]).refusal;
    const isSame = at?.id === choice.guard.id && at.address === choice.guard.address;
    const validAfter = view.consensus()?.body.validAfter ?? 0;
    if (isSame && (validAfter === drawn.validAfter || now < drawn.at + MEMBERS_SEC)) return null;
    drawn = { validAfter, at: now };
    const members = anyPath ? null : membersOf(view);
    if (members?.exits.length === 0) return isSame ? null : refuse('connect-no-exits', view.network.networkId).refusal;
    const isNew = await write(choice.guard, members);
    if (!isSame) await moveTo(choice.guard, choice.instead, members);
    else if (isNew && members !== null) {
      await end.own.reload();
      say({ event: 'members', ...countsOf(members) });
    }
    return null;
  }

  /** False when it would say what it says. */
  async function write({ id, address, fingerprint, descriptor }: Chosen, members: Members | null): Promise<boolean> {
    const text = torrcText({
      ...{ spec, dataDirectory: folder, transport: tcpAddressText(end.address), members, secret: end.secret },
      guard: { id, nickname: descriptor.nickname, address, fingerprint },
      include: fileIn(home, spec.include),
    });
    if (text === written) return false;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileAtomically(torrc, text, 0o600);
    written = text;
    return true;
  }

  async function moveTo(guard: Chosen, instead: Unfit | null, members: Members | null): Promise<void> {
    const { nickname, meter } = guard.descriptor;
    const before = at;
    at = guard;
    if (before !== null) {
      await end.own.reload();
      end.leave(before.id);
    }
    say({
      ...{ event: 'connected', guard: guard.id, nickname, instead, bills: meter !== 'links', torrc, proxy: spec.proxy },
      members: members === null ? null : countsOf(members),
      leavesTor: spec.leavesTor,
    });
  }

  function over(refusal: Refusal | null): void {
    if (isOver) return;
    isOver = true;
    for (const one of undo) one();
    if (refusal !== null) say({ event: 'ended', code: refusal.code, reason: `${refusal.text}: ${refusal.about}` });
    finish(refusal);
  }

  /** The guard's own word on the account; what has changed is said. */
  async function lookAtBalance(): Promise<void> {
    lookedAt = clock.now();
    const answer = await balanceOf(subscription.guard);
    if (!answer.ok || isOver) return;
    const { account, signed } = answer.value;
    const { rail, balance, spent, state } = account;
    const content = `${balance} ${spent} ${signed} ${state}`;
    if (content !== said) {
      said = content;
      const carried = at === null ? 0n : end.carried(at.id);
      say({ event: 'balance', rail, balance, spent, signed, state, carried, unpaid: end.own.unpaid() });
    }
    if (state === 'cut-off' && at?.descriptor.meter !== 'links') over(refuse('connect-cut-off', subscription.nickname).refusal);
  }

  async function look(isDue: boolean): Promise<void> {
    if (isLooking || isOver) return;
    isLooking = true;
    try {
      const { up, reason } = end.own.state();
      if (up !== isUp && (up || isUp === true)) say({ event: 'tor', up, reason });
      isUp = up;
      const none = await choose(subscription.guard);
      if (none !== null) return over(none);
      if (isDue || clock.now() >= lookedAt + BALANCE_SEC) await lookAtBalance();
    } finally {
      isLooking = false;
    }
  }

  /** What little is left covers no further circuit, or the guard's own word would be another. */
  async function useUp(): Promise<void> {
    await lookAtBalance();
    over(refuse('connect-cut-off', subscription.nickname).refusal);
  }

  /** The next second; or at once when there is enough. */
  function second(enough: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        undoWake();
        resolve();
      };
      const undoWake = clock.onWake(go);
      void enough.then(go);
    });
  }

  async function signLast(enough: Promise<unknown>): Promise<void> {
    over(null);
    const hasCarried = await end.finish();
    if (!hasCarried || at?.descriptor.meter === 'links') return;
    const from = clock.now();
    let isEnough = false;
    void enough.then(() => (isEnough = true));
    say({ event: 'signing', upToSec: SIGNING_SEC });
    while (!isEnough && clock.now() < from + SIGNING_SEC) {
      await second(enough);
      if (isEnough || clock.now() < from + LAST_WORD_SEC) continue;
      const answer = await node.http.local('client', '/client/sign', {}, z.object({ signed: z.boolean() }));
      if (answer.ok && answer.value.signed) return;
    }
    say({ event: 'unsigned' });
  }

  const known = await balanceOf(options.guard);
  if (!known.ok) return known;
  const subscription = { guard: known.value.guard, nickname: view.descriptor(known.value.guard)?.body.nickname ?? '' };
  const undo: (() => void)[] = [];
  const background = (work: Promise<void>): void =>
    void work.catch((thrown: unknown) => log.error('connect-failed', { role: 'client', error: errorText(thrown) }));
  const none = await choose(subscription.guard);
  if (none !== null) return { ok: false, refusal: none };
  await lookAtBalance();
  undo.push(
    clock.onWake(() => background(look(false))),
    end.transport.onWarned?.(({ code, text }) => say({ event: 'warning', code, text })) ?? (() => undefined),
    end.transport.onEnded(({ reason }) => {
      say({ event: 'session-ended', reason });
      if (reason.endsWith('[session-used-up]')) background(useUp());
      else background(look(true));
    }),
    end.onRefused(({ guard, code }) => {
      if (code !== 'transport-unreachable' && code !== 'transport-no-answer') return;
      misses.set(guard, (misses.get(guard) ?? 0) + 1);
      if ((misses.get(guard) ?? 0) < UNREACHABLE_MAX) return;
      misses.delete(guard);
      down.set(guard, clock.now() + UNREACHABLE_SEC);
    }),
    end.transport.onReading(({ guard }) => void misses.delete(guard)),
  );
  return ok({ torrc, ended, stop: async () => over(null), finish: signLast });
}

function countsOf({ middles, exits }: Members): { middles: number; exits: number } {
  return { middles: middles.length, exits: exits.length };
}

const wordsOf: Readonly<Record<Unfit, string>> = {
  unlisted: 'it is not in the consensus',
  'not-running': 'it does not run',
  'flag-lost': 'it has lost its Guard flag',
  'no-transport': 'it takes no connections of the transport',
  'no-fingerprint': 'it does not name its tor',
  unreachable: 'nobody answers at its address',
};

export function unfitText(unfit: Unfit): string {
  return wordsOf[unfit];
}
