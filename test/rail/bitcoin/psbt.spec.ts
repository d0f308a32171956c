/*
 * What a PSBT says of its outputs: the key of the change, from the master key on, by which a signer sees that it stays its own; and of
 * no other output (BIP 174, 371).
 */
import { expect } from 'chai';
import { payments, Psbt, toXOnly } from 'bitcoinjs-lib';
import { scriptOf } from '../../../rail/bitcoin/address.ts';
import { derivation } from '../../../rail/bitcoin/derive.ts';
import { RECEIVING, type Account, type AccountKind } from '../../../rail/bitcoin/descriptor.ts';
import { chains } from '../../../rail/bitcoin/network.ts';
import { changeAt } from '../../../rail/bitcoin/wallet/desk.ts';
import { accountFrom, signerFrom, stepsOf } from '../../../rail/bitcoin/wallet/keys.ts';
import { psbtOf } from '../../../rail/bitcoin/wallet/psbt.ts';
import { testSeed } from '../../harness/view.ts';

const chain = chains.regtest;
const network = chain.prefixes;
const [seed, INDEX] = [testSeed('change'), 7];

/** The PSBT's own bytes, read again: two outputs, of which the second is the change. */
function outputsOf(account: Account) {
  const change = changeAt([account], INDEX);
  const other = scriptOf(derivation(account, RECEIVING)(3).address, chain)!;
  const outputs = [
    { script: other, amount: 1_000n },
    { script: change.script, amount: 2_000n },
  ];
  const { kind, path, fingerprint, publicKey, script } = change;
  const coin = { txid: '11'.repeat(32), vout: 0, amount: 3_001n, confirmations: 1, kind, path, fingerprint, publicKey, script };
  const text = psbtOf({ inputs: [coin], outputs, fee: 1n, vsize: 1n }, chain, change).toBase64();
  const [first, second] = Psbt.fromBase64(text, { network }).data.outputs;
  return { change, other: first!, own: second! };
}

describe('the change in a PSBT', () => {
  for (const kind of ['wpkh', 'tr'] as const satisfies AccountKind[]) {
    it(`says the key from which ${kind} follows, and nothing of other outputs`, () => {
      const { change, other, own } = outputsOf(accountFrom(seed, chain, 0, kind));
      expect(Object.keys(other)).deep.equal([]);
      const [said] = own.bip32Derivation ?? own.tapBip32Derivation ?? [];
      const signer = signerFrom(seed, chain);
      expect(Buffer.from(said!.masterFingerprint).toString('hex')).equal(signer.fingerprint);
      expect(said!.path).equal(`m/${kind === 'tr' ? 86 : 84}'/1'/0'/1/${INDEX}`);
      const { publicKey } = signer.keyAt(stepsOf(said!.path.slice(1)));
      const paid =
        kind === 'tr'
          ? payments.p2tr({ internalPubkey: toXOnly(publicKey), network })
          : payments.p2wpkh({ pubkey: publicKey, network });
      expect(paid.address).equal(change.address);
      expect(Buffer.from(said!.pubkey)).deep.equal(Buffer.from(kind === 'tr' ? toXOnly(publicKey) : publicKey));
      expect(own.tapInternalKey === undefined).equal(kind === 'wpkh');
    });
  }

  it('is said from the account’s own key where its origin is not known, as bitcoind has it for coins', () => {
    const account = { ...accountFrom(seed, chain, 0), origin: null };
    const [said] = outputsOf(account).own.bip32Derivation!;
    expect(Buffer.from(said!.masterFingerprint)).deep.equal(Buffer.from(account.key.fingerprint));
    expect(said!.path).equal(`m/1/${INDEX}`);
    expect(Buffer.from(said!.pubkey)).deep.equal(Buffer.from(account.key.derive(1).derive(INDEX).publicKey));
  });
});
