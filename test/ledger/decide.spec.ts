import { expect } from 'chai';
import { sign } from '../../core/crypto/sign.ts';
import { UNITS_MAX } from '../../core/limits.ts';
import { transferIdOf, type Transfer } from '../../core/wire/ledger.ts';
import { contentOf, decideTransfer, floorOf, type TransferState } from '../../ledger/transfer/decide.ts';
import { networkId, testKey } from '../harness/view.ts';

const payer = testKey('payer');
const output = (amount: bigint) => ({ to: testKey('payee').publicKey, ref: '01'.repeat(16), amount });
const verified = (changes: Partial<Transfer> = {}) => {
  const body = { from: payer.publicKey, number: 1n, id: transferIdOf('test', 'decide'), outputs: [output(5n)], ...changes };
  return sign('transfer', networkId, body, payer);
};
const fresh: TransferState = { earlier: null, nextNumber: 1n, balance: 5n, floor: 0n, nextPosition: 7n };

describe('ledger/transfer/decide', () => {
  it('refuses in the order of the table, one fault after the other', () => {
    // Wrong in every way: another transfer has its id, the number is not due, the sum is too large, the funds are short.
    const wrong = verified({ number: 3n, outputs: [output(UNITS_MAX), output(1n)] });
    const code = (transfer: typeof wrong, state: TransferState): string => {
      const outcome = decideTransfer(transfer, state, 1);
      return outcome.ok ? outcome.value.kind : outcome.refusal.code;
    };
    expect(code(wrong, { ...fresh, earlier: { content: 'another' } })).equal('transfer-id-used');
    expect(code(wrong, fresh)).equal('transfer-number');
    expect(code(wrong, { ...fresh, nextNumber: 3n })).equal('transfer-sum');
    expect(code(verified({ outputs: [output(6n)] }), fresh)).equal('transfer-funds');
    expect(code(verified(), fresh)).equal('book');
  });

  it('knows a repetition whatever number it comes with', () => {
    const again = decideTransfer(
      verified({ number: 9n }),
      { ...fresh, balance: 0n, earlier: { content: contentOf(verified().body) } },
      1,
    );
    expect(again).deep.equal({ ok: true, value: { kind: 'again' } });
  });

  it('gives each output the next position', () => {
    const outcome = decideTransfer(verified({ outputs: [output(2n), output(3n)] }), fresh, 1_234);
    expect(outcome.ok && outcome.value.kind === 'book' && outcome.value.entries).deep.equal([
      { position: 7n, transfer: transferIdOf('test', 'decide'), from: payer.publicKey, ...output(2n), at: 1_234 },
      { position: 8n, transfer: transferIdOf('test', 'decide'), from: payer.publicKey, ...output(3n), at: 1_234 },
    ]);
  });

  it('lets the mint alone below zero, and never beyond 64 bits', () => {
    expect(floorOf('a', 'a')).equal(-UNITS_MAX);
    expect(floorOf('a', 'b')).equal(0n);
    const issuing = { ...fresh, floor: -UNITS_MAX };
    expect(decideTransfer(verified({ outputs: [output(UNITS_MAX)] }), { ...issuing, balance: 0n }, 1).ok).equal(true);
    expect(decideTransfer(verified({ outputs: [output(UNITS_MAX)] }), { ...issuing, balance: -1n }, 1).ok).equal(false);
  });
});
