/*
 * One look at a running local network, as its operators and subscribers may look: relays, links, accounts, settlements. The roles'
 * reading calls in; one plain value out. Called by up/run each second.
 */
import { z } from 'zod';
import { scaledValue, railTermsOf, valueFloor } from '../../core/rule/price.ts';
import { hex32, interval as intervalField, signedUnits, units } from '../../core/wire/field.ts';
import { callLocal, readAccounts, readContests } from '../report.ts';
import type { World } from '../world.ts';

export interface RelaySight {
  readonly name: string;
  readonly flags: readonly string[];
  readonly wallet: bigint;
}
export interface LinkSight {
  readonly issuer: string;
  readonly holder: string;
  readonly value: bigint;
  readonly serial: bigint;
}
export interface AccountSight {
  readonly name: string;
  readonly guard: string;
  readonly deposited: bigint;
  readonly spent: bigint;
  readonly balance: bigint;
  readonly state: string;
}
export interface PairSight {
  readonly interval: number;
  readonly name: string;
  readonly peer: string;
  readonly state: string;
  readonly held: bigint;
  readonly issued: bigint;
  readonly carryIn: bigint;
  readonly fee: bigint;
  /** In the relay's favour. */
  readonly net: bigint;
  readonly carryOut: bigint;
  readonly received: bigint;
  readonly paid: bigint;
}
export interface CaseSight {
  readonly case: string;
  readonly interval: number;
  readonly contestant: string;
  readonly accused: string;
  readonly amount: bigint;
  readonly state: string;
  readonly decidedAt: number | null;
}
export interface Snapshot {
  readonly now: number;
  /** Null before genesis. */
  readonly interval: number | null;
  readonly relays: readonly RelaySight[];
  readonly links: readonly LinkSight[];
  readonly accounts: readonly AccountSight[];
  /** Of the running interval and the one before. */
  readonly pairs: readonly PairSight[];
  /** The docket's contests, oldest first. */
  readonly cases: readonly CaseSight[];
}

const totals = z.object({ serial: units, relayBytes: units, exitBytes: units }).nullable();
const linksShape = z.object({ interval: intervalField.nullable(), links: z.array(z.object({ peer: hex32, held: totals })) });
const walletShape = z.object({ wallets: z.array(z.object({ balance: signedUnits })) });
const pairsShape = z.object({
  lines: z.array(
    z.object({
      interval: intervalField,
      peer: hex32,
      state: z.string(),
      held: units,
      issued: units,
      carryIn: signedUnits,
      fee: units,
      net: signedUnits,
      carryOut: signedUnits,
      received: units,
      paid: units,
    }),
  ),
});

export async function look(world: World, now: number): Promise<Snapshot> {
  const seen = await Promise.all([...world.relays].map(async ([name, node]) => lookAtRelay(world, name, node)));
  const accounts: AccountSight[] = [];
  for (const [name, held] of await readAccounts(world)) {
    for (const { guard, account } of held) {
      const { deposited, spent, balance, state } = account;
      accounts.push({ name, guard: world.relayName(guard), deposited, spent, balance, state });
    }
  }
  return {
    now,
    interval: seen[0]?.interval ?? null,
    relays: seen.map((one) => one.relay),
    links: seen.flatMap((one) => one.links),
    accounts,
    pairs: seen.flatMap((one) => one.pairs),
    cases: [...(await readContests(world))].reverse(),
  };
}

async function lookAtRelay(world: World, name: string, node: Parameters<typeof callLocal>[0]) {
  const told = await callLocal(node, 'relay', '/relay/links', undefined, linksShape);
  // What runs and what settles; older ones change no more.
  const recent = told.interval === null ? [] : [told.interval - 1, told.interval].filter((interval) => interval >= 0);
  const [wallets, ...earnings] = await Promise.all([
    callLocal(node, 'settlement', '/settlement/wallet', {}, walletShape),
    ...recent.map((interval) => callLocal(node, 'settlement', '/settlement/earnings', { interval }, pairsShape)),
  ]);
  const terms = told.interval === null ? null : node.view.terms(told.interval);
  const rail = terms === null ? null : railTermsOf(terms, 'ledger');
  const links = told.links.flatMap(({ peer, held }) =>
    held === null || terms === null || rail === null
      ? []
      : [
          {
            issuer: world.relayName(peer),
            holder: name,
            serial: held.serial,
            value: valueFloor(terms, scaledValue(terms, rail, held)),
          },
        ],
  );
  const relay: RelaySight = {
    name,
    flags: world.authority.view.entry(node.id ?? '')?.flags ?? [],
    wallet: wallets.wallets[0]?.balance ?? 0n,
  };
  const pairs = earnings.flatMap(({ lines }) => lines.map((line) => ({ ...line, name, peer: world.relayName(line.peer) })));
  return { interval: told.interval, relay, links, pairs };
}
