/*
 * The handshake by itself: the published vector of Noise_IK_25519_ChaChaPoly_BLAKE2b (noise-c, tests/vector/noise-c-basic.txt), and
 * what must hold of any two parties.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { initiate, keyPair, respond } from '../../tor/transport/noise.ts';

const vector = {
  prologue: '50726f6c6f677565313233',
  initStatic: 'e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1',
  initEphemeral: '893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a',
  initRemoteStatic: '31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62',
  respStatic: '4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893',
  respEphemeral: 'bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b',
  handshakeHash:
    '00e51d2aac81a9b8ebe441d6af3e1c8efc0f030cc608332edcb42588ff6a0ce2' +
    '6415ddc106e95277a5e6d54132f1e5245976b89caf96d262f1fe5a7f0c55c078',
  messages: [
    {
      payload: '4c756477696720766f6e204d69736573',
      ciphertext:
        'ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944' +
        'ba83a447b38c83e327ad936929812f624884847b7831e95e197b2f797088efdd232fe541af156ec6d0657602902a8c3e' +
        'e64e470f4b6fcd9298ce0b56fe20f86e60d9d933ec6e103ffb09e6001d6abb64',
    },
    {
      payload: '4d757272617920526f746862617264',
      ciphertext:
        '95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843' +
        '9f069b267a06b3de3ecb1043bcb09807c6cd101f3826192a65f11ef3fe4317',
    },
    { payload: '462e20412e20486179656b', ciphertext: 'cd54383060e7a28434cca27fb1cc524cfbabeb18181589df219d07' },
    { payload: '4361726c204d656e676572', ciphertext: 'a856d3bf0246bfc476c655009cd1ed677b8dcc5b349ae8ef2a05f2' },
    {
      payload: '4a65616e2d426170746973746520536179',
      ciphertext: '49063084b2c51f098337cb8a13739ac848f907e67cfb2cc8a8b60586467aa02fc7',
    },
    {
      payload: '457567656e2042f6686d20766f6e2042617765726b',
      ciphertext: '8b9709d23b47e4639df7678d7a21741eba4ef1e9c60383001c7435549c20f9d56f30e935d3',
    },
  ],
} as const;

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const message = (index: number) => ({
  payload: hex(vector.messages[index]!.payload),
  ciphertext: vector.messages[index]!.ciphertext,
});

describe('tor/transport/noise', () => {
  it('makes and opens just the messages of the published vector, and the same hash', () => {
    const responder = keyPair(hex(vector.respStatic));
    expect(responder.publicKey.toString('hex')).equal(vector.initRemoteStatic);
    const initiator = initiate(
      {
        mine: keyPair(hex(vector.initStatic)),
        ephemeral: keyPair(hex(vector.initEphemeral)),
        theirs: responder.publicKey,
        prologue: hex(vector.prologue),
      },
      message(0).payload,
    )!;
    expect(initiator.message.toString('hex')).equal(message(0).ciphertext);
    const responding = respond(responder, hex(vector.prologue), initiator.message)!;
    expect(responding.payload).deep.equal(message(0).payload);
    expect(responding.theirs).deep.equal(keyPair(hex(vector.initStatic)).publicKey);
    const there = responding.reply(keyPair(hex(vector.respEphemeral)), message(1).payload);
    expect(there.message.toString('hex')).equal(message(1).ciphertext);
    const here = initiator.finish(there.message)!;
    expect(here.payload).deep.equal(message(1).payload);
    expect([here.hash.toString('hex'), there.hash.toString('hex')]).deep.equal([vector.handshakeHash, vector.handshakeHash]);
    for (const index of [2, 3, 4, 5]) {
      const { payload, ciphertext } = message(index);
      const [from, to] = index % 2 === 0 ? [here, there] : [there, here];
      const sealed = from.send.seal(payload);
      expect(sealed.toString('hex')).equal(ciphertext);
      expect(to.receive.open(sealed)).deep.equal(payload);
    }
  });

  const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });

  it('agrees between any two, and not with another key, prologue or a changed byte', () => {
    const changed = fc.record({ at: fc.nat(95), by: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(secret, secret, secret, secret, changed, (a, b, c, d, { at, by }) => {
        const [mine, theirs] = [keyPair(a), keyPair(b)];
        const prologue = Buffer.from('here');
        const asked = initiate({ mine, ephemeral: keyPair(c), theirs: theirs.publicKey, prologue }, Buffer.alloc(0))!;
        expect(asked.message.length).equal(96);
        const other = keyPair(Buffer.from(b).map((byte, index) => (index === 5 ? byte ^ 1 : byte)));
        expect(respond(other, prologue, asked.message)).equal(null);
        expect(respond(theirs, Buffer.from('elsewhere'), asked.message)).equal(null);
        const broken = Buffer.from(asked.message);
        broken[at]! ^= by;
        // The top bit of an X25519 key means nothing to the curve, but it is in the hash.
        expect(respond(theirs, prologue, broken)).equal(null);
        const answered = respond(theirs, prologue, asked.message)!.reply(keyPair(d), Buffer.alloc(0));
        const done = asked.finish(answered.message)!;
        expect(done.hash).deep.equal(answered.hash);
        expect(answered.receive.open(done.send.seal(Buffer.from('first')))?.toString()).equal('first');
      }),
      { numRuns: 40 },
    );
  });

  it('takes nothing twice, nor what an earlier handshake sealed', () => {
    const [mine, theirs] = [keyPair(Buffer.alloc(32, 1)), keyPair(Buffer.alloc(32, 2))];
    const keys = { mine, ephemeral: keyPair(Buffer.alloc(32, 3)), theirs: theirs.publicKey, prologue: Buffer.alloc(0) };
    const asked = initiate(keys, Buffer.alloc(0))!;
    const first = respond(theirs, keys.prologue, asked.message)!.reply(keyPair(Buffer.alloc(32, 4)), Buffer.alloc(0));
    const sealed = asked.finish(first.message)!.send.seal(Buffer.from('open'));
    expect(first.receive.open(sealed)?.toString()).equal('open');
    expect(first.receive.open(sealed)).equal(null);
    // The same first message again: another ephemeral of the guard, so that what followed it then does not open now.
    const again = respond(theirs, keys.prologue, asked.message)!.reply(keyPair(Buffer.alloc(32, 5)), Buffer.alloc(0));
    expect(again.receive.open(sealed)).equal(null);
  });

  it('refuses keys of small order', () => {
    const mine = keyPair(Buffer.alloc(32, 1));
    const keys = { mine, ephemeral: keyPair(Buffer.alloc(32, 3)), theirs: Buffer.alloc(32), prologue: Buffer.alloc(0) };
    expect(initiate(keys, Buffer.alloc(0))).equal(null);
    expect(respond(mine, keys.prologue, Buffer.alloc(96))).equal(null);
  });
});
