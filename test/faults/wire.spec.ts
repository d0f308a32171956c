/*
 * The wire between nodes misbehaves, in every way that proxy.ts knows: deposit to balance, tick to ack, cut-off to receipt end right
 * once it behaves again, and nothing is paid twice. An interval a way, in one network.
 */
import { expect } from 'chai';
import { openWired, type WiredNetwork } from './wired.ts';
import { modes, type Mode } from './proxy.ts';

const path = ['G', 'M', 'X'];
const paid = ['G→M 2500', 'M→X 1500'];

interface HeldIou {
  readonly direction: string;
  readonly relayBytes: string;
  readonly exitBytes: string;
}

describe('a wire that misbehaves', () => {
  let network: WiredNetwork;
  before(async () => {
    network = await openWired({
      relays: [{ name: 'G', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
      subscribers: { U: 100_000_000n },
      parameters: { iouTickSec: 1800 },
    });
    await network.subscribe('U', 'G', 1_000_000n);
  });
  after(() => network.stop());

  const seen = (mode: Mode, name: string) => network.proxy(name).seen.get(mode) ?? 0;

  async function depositUnder(mode: Mode, before: bigint): Promise<void> {
    network.spoil(mode, 'G', 'authority');
    const deposit = () => network.refusal('U', 'client', '/client/deposit', { amount: 1_000_000n });
    const refused = await deposit();
    await network.advance(network.clock.now() + 3);
    expect(seen(mode, 'authority'), 'the deposit went over the wire').above(0);
    network.heal();
    // What was taken is repeated by the client itself; what was refused, by whoever was told so.
    if (refused !== null) expect(await deposit()).equal(null);
    await network.tick();
    await network.tick();
    const { deposited, unconfirmed } = (await network.account('U')).account;
    expect([BigInt(deposited), unconfirmed]).deep.equal([before + 1_000_000n, '0']);
    expect(await network.wallet('U')).equal(100_000_000n - before - 1_000_000n);
  }

  async function tickUnder(mode: Mode, interval: number): Promise<void> {
    network.spoil(mode, ...path);
    expect(await network.carry('U', path, 600n)).equal(600n);
    await network.tick();
    expect(seen(mode, 'M'), 'the delivery went over the wire').above(0);
    network.heal();
    expect(await network.carry('U', path, 400n)).equal(400n);
    for (let hop = 0; hop < 4; hop += 1) await network.tick();
    const held = await network.call<{ ious: HeldIou[] }>('X', 'relay', `/relay/ious?interval=${interval}`);
    const shown = held.ious.map(({ direction, relayBytes, exitBytes }) => `${direction} ${relayBytes} ${exitBytes}`);
    expect(shown).deep.equal(['held 0 1000']);
  }

  async function settleUnder(mode: Mode, interval: number): Promise<void> {
    const { booksClose, bst, paymentEnd } = network.schedule(interval);
    await network.advance(booksClose - 1);
    network.spoil(mode, ...path, 'authority');
    await network.advance(booksClose + 3);
    network.heal();
    await network.advance(bst - 1);
    network.spoil(mode, 'authority', 'M', 'X');
    const before = seen(mode, 'authority');
    await network.advance(bst + 2);
    expect(seen(mode, 'authority'), 'the payment went over the wire').above(before);
    network.heal();
    await network.advance(paymentEnd);
  }

  for (const [interval, mode] of modes.entries()) {
    it(`${mode}: every unit is there once`, async () => {
      const before = BigInt((await network.account('U')).account.deposited);
      await depositUnder(mode, before);
      await tickUnder(mode, interval);
      await settleUnder(mode, interval);
      expect(await network.paid(interval)).deep.equal(paid);
      expect(await network.received(interval)).deep.equal(paid);
      expect(await network.differences()).deep.equal({ G: 0n, M: 0n, X: 0n });
      expect(await network.surplus()).equal(0n);
      const { deposited, spent, balance } = (await network.account('U')).account;
      expect(BigInt(spent)).equal(3500n * BigInt(interval + 1));
      expect(BigInt(balance)).equal(BigInt(deposited) - BigInt(spent));
    });
  }
});
