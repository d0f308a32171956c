/*
 * Whether every unit is accounted for: the ledger's own balances against what the mint issued, and each relay's wallet against its
 * books. Reads only what the roles publish or tell their operator. Called by up/run at the end.
 */
import { z } from 'zod';
import { ledgerAccount, signedLogHead } from '../../core/wire/ledger.ts';
import { signedUnits } from '../../core/wire/field.ts';
import { callLocal, need } from '../report.ts';
import type { World } from '../world.ts';
import type { UpPlan } from './plan.ts';

export interface AuditLine {
  readonly what: string;
  readonly expected: bigint;
  readonly found: bigint;
  readonly difference: bigint;
}

const reconciled = z.object({
  wallets: z.array(z.object({ expected: signedUnits, balance: signedUnits, difference: signedUnits })),
});

/** Of one moment: while money moves, it would be counted twice or not at all. */
export async function audit(world: World, plan: UpPlan): Promise<readonly AuditLine[]> {
  for (let tries = 0; ; tries += 1) {
    const before = await entries(world);
    const lines = await auditNow(world, plan);
    if (before === (await entries(world)) || tries === TRIES_MAX) return lines;
  }
}

const TRIES_MAX = 20;

/** How many the ledger has. */
async function entries(world: World): Promise<bigint> {
  return need(await world.authority.http.get(`${world.network.ledger?.url ?? ''}/ledger/head`, signedLogHead)).body.size;
}

async function auditNow(world: World, plan: UpPlan): Promise<readonly AuditLine[]> {
  const issued = [...plan.subscribers.map((one) => one.purse), ...plan.relays.map((one) => one.opening)].reduce(
    (a, b) => a + b,
    0n,
  );
  const wallets: AuditLine = { what: 'relay wallets', ...(await relayWallets(world)) };
  const held = wallets.found + (await subscriberWallets(world));
  return [wallets, { what: 'issued by the mint', expected: issued, found: held, difference: held - issued }];
}

async function relayWallets(world: World) {
  let [expected, found, difference] = [0n, 0n, 0n];
  for (const [, node] of world.relays) {
    for (const wallet of (await callLocal(node, 'settlement', '/settlement/reconcile', {}, reconciled)).wallets) {
      expected += wallet.expected;
      found += wallet.balance;
      // One wallet's surplus does not make up for another's lack.
      difference += wallet.difference < 0n ? -wallet.difference : wallet.difference;
    }
  }
  return { expected, found, difference };
}

async function subscriberWallets(world: World): Promise<bigint> {
  let total = 0n;
  for (const [name] of world.subscribers) {
    const account = await world.walletKey(name);
    const url = `${world.network.ledger?.url ?? ''}/ledger/accounts/${account}`;
    total += BigInt(need(await world.authority.http.get(url, ledgerAccount)).balance);
  }
  return total;
}
