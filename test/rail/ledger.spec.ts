import { expect } from 'chai';
import { sign } from '../../core/crypto/sign.ts';
import type { Result } from '../../core/refusal.ts';
import { encode } from '../../core/wire/codec.ts';
import { ledgerProof, transferIdOf, type LedgerProof } from '../../core/wire/ledger.ts';
import type { PaymentProof } from '../../core/wire/settlement.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import type { HttpClient } from '../../host/ports.ts';
import { mint } from '../../rail/ledger/mint.ts';
import { ledgerReader } from '../../rail/ledger/reader.ts';
import { ledgerReceiving, type LedgerReceiving } from '../../rail/ledger/receiving.ts';
import { ledgerWallet, type LedgerWallet } from '../../rail/ledger/wallet.ts';
import { byRail, openRails } from '../../rail/rails.ts';
import { runLedger, type TestLedger } from '../harness/ledger.ts';
import { networkId, testKey, testSeed } from '../harness/view.ts';

const id = (name: string): string => transferIdOf('test', name);

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.about}`);
  return result.value;
}
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code);

/** Answers of some posts get lost on the way back: what they asked for was done. */
function losing(http: HttpClient, loses: (post: number) => boolean): HttpClient {
  let posts = 0;
  return {
    ...http,
    async post(url, body, output, options) {
      const answer = await http.post(url, body, output, options);
      posts += 1;
      return loses(posts) ? refuseHttp('unreachable', url) : answer;
    },
  };
}

describe('rail/ledger', () => {
  let ledger: TestLedger;
  let guard: LedgerReceiving;
  let wallet: LedgerWallet;
  beforeEach(async () => {
    ledger = await runLedger();
    guard = ledgerReceiving({ ...ledger, account: testKey('guard').publicKey, refSecret: testSeed('guard ref') });
    wallet = walletOf('alice');
    valueOf(
      await mint({ ...ledger, mintKey: testKey('mint') }, id('founding'), [{ destination: wallet.fallback(), amount: 1000n }]),
    );
  });
  afterEach(() => ledger.stop());

  const walletOf = (name: string, http: HttpClient = ledger.http): LedgerWallet =>
    ledgerWallet({ http, network: ledger.network, key: testKey(name), refSecret: testSeed(`${name} ref`) });
  const balanceOf = async (of: LedgerWallet): Promise<bigint> => valueOf(await of.balance());

  it('gives every name its own destination, always the same, with the public key alone', () => {
    const names = ['', 'fallback', 'name', 'u1', 'u2'];
    const all = [guard.fallback(), ...names.map((name) => guard.at(name))];
    expect(new Set(all)).length(names.length + 1);
    expect(guard.at('u1')).equal(guard.at('u1'));
    const other = ledgerReceiving({ ...ledger, account: testKey('guard').publicKey, refSecret: testSeed('another ref') });
    expect(other.at('u1')).not.equal(guard.at('u1'));
    const reader = ledgerReader(ledger);
    expect(all.every((text) => reader.isDestination(text))).equal(true);
    for (const text of ['', 'x', all[0]!.toUpperCase(), `${all[0]}0`, all[0]!.replace('.', ':')])
      expect(reader.isDestination(text), text).equal(false);
  });

  it('pays a batch, shows it to whoever watches, and in the history of its destination', async () => {
    const outputs = [
      { destination: guard.at('u1'), amount: 300n },
      { destination: guard.at('u2'), amount: 200n },
    ];
    const paid = valueOf(await wallet.pay({ id: id('deposit'), outputs }));
    expect(paid).deep.equal({ payments: ['1', '2'], fee: valueOf(await wallet.quote(2)) });
    expect(await balanceOf(wallet)).equal(500n);
    const first = valueOf(await guard.incoming(''));
    const expected = outputs.map((output, index) => ({
      payment: paid.payments[index],
      ...output,
      confirmations: 1,
      at: 1_000_000,
    }));
    expect(first.payments).deep.equal(expected);
    expect(valueOf(await guard.incoming(first.cursor))).deep.equal({ payments: [], cursor: first.cursor });
    valueOf(await wallet.pay({ id: id('top-up'), outputs: [{ destination: guard.at('u1'), amount: 1n }] }));
    expect(valueOf(await guard.incoming(first.cursor)).payments.map((one) => one.payment)).deep.equal(['3']);
    const history = valueOf(await ledgerReader(ledger).history(guard.at('u1')));
    expect(history.map((one) => [one.payment, one.amount])).deep.equal([
      ['1', 300n],
      ['3', 1n],
    ]);
  });

  it('pays once what is asked again after a lost answer, and says the same as the first time', async () => {
    const batch = { id: id('lost'), outputs: [{ destination: guard.at('u1'), amount: 40n }] };
    const unlucky = walletOf(
      'alice',
      losing(ledger.http, (post) => post <= 2),
    );
    const first = await unlucky.pay(batch);
    expect(first.ok ? null : [first.refusal.code, first.refusal.retry]).deep.equal(['unreachable', true]);
    expect(codeOf(await unlucky.pay(batch))).equal('unreachable');
    // Other payments go on in between; the number that it first had is gone.
    valueOf(await wallet.pay({ id: id('between'), outputs: [{ destination: guard.at('u2'), amount: 1n }] }));
    expect(valueOf(await unlucky.pay(batch)).payments).deep.equal(['1']);
    expect(valueOf(await wallet.pay(batch)).payments).deep.equal(['1']);
    expect(await balanceOf(wallet)).equal(959n);
    const other = { id: batch.id, outputs: [{ ...batch.outputs[0]!, amount: 41n }] };
    expect(codeOf(await wallet.pay(other))).equal('transfer-id-used');
  });

  it('lets several processes pay from one account at once', async () => {
    const wallets = [walletOf('alice'), walletOf('alice'), walletOf('alice')];
    const paid = await Promise.all(
      wallets.flatMap((one, w) =>
        [1, 2, 3].map((n) => one.pay({ id: id(`${w} ${n}`), outputs: [{ destination: guard.at('u1'), amount: BigInt(n) }] })),
      ),
    );
    expect(new Set(paid.map((one) => valueOf(one).payments[0]))).length(9);
    expect(await balanceOf(wallet)).equal(1000n - 18n);
  });

  it('pays nothing that it cannot pay whole, or to a place that is none', async () => {
    const outputs = [
      { destination: guard.at('u1'), amount: 600n },
      { destination: guard.at('u2'), amount: 401n },
    ];
    expect(codeOf(await wallet.pay({ id: id('short'), outputs }))).equal('transfer-funds');
    expect(await balanceOf(wallet)).equal(1000n);
    expect(codeOf(await wallet.pay({ id: id('nowhere'), outputs: [{ destination: 'bc1qxyz', amount: 1n }] }))).equal('bad-shape');
    const down = { ...ledger.network, ledger: { ...ledger.network.ledger!, url: 'http://127.0.0.1:1' } };
    const lonely = ledgerWallet({ http: ledger.http, network: down, key: testKey('alice'), refSecret: testSeed('alice ref') });
    expect(codeOf(await lonely.pay({ id: id('down'), outputs: [outputs[0]!] }))).equal('unreachable');
  });

  it('believes no answer about other entries than were paid', async () => {
    const lying: HttpClient = {
      ...ledger.http,
      async post(url, body, output, options) {
        const answer = await ledger.http.post(url, body, output, options);
        const made = (answer as { ok: true; value: { entries: { amount: bigint }[] } }).value;
        made.entries[0]!.amount += 1n;
        return answer;
      },
    };
    const batch = { id: id('lie'), outputs: [{ destination: guard.at('u1'), amount: 5n }] };
    expect(codeOf(await walletOf('alice', lying).pay(batch))).equal('bad-answer');
  });

  it('lists the rails by name and inherits none', () => {
    expect(openRails(ledger)['ledger']?.rail).equal('ledger');
    expect(openRails(ledger)['constructor']).equal(undefined);
    expect(openRails({ ...ledger, network: { ...ledger.network, ledger: null } })['ledger']).equal(undefined);
    expect(() => byRail([wallet, guard])).throw('invariant');
  });

  describe('a proof', () => {
    let proof: PaymentProof;
    let good: LedgerProof;
    beforeEach(async () => {
      const outputs = [7n, 8n, 9n].map((amount) => ({ destination: guard.at(`u${amount}`), amount }));
      valueOf(await wallet.pay({ id: id('proven'), outputs }));
      proof = valueOf(await ledgerReader(ledger).prove('2'));
      good = ledgerProof.parse(JSON.parse(proof.proof));
    });
    const check = (forged: unknown, network = ledger.network) =>
      ledgerReader({ http: ledger.http, network }).verify({ rail: 'ledger', proof: encode(forged) });

    it('shows payment, destination and amount with nothing running', () => {
      const { at } = good.entry;
      expect(check(good)).deep.equal({ payment: '2', destination: guard.at('u8'), amount: 8n, at });
    });

    it('stays good when the log has grown', async () => {
      valueOf(await wallet.pay({ id: id('later'), outputs: [{ destination: guard.at('u1'), amount: 1n }] }));
      const later = valueOf(await ledgerReader(ledger).prove('2'));
      expect(later.proof).not.equal(proof.proof);
      expect(ledgerReader(ledger).verify(later)).deep.equal(check(good));
      expect(check(good)?.payment).equal('2');
    });

    it('shows nothing once any field of the entry is changed', () => {
      const { entry } = good;
      const changes = [
        { position: 1n },
        { position: 3n },
        { position: 2n ** 62n },
        { transfer: '11'.repeat(32) },
        { from: '11'.repeat(32) },
        { to: '11'.repeat(32) },
        { ref: '11'.repeat(16) },
        { amount: entry.amount + 1n },
        { at: entry.at + 1 },
      ];
      for (const change of changes)
        expect(check({ ...good, entry: { ...entry, ...change } }), Object.keys(change)[0]).equal(null);
    });

    it('shows nothing with another path, or under a head that the log key did not sign', () => {
      const { path, head } = good;
      const other = path.map((hash, index) => (index === 0 ? '22'.repeat(32) : hash));
      for (const forged of [other, path.slice(1), [...path, '22'.repeat(32)], [...path].reverse()]) {
        expect(check({ ...good, path: forged })).equal(null);
      }
      const bySomebody = sign('loghead', networkId, head.body, testKey('somebody'));
      expect(check({ ...good, head: { body: bySomebody.body, signature: bySomebody.signature } })).equal(null);
      expect(check({ ...good, head: { ...head, body: { ...head.body, size: head.body.size + 1n } } })).equal(null);
      expect(check({ ...good, head: { ...head, body: { ...head.body, at: head.body.at + 1 } } })).equal(null);
    });

    it('shows nothing in another network, on another rail, or in another form', () => {
      expect(check(good, { ...ledger.network, networkId: 'other-network' })).equal(null);
      const reader = ledgerReader(ledger);
      expect(reader.verify({ ...proof, rail: 'bitcoin' })).equal(null);
      for (const text of ['', '{}', ` ${proof.proof}`, proof.proof.slice(1)])
        expect(reader.verify({ rail: 'ledger', proof: text })).equal(null);
    });

    it('is asked for by payments that are there', async () => {
      const reader = ledgerReader(ledger);
      for (const payment of ['4', '-1', '01', 'x', '../head'])
        expect(codeOf(await reader.prove(payment)), payment).equal('ledger-unknown');
    });
  });
});
