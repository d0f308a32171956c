/*
 * The network between the nodes of a seed: calls of the production client in; dropped, lost after their arrival, late, repeated,
 * reordered or passed on, out. Whoever is dead or cut off neither calls nor answers. Keeps every message for the replay. Called by
 * town.ts.
 */
import type { Result } from '../../core/refusal.ts';
import { createHttpClient, type ClosableHttpClient, type HttpClientOptions } from '../../host/http/client.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import type { Clock, LinkCall } from '../../host/ports.ts';
import { catching, sendAgain, type Message } from './catch.ts';
import { chanceOf, type Chance } from './chance.ts';
import type { Life } from './life.ts';

/** So many calls in a thousand. */
export interface Rates {
  readonly drop: number;
  readonly lose: number;
  /** Lost for the caller, and arrives up to hours later. */
  readonly late: number;
  readonly repeat: number;
  /** Overtaken by others. */
  readonly reorder: number;
}

export interface Kept {
  readonly from: string;
  readonly to: string;
  readonly message: Message;
}

/** May change what a node says, or say more before it. */
export type Tamper = (call: LinkCall, more: (changed: LinkCall) => Promise<Result<unknown>>) => Promise<LinkCall>;

export interface WireOptions {
  readonly seed: string;
  readonly clock: Clock;
  readonly rates: Rates;
  /** The node that listens at a port. */
  nodeAt(port: string): string | null;
  lifeOf(name: string): Life | null;
  tamper(name: string): Tamper | null;
  count(what: string): void;
}

export interface Wire {
  readonly cut: Set<string>;
  /** What was taken and answered. */
  readonly kept: Kept[];
  /** Until then calls pass as they are. */
  begin(): void;
  /** From then on again. */
  calm(): void;
  client(life: Life, options: HttpClientOptions): ClosableHttpClient;
  /** What was late and is due now goes on. */
  arrive(): void;
  busy(): boolean;
  nextDue(): number | null;
}

type Fate = 'pass' | keyof Rates;

export function createWire(options: WireOptions): Wire {
  const { clock } = options;
  const cut = new Set<string>();
  const kept: Kept[] = [];
  const late: { due: number; one: Kept }[] = [];
  const dice = new Map<string, Chance>();
  let isRough = false;
  let under = 0;

  function diceFor(name: string): Chance {
    const known = dice.get(name) ?? chanceOf(`${options.seed} wire ${name}`);
    dice.set(name, known);
    return known;
  }

  function roll(chance: Chance): Fate {
    let left = chance.below(1000);
    if (!isRough) return 'pass';
    for (const fate of ['drop', 'lose', 'late', 'repeat', 'reorder'] as const) {
      left -= options.rates[fate];
      if (left < 0) return fate;
    }
    return 'pass';
  }

  const isUp = (name: string): boolean => !cut.has(name) && options.lifeOf(name)?.isOver() === false;

  /** Without waiting for it. */
  function repeat(one: Kept): void {
    if (!isUp(one.to)) return;
    under += 1;
    void sendAgain(one.message).finally(() => (under -= 1));
  }

  async function turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async function call<T>(life: Life, url: string, run: () => Promise<Result<T>>): Promise<Result<T>> {
    const { port, pathname } = new URL(url);
    const to = options.nodeAt(port);
    const gone = refuseHttp('unreachable', pathname);
    if (to === null || !isUp(life.name) || !life.step() || !isUp(to)) return gone;
    const there = options.lifeOf(to);
    const chance = diceFor(`${life.name} ${to} ${pathname.split('/').slice(0, 3).join('/')}`);
    // On its own machine nothing is lost.
    const fate = to === life.name ? 'pass' : roll(chance);
    if (fate !== 'pass') options.count(fate);
    let last: Kept | null = null;
    const lose = fate === 'drop' || fate === 'late';
    const keep = (message: Message): void => {
      last = { from: life.name, to, message };
    };
    if (fate === 'reorder') await turns(chance.between(1, 40));
    const answer = await catching({ lose, keep }, run);
    const one = last as Kept | null;
    if (fate === 'late' && one !== null) late.push({ due: clock.now() + lateness(chance), one });
    if (fate === 'repeat' && one !== null) {
      if (chance.thousandths(400)) repeat(one);
      else if (chance.thousandths(500)) late.push({ due: clock.now() + lateness(chance), one });
      else await catching({ lose: false, keep }, run);
    }
    if (fate === 'reorder') await turns(chance.between(0, 40));
    const isGone = !life.step() || !isUp(life.name) || !isUp(to) || options.lifeOf(to) !== there;
    // What was refused, or by somebody who died over it, may be taken when it comes again.
    if (answer.ok && one !== null && !isGone) kept.push(one);
    return fate === 'lose' || isGone ? gone : answer;
  }

  /** Seconds, minutes or hours. */
  function lateness(chance: Chance): number {
    return chance.between(1, chance.pick([10, 600, 7200]));
  }

  return {
    cut,
    kept,
    begin: () => void (isRough = true),
    calm: () => void (isRough = false),
    client(life, settings) {
      const inner = createHttpClient(settings);
      const tamper = options.tamper(life.name);
      let waiting = 0;
      const counted = async <T>(work: Promise<Result<T>>): Promise<Result<T>> => {
        waiting += 1;
        try {
          return await work;
        } finally {
          waiting -= 1;
        }
      };
      return {
        get: (url, output, more) => counted(call(life, url, () => inner.get(url, output, more))),
        post: (url, body, output, more) => counted(call(life, url, () => inner.post(url, body, output, more))),
        link: (asked, output, more) =>
          counted(
            (async () => {
              const said =
                tamper === null || !isRough
                  ? asked
                  : await tamper(asked, (other) => call(life, other.url, () => inner.link(other, output, more)));
              return call(life, said.url, () => inner.link(said, output, more));
            })(),
          ),
        subscriber: (asked, output, more) => counted(call(life, asked.url, () => inner.subscriber(asked, output, more))),
        async local(role, path, body, output, more) {
          if (!life.step()) return refuseHttp('unreachable', path);
          const answer = await counted(inner.local(role, path, body, output, more));
          return life.step() ? answer : refuseHttp('unreachable', path);
        },
        inFlight: () => inner.inFlight() + waiting,
        close: () => inner.close(),
      };
    },
    arrive() {
      const due = late.filter((one) => one.due <= clock.now());
      for (const one of due) late.splice(late.indexOf(one), 1);
      for (const { one } of due) repeat(one);
    },
    busy: () => under > 0,
    nextDue: () => late.reduce<number | null>((least, { due }) => (least === null || due < least ? due : least), null),
  };
}
