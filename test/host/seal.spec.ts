/*
 * Both seals: only the one meant can open, only what was said comes out, and anything else is a refusal.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { seededEntropy } from '../../host/entropy.ts';
import { openLinkRequest, sealLinkRequest, sealingKeyFromSeed, type Link } from '../../host/seal.ts';
import { pad, paddedSize, unpad } from '../../host/seal-pad.ts';
import { openBoxRequest, sealBoxRequest } from '../../host/seal-subscriber.ts';

const entropy = seededEntropy('seal test');
const ids = { low: '11'.repeat(32), high: 'ee'.repeat(32) };
const keys = { low: sealingKeyFromSeed(Buffer.alloc(32, 1), 4), high: sealingKeyFromSeed(Buffer.alloc(32, 2), 9) };
const base = { networkId: 'net', tag: 'iou' };
const content = Buffer.from('{"n":"1"}');

function receiver(to: 'low' | 'high', change: Partial<{ networkId: string; tag: string }> = {}) {
  const from = to === 'low' ? 'high' : 'low';
  return {
    ...base,
    ...change,
    to: ids[to],
    keys: [keys[to]],
    senderKey: (id: string, number: number) => (id === ids[from] && number === keys[from].number ? keys[from].publicKey : null),
  };
}

function sealed(from: 'low' | 'high', bytes: Uint8Array = content) {
  const to = from === 'low' ? 'high' : 'low';
  const link: Link = { ...base, from: ids[from], to: ids[to] };
  const result = sealLinkRequest(link, keys[from], keys[to], bytes, entropy);
  if (!result.ok) throw new Error(result.refusal.code);
  return result.value;
}

const codeOf = (result: { ok: boolean; refusal?: { code: string } }) => (result.ok ? 'ok' : result.refusal?.code);

describe('padding', () => {
  it('is 1, 4, 16 or 64 KiB, then multiples of 64 KiB', () => {
    const kib = [0, 1020, 1021, 4093, 16_381, 65_532, 65_533, 131_069].map((length) => paddedSize(length) / 1024);
    expect(kib).to.deep.equal([1, 1, 4, 16, 64, 64, 128, 192]);
  });

  it('gives back what went in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        const padded = pad(bytes);
        expect(padded.length).to.equal(paddedSize(bytes.length));
        expect(Buffer.from(unpad(padded) as Uint8Array).equals(Buffer.from(bytes))).to.equal(true);
      }),
      { numRuns: 50 },
    );
  });

  it('has one form only', () => {
    const dirty = pad(content);
    dirty[1023] = 1;
    const larger = Buffer.concat([pad(content), Buffer.alloc(3072)]);
    expect([unpad(dirty), unpad(larger), unpad(Buffer.alloc(10)), unpad(Buffer.alloc(1024, 255))]).to.deep.equal([
      null,
      null,
      null,
      null,
    ]);
  });
});

describe('link seal', () => {
  for (const from of ['low', 'high'] as const) {
    const to = from === 'low' ? 'high' : 'low';
    it(`carries request and answer when the ${from} id asks`, () => {
      const request = sealed(from);
      const opened = openLinkRequest(receiver(to), request.envelope);
      if (!opened.ok) throw new Error(opened.refusal.code);
      expect([opened.value.from, Buffer.from(opened.value.content).toString()]).to.deep.equal([ids[from], '{"n":"1"}']);
      const answer = request.open(opened.value.seal(Buffer.from('yes'), entropy));
      expect(answer.ok && Buffer.from(answer.value).toString()).to.equal('yes');
    });
  }

  it('is refused, in this order: no envelope, another key, unknown sender, another tag or network', () => {
    const { envelope } = sealed('low');
    const wrongVersion = Buffer.concat([Buffer.of(2), envelope.subarray(1)]);
    const otherKey = { ...receiver('high'), keys: [{ ...keys.high, number: 10 }] };
    const nobody = { ...receiver('high'), senderKey: () => null };
    expect([
      codeOf(openLinkRequest(receiver('high'), Buffer.alloc(3))),
      codeOf(openLinkRequest(receiver('high'), wrongVersion)),
      codeOf(openLinkRequest(otherKey, envelope)),
      codeOf(openLinkRequest(nobody, envelope)),
      codeOf(openLinkRequest(receiver('high', { tag: 'ack' }), envelope)),
      codeOf(openLinkRequest(receiver('high', { networkId: 'other' }), envelope)),
      codeOf(openLinkRequest({ ...receiver('high'), to: '22'.repeat(32) }, envelope)),
    ]).to.deep.equal(['seal-shape', 'seal-shape', 'not-sealed-for-me', 'unknown-sender', 'bad-seal', 'bad-seal', 'bad-seal']);
  });

  it('opens with no byte changed', () => {
    const { envelope } = sealed('low');
    for (let at = 0; at < envelope.length; at += 7) {
      const changed = Buffer.from(envelope);
      changed[at] = (changed[at] as number) ^ 1;
      expect(openLinkRequest(receiver('high'), changed).ok, `byte ${at}`).to.equal(false);
    }
  });

  it('does not take the answer to another request, nor a request for an answer', () => {
    const [first, second] = [sealed('low'), sealed('low')];
    const opened = openLinkRequest(receiver('high'), first.envelope);
    if (!opened.ok) throw new Error(opened.refusal.code);
    const answer = opened.value.seal(content, entropy);
    expect([codeOf(first.open(answer)), codeOf(second.open(answer))]).to.deep.equal(['ok', 'bad-seal']);
    expect(codeOf(first.open(Buffer.concat([Buffer.of(1), first.envelope.subarray(41)])))).to.equal('bad-seal');
  });

  it('refuses a key of small order', () => {
    const link = { ...base, from: ids.low, to: ids.high };
    expect(codeOf(sealLinkRequest(link, keys.low, { number: 1, publicKey: Buffer.alloc(32) }, content, entropy))).to.equal(
      'bad-seal',
    );
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        expect(openLinkRequest(receiver('high'), bytes).ok).to.equal(false);
        expect(openBoxRequest(base, [keys.high], bytes).ok).to.equal(false);
        expect(sealed('low').open(bytes).ok).to.equal(false);
      }),
      { numRuns: 100 },
    );
  });
});

describe('subscriber seal', () => {
  const box = () => {
    const result = sealBoxRequest(base, keys.high, '{"n":"1"}', entropy);
    if (!result.ok) throw new Error(result.refusal.code);
    return result.value;
  };

  it('carries request and answer', () => {
    const request = box();
    const opened = openBoxRequest(base, [keys.low, keys.high], request.envelope);
    if (!opened.ok) throw new Error(opened.refusal.code);
    expect(opened.value.body).to.equal('{"n":"1"}');
    const answer = request.open(opened.value.seal(Buffer.from('yes')));
    expect(answer.ok && Buffer.from(answer.value).toString()).to.equal('yes');
    expect(codeOf(box().open(opened.value.seal(Buffer.from('yes'))))).to.equal('bad-seal');
  });

  it('is refused to others, and for another tag or network', () => {
    const { envelope } = box();
    const changed = Buffer.from(envelope);
    changed[60] = (changed[60] as number) ^ 1;
    expect([
      codeOf(openBoxRequest(base, [keys.low], envelope)),
      codeOf(openBoxRequest(base, [{ ...keys.low, number: 9 }], envelope)),
      codeOf(openBoxRequest(base, [keys.high], changed)),
      codeOf(openBoxRequest({ ...base, tag: 'x' }, [keys.high], envelope)),
      codeOf(openBoxRequest({ ...base, networkId: 'x' }, [keys.high], envelope)),
    ]).to.deep.equal(['not-sealed-for-me', 'bad-seal', 'bad-seal', 'bad-seal', 'bad-seal']);
  });
});
