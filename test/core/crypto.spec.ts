import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import * as noble from '@noble/ed25519';
import fc from 'fast-check';
import { signBytes, signingKey } from '../../core/crypto/keys.ts';
import { countersign, sign, signedBytes, verify, verifyBoth } from '../../core/crypto/sign.ts';
import { verifyBytes, verifySlowly } from '../../core/crypto/verify.ts';
import { testKey, testSeed } from '../harness/view.ts';

const external = new URL('../../../shared/vectors/ed25519/', import.meta.url);
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

/** RFC 8032 §7.1, tests 1 to 3. */
const rfc8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
];

describe('core/crypto', () => {
  for (const [index, vector] of rfc8032.entries()) {
    it(`makes the key and signature of RFC 8032 §7.1 test ${index + 1}`, () => {
      const key = signingKey(hex(vector.seed));
      expect(key.publicKey).equal(vector.publicKey);
      expect(Buffer.from(signBytes(hex(vector.message), key)).toString('hex')).equal(vector.signature);
      expect(verifyBytes(hex(vector.signature), hex(vector.message), hex(vector.publicKey))).equal(true);
    });
  }

  it('signs the bytes that noble signs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (message, seed) => {
        expect(Buffer.from(signBytes(message, signingKey(seed))).equals(Buffer.from(noble.sign(message, seed)))).equal(true);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  it('both verifiers accept a signature and refuse it with any bit flipped', () => {
    const key = testKey('a');
    const message = Buffer.from('owed');
    const signature = signBytes(message, key);
    for (const check of [verifyBytes, verifySlowly]) {
      expect(check(signature, message, hex(key.publicKey))).equal(true);
      for (let bit = 0; bit < 512; bit += 17) {
        const forged = Uint8Array.from(signature);
        forged[bit >> 3]! ^= 1 << (bit % 8);
        expect(check(forged, message, hex(key.publicKey)), `bit ${bit}`).equal(false);
      }
    }
  });

  it('refuses small-order keys: the identity point signs nothing', () => {
    const identity = hex(`01${'00'.repeat(31)}`);
    const zero = Buffer.concat([identity, Buffer.alloc(32)]);
    for (const check of [verifyBytes, verifySlowly]) expect(check(zero, Buffer.from('anything'), identity)).equal(false);
  });

  it('agrees with libsodium on the speccheck cases: only case 3 is accepted', function () {
    if (!existsSync(external)) {
      console.log('      skipped: ../shared/vectors/ed25519 is not there');
      this.skip();
    }
    const cases = JSON.parse(readFileSync(new URL('speccheck.json', external), 'utf8')) as {
      message: string;
      pub_key: string;
      signature: string;
    }[];
    expect(cases).length(12);
    for (const [index, one] of cases.entries()) {
      for (const check of [verifyBytes, verifySlowly]) {
        expect(check(hex(one.signature), hex(one.message), hex(one.pub_key)), `case ${index}`).equal(index === 3);
      }
    }
  });

  it('gives Wycheproof’s verdict on each of its cases', function () {
    if (!existsSync(external)) {
      console.log('      skipped: ../shared/vectors/ed25519 is not there');
      this.skip();
    }
    const file = JSON.parse(readFileSync(new URL('wycheproof.json', external), 'utf8')) as {
      testGroups: { publicKey: { pk: string }; tests: { tcId: number; msg: string; sig: string; result: string }[] }[];
    };
    let checked = 0;
    for (const group of file.testGroups) {
      for (const test of group.tests) {
        const fast = verifyBytes(hex(test.sig), hex(test.msg), hex(group.publicKey.pk));
        expect(fast, `tcId ${test.tcId}`).equal(test.result === 'valid');
        expect(verifySlowly(hex(test.sig), hex(test.msg), hex(group.publicKey.pk)), `tcId ${test.tcId}`).equal(fast);
        checked += 1;
      }
    }
    expect(checked).greaterThan(140);
  });

  describe('signed objects', () => {
    const body = { amount: 12n, to: 'b' };

    it('verify for their object, network and key alone', () => {
      const signed = sign('iou', 'net-a', body, testKey('a'));
      const wire = { body: signed.body, signature: signed.signature };
      expect(verify('iou', 'net-a', wire, testKey('a').publicKey)).deep.equal(wire);
      expect(verify('ack', 'net-a', wire, testKey('a').publicKey)).equal(null);
      expect(verify('iou', 'net-b', wire, testKey('a').publicKey)).equal(null);
      expect(verify('iou', 'net-a', wire, testKey('b').publicKey)).equal(null);
      expect(verify('iou', 'net-a', { ...wire, body: { ...body, amount: 13n } }, testKey('a').publicKey)).equal(null);
    });

    it('countersigned ones need both', () => {
      const both = countersign('tally', 'net-a', sign('tally', 'net-a', body, testKey('a')), testKey('b'));
      expect(verifyBoth('tally', 'net-a', both, testKey('a').publicKey, testKey('b').publicKey)).not.equal(null);
      expect(verifyBoth('tally', 'net-a', both, testKey('b').publicKey, testKey('a').publicKey)).equal(null);
      const half = { ...both, countersignature: both.signature };
      expect(verifyBoth('tally', 'net-a', half, testKey('a').publicKey, testKey('b').publicKey)).equal(null);
    });

    it('the signed bytes are what design §5 says', () => {
      expect(Buffer.from(signedBytes('iou', 'net-a', { b: 1n, a: 'x' })).toString('utf8')).equal(
        'ptg/iou/v1\0net-a\0{"a":"x","b":"1"}',
      );
      expect(testSeed('a')).length(32);
    });
  });
});
