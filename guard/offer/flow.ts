/*
 * What the guard tells anybody, and what it tells its operator: the public offer, and the reading command `status`.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { guardRefusals, type GuardOffer } from '../../core/wire/guard.ts';
import { pricesOf } from '../../host/network/prices.ts';
import { balanceOf } from '../account/decide.ts';
import { countAccounts, readTotals } from '../account/store.ts';
import type { Unread } from '../deposit/flow.ts';
import { readUsed } from '../tally/store.ts';
import { usualPrice } from '../bill/flow.ts';
import { GIB } from '../../core/rule/price.ts';
import { intervalNow, type Guard } from '../context.ts';

const refuse = refuser(guardRefusals);

/** Of what was used. */
const INTERVALS_SHOWN = 8;

export interface GuardStatus {
  readonly id: string;
  readonly nickname: string;
  readonly subscribers: number;
  /** Open now. */
  readonly sessions: number;
  readonly rails: readonly {
    readonly rail: string;
    readonly deposited: bigint;
    readonly unconfirmed: bigint;
    readonly withdrawn: bigint;
    readonly spent: bigint;
    /** Sum of the subscribers' balances: theirs to withdraw. */
    readonly owed: bigint;
    /** Spent, but not signed by its subscriber. */
    readonly unsigned: bigint;
  }[];
  /** What all subscribers' tallies come to, an interval; the newest first. */
  readonly used: readonly { readonly interval: number; readonly circuitBytes: bigint; readonly otherBytes: bigint }[];
  /** Rails whose deposits cannot be read now; a running guard knows. */
  readonly unread: readonly { readonly rail: string; readonly since: number; readonly text: string; readonly remedy: string }[];
}

export function createOffers(guard: Guard, sessionsNow: () => number, unreadNow: () => readonly Unread[]) {
  const { config, ports } = guard;
  const { network, clock, database } = ports;

  async function offer(): Promise<Result<GuardOffer>> {
    const interval = intervalNow(network, clock.now());
    if (interval === null) return refuse('request-unknown-terms', network.network.networkId);
    const rails: GuardOffer['rails'] = [];
    for (const { rail } of ports.receiving) {
      const prices = pricesOf(network, interval, rail);
      if (prices === null) continue;
      rails.push({
        rail,
        pricePerGib: usualPrice(prices, GIB),
        startingAmount: usualPrice(prices, prices.terms.parameters.startingBytes),
        confirmations: config.confirmations[rail] ?? 1,
      });
    }
    return ok({ id: config.id, nickname: config.nickname, rails });
  }

  async function status(): Promise<Result<GuardStatus>> {
    return database.transaction(async (tx) => {
      const rails = (await readTotals(tx)).map(({ signed, ...sums }) => ({
        ...sums,
        owed: balanceOf(sums),
        unsigned: sums.spent - signed,
      }));
      const { id, nickname } = config;
      const unread = unreadNow().map(({ rail, since, refusal: { text, remedy } }) => ({ rail, since, text, remedy }));
      const [subscribers, used] = [await countAccounts(tx), await readUsed(tx, id, INTERVALS_SHOWN)];
      return ok({ id, nickname, subscribers, sessions: sessionsNow(), rails, used, unread });
    });
  }

  return { offer, status };
}
