/*
 * A Bitcoin payment proof, offline: one of the main chain holds, and with any bit of it turned does not; and every other way in which
 * somebody could show a payment that was not made.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import type { BitcoinNetwork, BitcoinProof } from '../../../core/wire/bitcoin.ts';
import { BITCOIN_CONFIRMATIONS_MAX, BITCOIN_TRANSACTION_BYTES_MAX, PAYMENT_PROOF_CHARS_MAX } from '../../../core/limits.ts';
import { addressOf, scriptOf } from '../../../rail/bitcoin/address.ts';
import { chains } from '../../../rail/bitcoin/network.ts';
import { branchOf, rootOf } from '../../../rail/bitcoin/proof/branch.ts';
import { hash256, hashOf, parseTransaction, shownHash } from '../../../rail/bitcoin/proof/transaction.ts';
import { verifyBitcoinProof } from '../../../rail/bitcoin/proof/verify.ts';
import { isWorked, parseHeaders, targetOf } from '../../../rail/bitcoin/proof/work.ts';
import { chainOn, paying, proofIn, rootOfAll, said } from './chain.ts';

interface Vector {
  readonly transaction: string;
  readonly txid: string;
  readonly place: number;
  readonly branch: string[];
  readonly header: string;
  readonly blockHash: string;
  readonly headers: string[];
  readonly lastHash: string;
}
const vector = JSON.parse(readFileSync(new URL('mainnet.json', import.meta.url), 'utf8')) as Vector;
const toBase64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

/** Half of what it was in September 2019. */
const main: BitcoinNetwork = { chain: 'main', confirmations: 1, difficulty: 5_000_000_000_000n };
const real: BitcoinProof = {
  ...{ transaction: toBase64(vector.transaction), output: 0, place: vector.place, branch: vector.branch },
  headers: toBase64(vector.header),
};
const regtest: BitcoinNetwork = { chain: 'regtest', confirmations: 3, difficulty: 0n };
const script = Buffer.from(`0014${'11'.repeat(20)}`, 'hex');
const address = addressOf(script, chains.regtest)!;
const others = (count: number): Buffer[] => Array.from({ length: count }, (_, at) => paying(script, BigInt(at) + 1n, at));

describe('a Bitcoin payment proof', () => {
  it('of the main chain shows payment, destination, amount and time', () => {
    expect(verifyBitcoinProof(main, said(real))).deep.equal({
      payment: `${vector.txid}:0`,
      destination: '115E3baxJZsJHeTay1jvUh3nSTHBJhkskc',
      amount: 3_092_758n,
      at: 0x5d6d37d6,
    });
    expect(verifyBitcoinProof(main, said({ ...real, output: 1 }))?.destination).match(/^3/);
    // The third output carries data, and there is no fourth.
    for (const output of [2, 3]) expect(verifyBitcoinProof(main, said({ ...real, output })), `${output}`).equal(null);
  });

  it('holds for no other bit of the transaction, the branch or the headers', () => {
    const flipped = (hex: Buffer, bit: number): Buffer => {
      const copy = Buffer.from(hex);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      return copy;
    };
    const parts: [string, Buffer, (bytes: Buffer) => BitcoinProof][] = [
      ['transaction', Buffer.from(vector.transaction, 'hex'), (bytes) => ({ ...real, transaction: bytes.toString('base64') })],
      ['header', Buffer.from(vector.header, 'hex'), (bytes) => ({ ...real, headers: bytes.toString('base64') })],
      [
        'branch',
        Buffer.from(vector.branch.join(''), 'hex'),
        (bytes) => ({ ...real, branch: vector.branch.map((_, at) => bytes.subarray(32 * at, 32 * at + 32).toString('hex')) }),
      ],
    ];
    for (const [name, bytes, proofOf] of parts) {
      for (let bit = 0; bit < bytes.length * 8; bit++)
        expect(verifyBitcoinProof(main, said(proofOf(flipped(bytes, bit)))), `${name}, bit ${bit}`).equal(null);
    }
    for (let place = 0; place < 2 ** 13; place++) {
      if (place !== real.place) expect(verifyBitcoinProof(main, said({ ...real, place })), `place ${place}`).equal(null);
    }
  });

  it('holds on its own chain alone, and for the difficulty and depth that the network asks', () => {
    expect(verifyBitcoinProof({ ...main, difficulty: 10_771_996_663_680n }, said(real))).not.equal(null);
    expect(verifyBitcoinProof({ ...main, difficulty: 10_771_996_663_681n }, said(real))).equal(null);
    expect(verifyBitcoinProof({ ...main, confirmations: 2 }, said(real))).equal(null);
    const other = verifyBitcoinProof({ ...main, chain: 'test' }, said(real));
    expect(other?.destination, 'the address of another chain').not.equal('115E3baxJZsJHeTay1jvUh3nSTHBJhkskc');
    const easy = said(proofIn(others(3), 1, 3));
    expect(verifyBitcoinProof(regtest, easy)).deep.include({ destination: address, amount: 2n });
    for (const chain of ['main', 'test', 'testnet4', 'signet'] as const)
      expect(verifyBitcoinProof({ ...regtest, chain }, easy), chain).equal(null);
  });

  it('needs every block after it, in a row', () => {
    const proof = proofIn(others(5), 2, 3);
    const headers = Buffer.from(proof.headers, 'base64');
    const withHeaders = (...parts: Buffer[]) => said({ ...proof, headers: Buffer.concat(parts).toString('base64') });
    const at = (place: number) => headers.subarray(80 * place, 80 * place + 80);
    expect(verifyBitcoinProof(regtest, withHeaders(at(0), at(1), at(2)))).not.equal(null);
    const wrong: [string, Buffer[]][] = [
      ['too few', [at(0), at(1)]],
      ['none', []],
      ['one left out', [at(0), at(2), at(2)]],
      ['one twice', [at(0), at(1), at(1)]],
      ['another order', [at(1), at(0), at(2)]],
      ['part of one', [at(0), at(1), at(2), at(2).subarray(0, 79)]],
      ['of another block', [...chainOn(Buffer.alloc(32, 9), 3)]],
    ];
    for (const [name, parts] of wrong) expect(verifyBitcoinProof(regtest, withHeaders(...parts)), name).equal(null);
    expect(verifyBitcoinProof(regtest, said(proofIn(others(5), 2, 7))), 'more than asked for').not.equal(null);
  });

  it('refuses the rail’s other forms: unknown fields, other base64, another rail, too much', () => {
    const proof = said(real).proof;
    const shown = (text: string) => verifyBitcoinProof(main, { rail: 'bitcoin', proof: text });
    expect(verifyBitcoinProof(main, { rail: 'ledger', proof })).equal(null);
    expect(shown(`${proof} `)).equal(null);
    expect(shown(proof.replace('{', '{"a":1,'))).equal(null);
    // The last character of 80 bytes says four bits and two zeros.
    expect(real.headers).match(/Q=$/);
    expect(shown(proof.replace(real.headers, real.headers.replace(/Q=$/, 'R=')))).equal(null);
    expect(shown('x'.repeat(PAYMENT_PROOF_CHARS_MAX + 1))).equal(null);
    expect(shown('null')).equal(null);
  });

  it('is refused of a last transaction that is counted twice (CVE-2012-2459)', () => {
    const three = others(3);
    const twice = [...three, three[2]!];
    expect(Buffer.compare(rootOfAll(three.map(hash256)), rootOfAll(twice.map(hash256)))).equal(0);
    expect(verifyBitcoinProof(regtest, said(proofIn(three, 2, 3)))).not.equal(null);
    expect(verifyBitcoinProof(regtest, said(proofIn(twice, 3, 3)))).equal(null);
  });

  it('is refused of two hashes shown as a transaction, and of what stands under a transaction of 64 bytes (CVE-2017-12842)', () => {
    // Found by trying: the id of this payment makes, with 32 bytes before it, a transaction of 64 bytes.
    const forged = paying(script, 5_000_000_000n, 410_747);
    const left = Buffer.alloc(32, 7);
    left.set([1, 0, 0, 0, 1], 0);
    const short = Buffer.concat([left, hash256(forged)]);
    expect(parseTransaction(short)).not.equal(null);
    const hashes = [hash256(paying(script, 1n)), hash256(short)];
    const root = rootOfAll(hashes);
    const headers = Buffer.concat(chainOn(root, 3)).toString('base64');
    const branch = [shownHash(left), shownHash(hashes[0]!)];
    const deep: BitcoinProof = { transaction: forged.toString('base64'), output: 0, place: 3, branch, headers };
    const folded = hash256(Buffer.concat([hashes[0]!, hash256(Buffer.concat([left, hash256(forged)]))]));
    expect(Buffer.compare(folded, root), 'the branch itself leads to the root').equal(0);
    expect(verifyBitcoinProof(regtest, said(deep))).equal(null);
    const inner: BitcoinProof = {
      ...{ transaction: short.toString('base64'), output: 0, place: 1, branch: [shownHash(hashes[0]!)], headers },
    };
    expect(verifyBitcoinProof(regtest, said(inner))).equal(null);
    expect(verifyBitcoinProof(regtest, said(proofIn([short, ...others(1)], 1, 3))), 'beside it').not.equal(null);
  });

  it('of the largest transaction that is paid with fits its size', () => {
    const size = Math.ceil(BITCOIN_TRANSACTION_BYTES_MAX / 3) * 4 + Math.ceil((80 * BITCOIN_CONFIRMATIONS_MAX) / 3) * 4;
    expect(size + 16 * 67 + 200).lessThan(PAYMENT_PROOF_CHARS_MAX);
  });
});

describe('headers and branches', () => {
  it('six real headers follow one another; with a bit turned none does', () => {
    const bytes = Buffer.from(vector.headers.join(''), 'hex');
    const headers = parseHeaders(bytes)!;
    expect(shownHash(headers[5]!.hash)).equal(vector.lastHash);
    expect(isWorked(headers, 'main', 6_061_518_831_026n)).equal(true);
    expect(isWorked(headers, 'main', 6_061_518_831_028n)).equal(false);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      expect(isWorked(parseHeaders(copy)!, 'main', 6_000_000_000_000n), `bit ${bit}`).equal(false);
    }
  });

  it('bits are read as Bitcoin reads them', () => {
    const known: [number, bigint | null][] = [
      [0x1d00ffff, 0xffffn << 208n],
      [0x207fffff, 0x7fffffn << 232n],
      [0x01003456, null],
      [0x01123456, 0x12n],
      [0x02008000, 0x80n],
      [0x05009234, 0x92340000n],
      [0x04923456, null],
      [0x04123456, 0x12345600n],
      [0xff123456, null],
      [0x00000000, null],
    ];
    for (const [bits, target] of known) expect(targetOf(bits), bits.toString(16)).equal(target);
  });

  it('each transaction of a block of any size has a branch to its root, and at no other place', () => {
    const root = (hash: Uint8Array, place: number, branch: readonly Uint8Array[]) =>
      Buffer.from(rootOf(hash, place, branch) ?? []).toString('hex');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (count, chosen) => {
        const hashes = others(count).map(hash256);
        const place = chosen % count;
        const branch = branchOf(hashes, place);
        const whole = Buffer.from(rootOfAll(hashes)).toString('hex');
        expect(root(hashes[place]!, place, branch)).equal(whole);
        for (let other = 0; other < 2 ** branch.length; other++)
          if (other !== place) expect(root(hashes[place]!, other, branch)).not.equal(whole);
      }),
      { numRuns: 50 },
    );
    expect(shownHash(hashOf('00'.repeat(31) + '01'))).equal('00'.repeat(31) + '01');
  });

  it('a transaction is read whole or not at all', () => {
    const bytes = paying(script, 7n);
    expect(parseTransaction(bytes)?.outputs).deep.equal([{ amount: 7n, script }]);
    for (let length = 0; length < bytes.length; length++)
      expect(parseTransaction(bytes.subarray(0, length)), `${length}`).equal(null);
    expect(parseTransaction(Buffer.concat([bytes, Buffer.alloc(1)]))).equal(null);
    // The count of inputs in three bytes instead of one.
    const long = Buffer.concat([bytes.subarray(0, 4), Buffer.from('fd0100', 'hex'), bytes.subarray(5)]);
    expect(parseTransaction(long)).equal(null);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (some) => void parseTransaction(some)));
  });
});

describe('addresses', () => {
  it('are of the right chain, in one form, and both ways the same', () => {
    const known: [keyof typeof chains, string][] = [
      ['main', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'],
      ['main', '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy'],
      ['main', 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq'],
      ['main', 'bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr'],
      ['test', 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn'],
      ['regtest', address],
    ];
    for (const [chain, text] of known) {
      expect(addressOf(scriptOf(text, chains[chain])!, chains[chain]), text).equal(text);
      expect(scriptOf(text.toUpperCase(), chains[chain])).equal(null);
      expect(scriptOf(`${text.slice(0, -1)}${text.endsWith('q') ? 'p' : 'q'}`, chains[chain])).equal(null);
      for (const other of ['main', 'test', 'regtest'] as const) {
        if (other !== chain && !(chain === 'test' && other === 'regtest'))
          expect(scriptOf(text, chains[other]), `${text} on ${other}`).equal(null);
      }
    }
    // No point of the curve; a witness of a version to come; a script that has no address.
    expect(addressOf(Buffer.from(`5120${'ff'.repeat(32)}`, 'hex'), chains.main)).equal(null);
    expect(scriptOf('bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs', chains.main)).equal(null);
    expect(addressOf(Buffer.from('6a0101', 'hex'), chains.main)).equal(null);
    for (const text of ['', 'x', 'bitcoin:' + address, ' ' + address]) expect(scriptOf(text, chains.regtest), text).equal(null);
  });
});
