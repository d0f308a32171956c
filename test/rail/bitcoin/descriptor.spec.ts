/*
 * Accounts and their addresses: the test vectors of BIP 84, 86 and 380, and what is refused.
 */
import { expect } from 'chai';
import { descriptorChecksum } from '../../../rail/bitcoin/checksum.ts';
import { bip32 } from '../../../rail/bitcoin/curve.ts';
import { derivation } from '../../../rail/bitcoin/derive.ts';
import { CHANGE, descriptorOf, parseAccount, RECEIVING, type Account } from '../../../rail/bitcoin/descriptor.ts';
import { chains, type Chain } from '../../../rail/bitcoin/network.ts';

const ZPUB = 'zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs';
const XPUB86 = 'xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCECoY49yfdDEHGCtMMj92pReUsQ';

function accountOf(text: string, chain: Chain = chains.main): Account {
  const read = parseAccount(text, chain);
  if (!read.ok) throw new Error(`${read.refusal.code}: ${read.refusal.about}`);
  return read.value;
}

const xpub = accountOf(ZPUB).key.toBase58();
const withChecksum = (body: string): string => `${body}#${String(descriptorChecksum(body))}`;

describe('accounts of Bitcoin', () => {
  it('BIP 84: a zpub gives the addresses of its vector', () => {
    const account = accountOf(ZPUB);
    expect(account.kind).equal('wpkh');
    const [receiving, change] = [derivation(account, RECEIVING), derivation(account, CHANGE)];
    expect(receiving(0).address).equal('bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu');
    expect(Buffer.from(receiving(0).publicKey).toString('hex')).equal(
      '0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c',
    );
    expect(receiving(1).address).equal('bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g');
    expect(change(0).address).equal('bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el');
  });

  it('BIP 86: tr() of its vector’s xpub gives the addresses', () => {
    const account = accountOf(withChecksum(`tr([73c5da0a/86h/0h/0h]${XPUB86}/0/*)`));
    expect(account).deep.include({ kind: 'tr', origin: { fingerprint: '73c5da0a', path: '86h/0h/0h' } });
    const [receiving, change] = [derivation(account, RECEIVING), derivation(account, CHANGE)];
    expect(receiving(0).address).equal('bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr');
    expect(Buffer.from(receiving(0).script).toString('hex')).equal(
      '5120a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c',
    );
    expect(receiving(1).address).equal('bc1p4qhjn9zdvkux4e44uhx8tc55attvtyu358kutcqkudyccelu0was9fqzwh');
    expect(change(0).address).equal('bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7');
  });

  it('BIP 380: the checksum of its vector, and each change of a character is found', () => {
    expect(descriptorChecksum('raw(deadbeef)')).equal('89f8spxm');
    expect(descriptorChecksum('raw(Ü)')).equal(null);
    const good = withChecksum(`wpkh([d34db33f/84h/0h/0h]${xpub}/0/*)`);
    expect(parseAccount(good, chains.main).ok).equal(true);
    const places = [...good].flatMap((character, at) => (/[0-9a-z]/.test(character) && at > 5 ? [at] : []));
    for (const at of places) {
      const changed = `${good.slice(0, at)}${good[at] === 'q' ? 'p' : 'q'}${good.slice(at + 1)}`;
      const read = parseAccount(changed, chains.main);
      expect(read.ok ? null : read.refusal.code, changed).equal('bitcoin-descriptor');
    }
  });

  it('is one account, however it is written', () => {
    const forms = [
      xpub,
      ZPUB,
      `wpkh(${xpub}/0/*)`,
      `wpkh(${xpub}/<0;1>/*)`,
      withChecksum(`wpkh(${xpub}/0/*)`),
      `wpkh([D34DB33F/84'/0'/0']${xpub}/0/*)`,
    ];
    for (const form of forms) {
      expect(derivation(accountOf(form), RECEIVING)(7).address, form).equal(derivation(accountOf(ZPUB), RECEIVING)(7).address);
    }
    const origin = accountOf(forms.at(-1) as string);
    expect(descriptorOf(origin, RECEIVING)).equal(withChecksum(`wpkh([d34db33f/84h/0h/0h]${xpub}/0/*)`));
    expect(descriptorOf(accountOf(ZPUB), CHANGE)).equal(withChecksum(`wpkh(${xpub}/1/*)`));
  });

  it('refuses private keys, other chains, other kinds, other paths, and what is none', () => {
    const master = bip32.fromSeed(Buffer.alloc(32, 1), chains.main.prefixes);
    const tpub = bip32.fromSeed(Buffer.alloc(32, 1), chains.regtest.prefixes).neutered().toBase58();
    const ypub =
      'ypub6Ww3ibxVfGzLrAH1PNcjyAWenMTbbAosGNB6VvmSEgytSER9azLDWCxoJwW7Ke7icmizBMXrzBx9979FfaHxHcrArf3zbeJJJUZPf663zsP';
    const wrong = [
      master.toBase58(),
      `wpkh(${master.toBase58()}/0/*)`,
      tpub,
      ypub,
      `pkh(${xpub}/0/*)`,
      `sh(wpkh(${xpub}/0/*))`,
      `wpkh(${ZPUB}/0/*)`,
      `wpkh(${xpub}/1/*)`,
      `wpkh(${xpub}/0/0)`,
      `wpkh(${xpub}/0/*h)`,
      `wpkh(${xpub})`,
      `wpkh([xyz]${xpub}/0/*)`,
      `${xpub.slice(0, -1)}x`,
      'xpub',
      '',
    ];
    for (const text of wrong) {
      const read = parseAccount(text, chains.main);
      expect(read.ok ? null : read.refusal.code, text).equal('bitcoin-descriptor');
      // What was given is a secret perhaps: it is not said again.
      if (!read.ok) expect(read.refusal.about).not.include(master.toBase58().slice(0, 20));
    }
    expect(accountOf(tpub, chains.regtest).key.toBase58()).equal(tpub);
    expect(parseAccount(xpub, chains.regtest).ok).equal(false);
  });
});
