/*
 * A wallet whose keys are elsewhere, on a real node: what is handed out, what is taken back, what is given up, and a signature that comes
 * after that; each broken off at every step. Whatever happens, a batch is paid once.
 */
import { expect } from 'chai';
import { Psbt } from 'bitcoinjs-lib';
import { z } from 'zod';
import type { Result } from '../../core/refusal.ts';
import { scriptOf } from '../../rail/bitcoin/address.ts';
import { chains } from '../../rail/bitcoin/network.ts';
import type { PlannedOutput } from '../../rail/bitcoin/wallet/plan.ts';
import { coinsIn, outputsIn, psbtOf, signedIn } from '../../rail/bitcoin/wallet/psbt.ts';
import { readUnsigned } from '../../rail/bitcoin/wallet/store.ts';
import { paidNothing, type Batch, type Signing, type UnsignedBatch, type Wallet } from '../../rail/rail.ts';
import { undoAll } from '../harness/later.ts';
import { codeOf } from '../rail/bitcoin/answers.ts';
import { valueOf, withBitcoind } from './fixture.ts';
import { breaking, Killed } from './faulty.ts';
import { batchOf, batchTo, payingOn, placesOf, receivedBy, rules, signedBy } from './paying.ts';

afterEach(undoAll);

const toConfirm = { waits: 'confirmations' };
const toSign = { waits: 'signature' };

describe('signing elsewhere', () => {
  const node = withBitcoind(['-txindex=1', '-blockfilterindex=1']);

  const signingOf = (wallet: Wallet): Signing => {
    if (wallet.signing === undefined) throw new Error('the wallet has its keys');
    return wallet.signing;
  };
  const mempool = async () => (await node().ask('getrawmempool')) as string[];

  async function open(name: string, amounts: readonly bigint[]) {
    const paying = await payingOn(node(), name);
    await paying.fund(amounts);
    return { ...paying, wallet: paying.again({ signer: null }) };
  }

  /** Handed out. */
  async function handed(wallet: Wallet, batch: Batch): Promise<UnsignedBatch> {
    expect(valueOf(await wallet.pay(batch))).deep.equal(toSign);
    const found = (await signingOf(wallet).unsigned()).find((one) => one.batch === batch.id);
    if (found === undefined) throw new Error('it waits for no signature');
    return found;
  }

  async function final(wallet: Wallet, batch: Batch): Promise<readonly string[]> {
    await node().mine(rules.confirmations);
    const paid = valueOf(await wallet.pay(batch));
    if ('waits' in paid) throw new Error(`it waits for ${paid.waits}`);
    return paid.payments;
  }

  /** Signed by somebody who has it, and sent without a word. */
  async function sendElsewhere(seed: string, { unsigned }: UnsignedBatch): Promise<string> {
    return (await node().ask('sendrawtransaction', rawOf(signedBy(seed, unsigned)))) as string;
  }

  it('is shown before; refused when it is another, changed or unsigned; sent when it is signed', async () => {
    const { wallet, database, reader } = await open('elsewhere', [100_000n, 100_000n]);
    const signing = signingOf(wallet);
    const batch = batchTo('elsewhere', 3, 50_000n);
    const { total, fee, outputs, feerate, unsigned, payment } = await handed(wallet, batch);
    expect(valueOf(await wallet.pay(batch)), 'again').deep.equal(toSign);
    expect(valueOf(await wallet.balance()), 'set aside').equal(0n);
    expect(outputs.filter((one) => !one.isChange).map((one) => `${one.destination} ${one.amount}`)).have.members(
      batch.outputs.map((one) => `${one.destination} ${one.amount}`),
    );
    expect(outputs.filter((one) => one.isChange)).length(1);
    expect([total, outputs.reduce((sum, one) => sum + one.amount, fee)]).deep.equal([150_003n, 200_000n]);
    expect(feerate).match(/^2\.[0-9] satoshi a virtual byte$/);

    const codes = async (given: string) => codeOf(await signing.takeSigned(given));
    expect(await codes(unsigned)).equal('bitcoin-unsigned');
    expect(await codes(signedBy('elsewhere', unsigned, 1))).equal('bitcoin-unsigned');
    for (const one of ['nonsense', '', 'cHNidP8=', unsigned.slice(0, 200), `${unsigned}${'A'.repeat(5_000_000)}`])
      expect(await codes(one), one.slice(0, 20)).equal('bitcoin-psbt');
    for (const change of [lessToOne, toSomebodyElse, lessFee])
      expect(await codes(signedBy('elsewhere', change(unsigned))), change.name).equal('bitcoin-other');
    expect(await codes(grafted(unsigned, signedBy('elsewhere', lessFee(unsigned)))), 'no signature of it').equal(
      'bitcoin-rejected',
    );
    expect(await mempool()).not.include(payment);

    const signed = signedBy('elsewhere', unsigned);
    for (const form of [signed, `${signed}\n`, Buffer.from(signed, 'base64').toString('hex'), rawOf(signed)])
      expect(valueOf(await signing.takeSigned(form))).deep.equal({ batch: batch.id, payment });
    expect(await mempool()).include(payment);
    expect(codeOf(await signing.void(batch.id))).equal('bitcoin-signed');
    expect(await database.transaction(readUnsigned)).deep.equal([]);
    expect(valueOf(await wallet.pay(batch))).deep.equal(toConfirm);
    expect((await final(wallet, batch)).every((one) => one.startsWith(payment))).equal(true);
    expect((await receivedBy(reader, batch)).flat()).deep.equal(batch.outputs.map((one) => one.amount));
    // Long after.
    expect(valueOf(await signing.takeSigned(signed))).deep.equal({ batch: batch.id, payment });
  });

  it('signed and sent without being given back: found, paid once, and not given up', async () => {
    const { wallet, reader } = await open('by itself', [100_000n]);
    const batch = batchTo('by itself', 2, 20_000n);
    const { payment } = await sendAndSee();
    expect(codeOf(await signingOf(wallet).void(batch.id))).equal('bitcoin-signed');
    expect(valueOf(await wallet.pay(batch))).deep.equal(toConfirm);
    expect(await signingOf(wallet).unsigned()).deep.equal([]);
    expect((await final(wallet, batch)).every((one) => one.startsWith(payment))).equal(true);
    expect((await receivedBy(reader, batch)).flat()).deep.equal(batch.outputs.map((one) => one.amount));

    async function sendAndSee() {
      const waiting = await handed(wallet, batch);
      expect(await sendElsewhere('by itself', waiting)).equal(waiting.payment);
      return waiting;
    }
  });

  it('given up: its coins are free, its PSBT is refused, and what replaces it excludes it', async () => {
    const { wallet, reader, fund } = await open('void', [30_000n, 31_000n, 90_000n]);
    const signing = signingOf(wallet);
    const batch = batchTo('void', 2, 20_000n);
    const before = await handed(wallet, batch);
    const coins = coinsIn(before.unsigned).map((one) => `${one.txid}:${one.vout}`);
    expect(valueOf(await signing.void(batch.id))).equal(null);
    expect(valueOf(await signing.void(batch.id)), 'again').equal(null);
    expect(valueOf(await wallet.held())).equal(151_000n);
    expect(await signing.unsigned()).deep.equal([]);
    expect(codeOf(await signing.takeSigned(signedBy('void', before.unsigned)))).equal('bitcoin-void');

    // Coins that would do alone, and cost less: a later batch could be paid beside the first.
    await fund([26_000n, 900_000n]);
    // Another composition of what is due: one of the outputs, and another one.
    const next = batchOf('void next', [batch.outputs[0]!, { destination: placesOf('else', 1)[0]!, amount: 5_000n }]);
    const after = await handed(wallet, next);
    const shared = coinsIn(after.unsigned).filter((one) => coins.includes(`${one.txid}:${one.vout}`));
    expect(shared.length).greaterThan(0);
    valueOf(await signing.takeSigned(signedBy('void', after.unsigned)));
    // Late: the first one cannot come in any more.
    const late = rawOf(signedBy('void', before.unsigned));
    await final(wallet, next);
    expect(codeOf(await node().rpc.call('sendrawtransaction', [late], z.unknown()))).equal('bitcoin-rpc');
    // Its end is known, so that what is left of it is free of it.
    const rest = batchOf('void rest', [batch.outputs[1]!]);
    valueOf(await signing.takeSigned(signedBy('void', (await handed(wallet, rest)).unsigned)));
    await final(wallet, rest);
    expect(await receivedBy(reader, batch)).deep.equal(batch.outputs.map((one) => [one.amount]));
  });

  it('given up and sent all the same: taken for the batch that asks for just that', async () => {
    const { wallet, reader } = await open('late', [60_000n]);
    const batch = batchTo('late', 1, 20_000n);
    const waiting = await handed(wallet, batch);
    valueOf(await signingOf(wallet).void(batch.id));
    await sendElsewhere('late', waiting);
    expect(valueOf(await wallet.pay(batch))).deep.equal(toConfirm);
    expect((await final(wallet, batch)).every((one) => one.startsWith(waiting.payment))).equal(true);
    expect((await receivedBy(reader, batch)).flat()).deep.equal([20_000n]);
    // The same again to the same place is a payment of its own.
    const again = batchOf('late again', batch.outputs);
    valueOf(await signingOf(wallet).takeSigned(signedBy('late', (await handed(wallet, again)).unsigned)));
    await final(wallet, again);
    expect((await receivedBy(reader, batch)).flat()).deep.equal([20_000n, 20_000n]);
  });

  it('given up and sent all the same, of a batch that asks for more: that one waits, and has paid nothing', async () => {
    const { wallet } = await open('part', [60_000n, 60_000n]);
    const first = batchTo('part', 2, 20_000n);
    const waiting = await handed(wallet, first);
    valueOf(await signingOf(wallet).void(first.id));
    await sendElsewhere('part', waiting);
    const more = batchOf('part more', [first.outputs[0]!, { destination: placesOf('part more', 1)[0]!, amount: 7_000n }]);
    expect(valueOf(await wallet.pay(more))).deep.equal(toConfirm);
    expect(await signingOf(wallet).unsigned()).deep.equal([]);
    await node().mine(rules.confirmations);
    await refusedAs(await wallet.pay(more), 'bitcoin-conflict');
  });

  it('sent all the same while its replacement is signed: whichever is in a block, the other is not', async () => {
    const { wallet, reader } = await open('race', [60_000n]);
    const batch = batchTo('race', 2, 20_000n);
    const before = await handed(wallet, batch);
    valueOf(await signingOf(wallet).void(batch.id));
    const after = await handed(wallet, batch);
    valueOf(await signingOf(wallet).takeSigned(signedBy('race', after.unsigned)));
    // A miner who has it takes the first one instead.
    await node().ask('generateblock', placesOf('miner', 1)[0]!, [rawOf(signedBy('race', before.unsigned))]);
    expect(valueOf(await wallet.pay(batch))).deep.equal(toConfirm);
    await node().mine(rules.confirmations);
    // What it was is known only by what was sent: the batch begins again, and finds it.
    await refusedAs(await wallet.pay(batch), 'bitcoin-conflict');
    expect((await final(wallet, batch)).every((one) => one.startsWith(before.payment))).equal(true);
    expect(await receivedBy(reader, batch)).deep.equal(batch.outputs.map((one) => [one.amount]));
  });

  it('a batch with an output of one that was given up waits while another batch has the coins', async () => {
    const { wallet, reader, fund } = await open('held', [60_000n]);
    const signing = signingOf(wallet);
    const first = batchTo('held', 1, 20_000n);
    await handed(wallet, first);
    valueOf(await signing.void(first.id));
    const other = batchTo('held by', 1, 20_000n);
    const holding = await handed(wallet, other);
    await fund([70_000n]);
    expect(valueOf(await wallet.pay(first))).deep.equal(toConfirm);
    expect((await signing.unsigned()).map((one) => one.batch)).deep.equal([other.id]);
    valueOf(await signing.takeSigned(signedBy('held', holding.unsigned)));
    await final(wallet, other);
    valueOf(await signing.takeSigned(signedBy('held', (await handed(wallet, first)).unsigned)));
    await final(wallet, first);
    expect((await receivedBy(reader, first)).flat()).deep.equal([20_000n]);
  });

  it('broken off at each step of taking a signature, before it and after it: taken when it is given again, and paid once', async () => {
    const { again, database, reader, fund } = await payingOn(node(), 'taken');
    const wallet = again({ signer: null });
    await fund([50_000n]);
    const steps = await stepsOf(async (faulty) => {
      const { unsigned } = await handed(wallet, batchTo('taken', 1));
      const dying = signingOf(again({ ...faulty, signer: null }));
      return dying.takeSigned(signedBy('taken', unsigned));
    });
    await fund(Array.from({ length: 2 * steps }, (_, index) => 50_000n + BigInt(index)));
    const batches: Batch[] = [];
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; at <= steps; at++) {
        const batch = batchTo(`taken ${when} ${at}`, 1);
        batches.push(batch);
        const signed = signedBy('taken', (await handed(wallet, batch)).unsigned);
        await killed(signingOf(again({ ...breaking(node().rpc, database, at, when), signer: null })).takeSigned(signed));
        valueOf(await signingOf(wallet).takeSigned(signed));
        expect(valueOf(await wallet.pay(batch))).deep.equal(toConfirm);
      }
    }
    await node().mine(rules.confirmations);
    for (const batch of batches) {
      expect(valueOf(await wallet.pay(batch))).property('fee');
      expect((await receivedBy(reader, batch)).flat()).deep.equal(batch.outputs.map((one) => one.amount));
    }

    async function stepsOf(run: (faulty: ReturnType<typeof breaking>) => Promise<Result<unknown>>): Promise<number> {
      const plain = breaking(node().rpc, database, 0, 'before');
      valueOf(await run(plain));
      expect(plain.taken()).greaterThan(3);
      return plain.taken();
    }
  });

  it('broken off at each step of giving up and of what follows, and signed late: paid once', async () => {
    const { again, database, reader, fund } = await payingOn(node(), 'dropped');
    const wallet = again({ signer: null });
    await fund([50_000n]);
    // Both in one: what is given up is made anew.
    const run = async (dying: Wallet, batch: Batch): Promise<void> => {
      valueOf(await signingOf(dying).void(batch.id));
      valueOf(await dying.pay(batch));
    };
    const plain = breaking(node().rpc, database, 0, 'before');
    const first = batchTo('dropped', 1);
    await handed(wallet, first);
    await run(again({ ...plain, signer: null }), first);
    const steps = plain.taken();
    expect(steps).greaterThan(15);
    await fund(Array.from({ length: 2 * steps }, (_, index) => 50_000n + BigInt(index)));
    const batches: Batch[] = [];
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; at <= steps; at++) {
        const batch = batchTo(`dropped ${when} ${at}`, 1);
        batches.push(batch);
        const before = await handed(wallet, batch);
        await killed(run(again({ ...breaking(node().rpc, database, at, when), signer: null, name: `${when} ${at}` }), batch));
        const after = await handed(wallet, batch);
        // Half of them: who had the first one sends it before the second is signed.
        if (at % 2 === 0) await sendElsewhere('dropped', before);
        const taken = await signingOf(wallet).takeSigned(signedBy('dropped', after.unsigned));
        if (!taken.ok) expect(taken.refusal.code).equal('bitcoin-rejected');
      }
    }
    await node().mine(2 * rules.confirmations);
    for (const batch of batches) {
      let paid = await wallet.pay(batch);
      // What was handed out first was in the block: found when the batch begins again.
      if (!paid.ok) {
        await refusedAs(paid, 'bitcoin-conflict');
        valueOf(await wallet.pay(batch));
        paid = await wallet.pay(batch);
      }
      expect(valueOf(paid)).property('fee');
      expect((await receivedBy(reader, batch)).flat()).deep.equal(batch.outputs.map((one) => one.amount));
    }
  });
});

async function killed(run: Promise<unknown>): Promise<void> {
  const end = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(end).instanceOf(Killed);
}

async function refusedAs(answer: Result<unknown>, code: string): Promise<void> {
  expect(codeOf(answer)).equal(code);
  if (!answer.ok) expect(paidNothing(answer.refusal)).equal(true);
}

const chain = chains.regtest;

function rawOf(signed: string): string {
  const raw = signedIn(signed, chain)?.raw;
  if (raw === null || raw === undefined) throw new Error('it is not signed');
  return raw;
}

/** The same inputs, and other outputs. */
function changed(text: string, change: (outputs: PlannedOutput[]) => PlannedOutput[]): string {
  const plan = { inputs: coinsIn(text), outputs: change(outputsIn(text)), fee: 1n, vsize: 1n };
  return psbtOf(plan, chain).toBase64();
}

/** One unit goes from one output to another. */
function lessToOne(text: string): string {
  return changed(text, ([first, second, ...rest]) => [
    ...[
      { ...first!, amount: first!.amount - 1n },
      { ...second!, amount: second!.amount + 1n },
    ],
    ...rest,
  ]);
}

function toSomebodyElse(text: string): string {
  const script = scriptOf(placesOf('thief', 1)[0]!, chain)!;
  return changed(text, ([first, ...rest]) => [{ ...first!, script }, ...rest]);
}

function lessFee(text: string): string {
  return changed(text, ([first, ...rest]) => [{ ...first!, amount: first!.amount + 1n }, ...rest]);
}

/** Signatures of another transaction, put into this one. */
function grafted(text: string, signed: string): string {
  const [psbt, other] = [text, signed].map((one) => Psbt.fromBase64(one, { network: chain.prefixes })) as [Psbt, Psbt];
  for (const [place, { partialSig }] of other.data.inputs.entries()) psbt.updateInput(place, { partialSig: partialSig! });
  return psbt.toBase64();
}
