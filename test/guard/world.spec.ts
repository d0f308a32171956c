/*
 * Any course of events at a guard: circuits, padding, ticks, deposits, withdrawals, restarts. The balance never falls below zero,
 * amounts are what the bytes cost, and what is not lost by a crash is what was carried.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { usageCeil } from '../../core/rule/price.ts';
import type { Account, Tally } from '../../core/wire/guard.ts';
import { asStored, countersign } from '../../core/crypto/sign.ts';
import { networkId, testKey } from '../harness/view.ts';
import { idOf, makeWorld, type World } from './world.ts';

type Step =
  | { readonly kind: 'carry'; readonly bytes: bigint; readonly hops: number }
  | { readonly kind: 'other' | 'deposit' | 'withdraw'; readonly amount: bigint }
  | { readonly kind: 'tick' | 'interval' | 'report' | 'crash' | 'free' | 'anew' | 'sign' };

const events = ['tick', 'interval', 'report', 'crash', 'free', 'anew', 'sign'] as const;
const amount = fc.bigInt({ min: 1n, max: 200_000n });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('carry' as const), bytes: amount, hops: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('other' as const, 'deposit' as const, 'withdraw' as const), amount }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom(...events) }),
  },
);

describe('guard under any course of events', () => {
  it('keeps what is set aside for a starting amount from bytes beside circuits, seed 1199449120', async () => {
    const carry = { kind: 'carry', bytes: 1n, hops: 1 } as const;
    const other = { kind: 'other', amount: 1n } as const;
    await run([{ kind: 'deposit', amount: 35_903n }, carry, other, { kind: 'report' }, other, carry], 25_700n);
  });

  it('never owes and never is owed', async function () {
    this.timeout(6_000_000);
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), fc.constantFrom(0n, 25_700n), run), {
      numRuns: Number(process.env['RUNS'] ?? 25),
    });
  });
});

async function run(steps: readonly Step[], startingBytes: bigint): Promise<void> {
  const world = await makeWorld({ startingBytes });
  try {
    const { database } = await world.startGuard();
    const first = await world.ask('alice', { kind: 'subscribe', rail: 'ledger' });
    if (!first.ok) throw new Error(first.refusal.code);
    const { destination } = first.value.account.body;
    let ids = 0;
    const signed: Tally[] = [];
    for (const one of steps) {
      if (one.kind === 'carry') await world.carry('alice', one.bytes, one.hops);
      else if (one.kind === 'other') world.source.carryOther(testKey('alice').publicKey, idOf('G'), one.amount);
      else if (one.kind === 'deposit') world.rail.put(destination, one.amount);
      else if (one.kind === 'withdraw') {
        const id = (++ids).toString(16).padStart(32, '0');
        await world.ask('alice', { kind: 'withdraw', amount: one.amount, destination: 'alice.12345678' }, { id });
      } else if (one.kind === 'tick') await world.advance(world.clock.now() + world.parameters.iouTickSec);
      else if (one.kind === 'interval') await world.advance(world.clock.now() + world.parameters.intervalSec);
      else if (one.kind === 'report') await world.tellShortfalls();
      else if (one.kind === 'free') world.relay.turnFree();
      else if (one.kind === 'anew') world.relay.forget();
      else if (one.kind === 'sign') await sign(world, signed);
      else {
        world.kill('G');
        await world.startGuard('G', {}, database);
      }
      await check(world, signed);
    }
  } finally {
    await world.stop();
  }
}

async function sign(world: World, signed: Tally[]): Promise<void> {
  const interval = Math.floor((world.clock.now() - world.parameters.genesis) / world.parameters.intervalSec);
  const asked = await world.ask('alice', { kind: 'tally', interval });
  if (!asked.ok || asked.value.tally === null) throw new Error('no tally');
  const tally = countersign('tally', networkId, asStored(asked.value.tally), testKey('alice'));
  const answer = await world.ask('alice', { kind: 'sign-tally', tally });
  if (answer.ok) signed.push(tally.body);
}

async function check(world: World, signed: readonly Tally[]): Promise<void> {
  const asked = await world.ask('alice', { kind: 'account' });
  if (!asked.ok) throw new Error(asked.refusal.code);
  const account: Account = asked.value.account.body;
  expect(account.balance >= 0n, `balance ${account.balance}`).to.equal(true);
  expect(account.balance).to.equal(account.deposited - account.withdrawn - account.spent);
  let spent = 0n;
  const running = Math.floor((world.clock.now() - world.parameters.genesis) / world.parameters.intervalSec);
  for (let interval = 0; interval <= running; interval++) {
    const tally = await world.ask('alice', { kind: 'tally', interval });
    if (!tally.ok || tally.value.tally === null) throw new Error('no tally');
    const { body } = tally.value.tally;
    const terms = world.view.terms(interval)!;
    expect(body.amount).to.equal(usageCeil(terms, terms.parameters.rails['ledger']!, body));
    spent += body.amount;
    for (const one of signed.filter((each) => each.interval === interval)) {
      for (const count of ['circuitBytes', 'otherBytes', 'relayBytes', 'exitBytes', 'serial'] as const)
        expect(body[count] >= one[count], `${count} of what both signed`).to.equal(true);
    }
  }
  expect(account.spent).to.equal(spent);
}
