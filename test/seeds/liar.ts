/*
 * A relay that lies: its own roles run as they are, and what they send is followed or replaced by something else that its own keys
 * sign. A plan's lies in; forged deliveries, statements and settlements out. Called by wire.ts through run.ts.
 */
import { join } from 'node:path';
import { signingKey } from '../../core/crypto/keys.ts';
import { bare, sign, type Signed } from '../../core/crypto/sign.ts';
import type { Iou, IouDelivery } from '../../core/wire/iou.ts';
import type { Receipt, Settlement, Statement } from '../../core/wire/settlement.ts';
import { systemEntropy } from '../../host/entropy.ts';
import type { LinkCall } from '../../host/ports.ts';
import { keysIn, type KeyName } from '../../node/keys.ts';
import { chanceOf } from './chance.ts';
import type { Lie, SeedPlan } from './plan.ts';
import type { Tamper } from './wire.ts';

export function liarOf(home: string, plan: SeedPlan, name: string, count: (what: string) => void): Tamper | null {
  const lies = plan.liars.get(name);
  if (lies === undefined) return null;
  const chance = chanceOf(`${plan.seed} liar ${name}`);
  const networkId = `seed-${plan.seed}`;
  const keys = keysIn(join(home, name, 'keys'), systemEntropy());
  const keyOf = async (which: KeyName) => signingKey(await keys(which));
  /** IOUs that it signed before, by holder and interval. */
  const older = new Map<string, Signed<Iou>>();

  async function delivered(call: LinkCall, lie: Lie): Promise<LinkCall | null> {
    const { body } = call.body as Signed<IouDelivery>;
    const key = await keyOf('iou');
    const place = `${body.iou.body.holder} ${body.iou.body.interval}`;
    const before = older.get(place);
    older.set(place, body.iou);
    const forged = (changes: Partial<Iou>, more: Partial<IouDelivery> = {}): LinkCall => {
      const iou = bare(sign('iou', networkId, { ...body.iou.body, ...changes }, key));
      return { ...call, body: bare(sign('delivery', networkId, { ...body, ...more, iou }, key)) };
    };
    const { relayBytes, exitBytes, serial } = body.iou.body;
    // More than its circuits explain.
    if (lie === 'growth') return forged({ relayBytes: relayBytes + 1n + BigInt(chance.below(10_000)) });
    // A higher serial with lower totals, that follows what the holder has.
    if (lie === 'falls' && before !== undefined && relayBytes + exitBytes > 0n) {
      const since = before.body.serial;
      return forged({ serial: since + 1n, relayBytes: 0n, exitBytes: 0n }, { since, circuits: [] });
    }
    // The same serial twice, with other content.
    if (lie === 'forked') return forged({ issuedAt: body.iou.body.issuedAt - 1, serial });
    return null;
  }

  async function stated(call: LinkCall): Promise<LinkCall> {
    const { body } = call.body as Signed<Statement>;
    const { holder, interval } = body.issued?.body ?? { holder: '', interval: 0 };
    const lower = older.get(`${holder} ${interval}`) ?? null;
    const forged = { ...body, issued: chance.thousandths(500) ? lower : null, held: chance.thousandths(500) ? null : body.held };
    return { ...call, body: bare(sign('statement', networkId, forged, await keyOf('settlement'))) };
  }

  async function settled(call: LinkCall): Promise<LinkCall> {
    const { body } = call.body as Signed<Settlement>;
    const forged = { ...body, amount: body.amount + 1n + BigInt(chance.below(100_000)) };
    return { ...call, body: bare(sign('settlement', networkId, forged, await keyOf('settlement'))) };
  }

  /** More than was paid, or for another pair's settlement. */
  async function receipted(call: LinkCall): Promise<LinkCall> {
    const { body } = call.body as Signed<Receipt>;
    const forged = chance.thousandths(500) ? { ...body, amount: body.amount - 1n } : { ...body, settlement: 'ab'.repeat(32) };
    return { ...call, body: bare(sign('receipt', networkId, forged, await keyOf('settlement'))) };
  }

  return async (call, more) => {
    const lie = chance.pick(lies);
    if (call.tag === 'delivery' && chance.thousandths(300)) {
      const forged = await delivered(call, lie);
      if (forged !== null) {
        count(`lie: ${lie}`);
        await more(forged);
      }
    }
    if (call.tag === 'statement' && lies.includes('statement') && chance.thousandths(500)) {
      count('lie: statement');
      return stated(call);
    }
    if (call.tag === 'settlement' && lies.includes('settlement') && chance.thousandths(500)) {
      count('lie: settlement');
      return settled(call);
    }
    if (call.tag === 'receipt' && lies.includes('receipt') && chance.thousandths(500)) {
      count('lie: receipt');
      await more(await receipted(call));
    }
    return call;
  };
}
