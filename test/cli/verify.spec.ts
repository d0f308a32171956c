/*
 * `ptg verify`: every object of the specification's story is good; changed in any field it is not, and the reason is named.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countersign, sign, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { BODY_BYTES_MAX, FAMILY_MAX, VERDICT_BYTES_MAX } from '../../core/limits.ts';
import type { Known } from '../../core/verify/kind.ts';
import { kinds, verifyObject } from '../../core/verify/verify.ts';
import { encode } from '../../core/wire/codec.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import { parseLedgerDestination } from '../../core/wire/ledger.ts';
import { termsDigest } from '../../core/wire/terms.ts';
import { verifyLedgerProof } from '../../rail/ledger/reader.ts';
import * as story from '../../docs/story.ts';
import { ptg } from './captured.ts';

const bare = <T>({ body, signature }: Signed<T>): Signed<T> => ({ body, signature });

/** One of each kind, in the order of `kinds`. */
const objects: Record<string, unknown> = {
  descriptor: story.relays[0],
  consensus: story.consensus,
  iou: story.iou,
  statement: story.statement,
  settlement: story.settlement,
  offered: bare(story.settlement),
  receipt: story.receipt,
  account: story.account,
  tally: story.tally,
  'offered tally': bare(story.tally),
  bill: story.bill,
  transfer: story.transfers[2],
  proof: story.proof,
  head: story.head,
  contest: story.contest,
  appeal: story.appeal,
  complaint: story.complaint,
  answer: story.answer,
  verdict: story.verdict,
};

function knownBy(descriptors: readonly Verified<Descriptor>[], withTerms: boolean): Known {
  return {
    network: story.network,
    descriptors: (relay) => descriptors.filter((one) => one.body.id === relay),
    terms: (digest) => (withTerms && digest === termsDigest(story.terms) ? story.terms : null),
    payment: (proof) => verifyLedgerProof(story.network, proof),
    isDestination: (_, text) => parseLedgerDestination(text) !== null,
    fallback: () => null,
  };
}
const known = knownBy(story.relays, true);

type Path = readonly (string | number)[];
function* places(value: unknown, at: Path = []): Generator<{ at: Path; value: unknown }> {
  if (value === null || typeof value !== 'object') return yield { at, value };
  yield { at, value };
  for (const [key, inner] of Object.entries(value)) yield* places(inner, [...at, Array.isArray(value) ? Number(key) : key]);
}

function changed(json: unknown, at: Path, to: (value: unknown) => unknown): unknown {
  const [key, ...rest] = at;
  if (key === undefined) return to(json);
  const copy = (Array.isArray(json) ? [...json] : { ...(json as object) }) as Record<string | number, unknown>;
  copy[key] = changed(copy[key], rest, to);
  return copy;
}

/** Another value of the same shape where there is one, so that more than the shape must notice. */
function other(value: unknown, salt: number): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1 + salt;
  if (value === null) return salt % 2 === 0 ? '0' : {};
  if (Array.isArray(value))
    return salt % 2 === 0 || value.length === 0 ? [...(value as unknown[]), value[0] ?? '0'] : value.slice(1);
  if (typeof value === 'object') return { ...value, another: salt };
  const text = value as string;
  if (/^-?[0-9]{1,18}$/.test(text)) return String(BigInt(text) + 1n + BigInt(salt));
  if (!/^[0-9a-f]+$/.test(text)) return `${text}x`;
  const place = salt % text.length;
  const digit = ((parseInt(text[place]!, 16) + 1 + (salt % 15)) % 16).toString(16);
  return `${text.slice(0, place)}${digit}${text.slice(place + 1)}`;
}

describe('verifying offline', () => {
  for (const [index, [name, object]] of Object.entries(objects).entries()) {
    it(`${name}: good as it is, and told by its name`, () => {
      const verified = verifyObject(encode(object), known);
      if (!verified.ok) throw new Error(`${verified.refusal.code}: ${verified.refusal.about}`);
      expect(verified.value.object).equal(kinds[index]!.title);
      expect(verified.value.signedBy.length).greaterThan(0);
      expect(verified.value.proves).not.equal('');
      expect(verified.value.provesNot).not.deep.equal([]);
      expect(verified.value.provesNot.join()).not.include('not at hand');
    });

    it(`${name}: changed in any one place it is refused, by name`, () => {
      const json: unknown = JSON.parse(encode(object));
      const all = [...places(json)];
      expect(all.length).greaterThan(5);
      for (const { at } of all) {
        const refused = verifyObject(encode(changed(json, at, (value) => other(value, 0))), known);
        expect(refused.ok, at.join('.')).equal(false);
      }
      fc.assert(
        fc.property(fc.nat(all.length - 1), fc.nat(1000), (which, salt) => {
          const refused = verifyObject(encode(changed(json, all[which]!.at, (value) => other(value, salt))), known);
          return !refused.ok && /^(verify|consensus)-/.test(refused.refusal.code) && refused.refusal.about !== '';
        }),
        { numRuns: 60, seed: 36 },
      );
    });

    it(`${name}: proves nothing in another network`, () => {
      const refused = verifyObject(encode(object), { ...known, network: { ...story.network, networkId: 'another' } });
      expect(refused.ok ? '' : refused.refusal.code).match(/^(verify-signature|consensus-network)$/);
    });
  }

  it('has an object here for each kind', () => {
    expect(Object.keys(objects).length).equal(kinds.length);
  });

  it('names what is missing: the descriptor, the key, the terms', () => {
    const text = encode(story.settlement);
    const code = (of: Known) => {
      const verified = verifyObject(text, of);
      return verified.ok ? verified.value.provesNot.at(-1) : verified.refusal.code;
    };
    expect(code(knownBy([], true))).equal('verify-no-descriptor');
    const rest = story.relays[0].body;
    const late = { ...rest, keys: rest.keys.map((one) => ({ ...one, fromInterval: 2 })) };
    const rotated = sign('descriptor', story.networkId, late, story.keyOf('R1 identity'));
    expect(code(knownBy([rotated, story.relays[1]], true))).equal('verify-no-key');
    expect(code(knownBy(story.relays, false))).match(/^the terms of interval 1 are not at hand/);
  });

  it('refuses what is signed by both and still not so', () => {
    const wrong = { ...story.settlement.body, amount: story.settlement.body.amount + 1n };
    const first = sign('settlement', story.networkId, wrong, story.keyOf('R2 settlement'));
    const both = countersign('settlement', story.networkId, first, story.keyOf('R1 settlement'));
    const verified = verifyObject(encode(both), known);
    expect(verified.ok ? '' : `${verified.refusal.code} ${verified.refusal.about}`).match(/^verify-claim .*amount is the net/);
    // Without the terms nobody can tell.
    expect(verifyObject(encode(both), knownBy(story.relays, false)).ok).equal(true);
    const balance = sign('account', story.networkId, { ...story.account.body, balance: 1n }, story.keyOf('R1 guard'));
    const account = verifyObject(encode(balance), known);
    expect(account.ok ? '' : account.refusal.about).include('its balance');
  });

  it('counts the authorities whose signature fits, and needs a majority', () => {
    const keys = ['auth1', 'auth2', 'auth3'].map((name) => story.keyOf(`${name} authority`));
    const authorities = keys.map(({ publicKey: key }, at) => ({ name: `auth${at + 1}`, key, url: 'http://192.0.2.1:9080' }));
    const { body } = story.consensus;
    const signatures = keys.map((key) => ({
      authority: key.publicKey,
      signature: sign('consensus', story.networkId, body, key).signature,
    }));
    const signers = (bad: number) => {
      const given = signatures.map((one, at) => (at < bad ? { ...one, signature: signatures[2]!.signature } : one));
      const of = { ...known, network: { ...story.network, authorities } };
      const verified = verifyObject(encode({ body, signatures: given }), of);
      return verified.ok ? verified.value.signedBy.map((one) => one.name) : verified.refusal.code;
    };
    expect(signers(0)).deep.equal(['auth1', 'auth2', 'auth3']);
    expect(signers(1)).deep.equal(['auth2', 'auth3']);
    expect(signers(2)).equal('consensus-signatures');
  });

  it('takes canonical JSON of known objects alone', () => {
    for (const text of ['', '{', '[]', '{"a":1}', 'null', encode(story.network)]) {
      const refused = verifyObject(text, known);
      expect(refused.ok ? '' : refused.refusal.code, text).equal('verify-unknown');
    }
    const pretty = verifyObject(JSON.stringify(JSON.parse(encode(story.iou)), null, 1), known);
    expect(pretty.ok ? '' : `${pretty.refusal.code} ${pretty.refusal.about}`).match(
      /^verify-shape an IOU: the message is not in canonical form/,
    );
  });
});

describe('ptg verify', () => {
  let folder: string;
  const file = (name: string) => join(folder, name);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ptg-verify-'));
    await writeFile(file('network.json'), encode(story.network));
    await writeFile(file('descriptors.json'), encode(story.relays));
    for (const [name, object] of Object.entries(objects)) await writeFile(file(name), `${encode(object)}\n`);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const verify = (name: string, ...more: string[]) =>
    ptg('verify', file(name), '--network', file('network.json'), '--home', folder, ...more);

  it('prints what the object is, who signed it and what it proves; exit code 0', async () => {
    const run = await verify('receipt', '--descriptors', file('descriptors.json'));
    expect(run).deep.include({ code: 0, err: '' });
    for (const words of ['a receipt', 'R2', 'discharged', 'proves not']) expect(run.out).include(words);
    const json = await verify('settlement', '--descriptors', file('descriptors.json'), '--json');
    expect(JSON.parse(json.out)).deep.include({ object: 'a settlement, signed by both' });
  });

  it('needs no descriptors where an object names its key itself', async () => {
    for (const name of ['descriptor', 'consensus', 'transfer', 'proof', 'head']) expect((await verify(name)).code, name).equal(0);
  });

  it('says of a verdict who contested whom for how much and what came of it, with nothing but network.json', async () => {
    const run = await verify('verdict');
    expect(run).deep.include({ code: 0, err: '' });
    for (const words of [
      'R2 contested R1 for 244137000 on ledger, interval 1',
      'the settlement that both signed',
      'dismissed: the accused had paid in time, or had nothing to pay',
      'the rail proves the payment',
      'an authority (its own certificate: 1 of the 1 in network.json): auth1',
    ])
      expect(run.out).include(words);
    await writeFile(file('tampered'), encode(story.verdict).replace('"outcome":"dismissed"', '"outcome":"upheld"'));
    const tampered = await verify('tampered');
    expect(tampered).deep.include({ code: 1, out: '' });
    expect(tampered.err).include('not so: its outcome is what the evidence gives: dismissed').and.include('[verify-signature]');
  });

  it('takes a verdict that is larger than a body', async () => {
    const { about } = story.verdict.body;
    if (about.kind !== 'contest') throw new Error('the story has a contest');
    const family = Array.from({ length: FAMILY_MAX }, (_, at) => String(at).padStart(64, '0'));
    const large = ({ body }: Signed<Descriptor>) =>
      bare(sign('descriptor', story.networkId, { ...body, family }, story.keyOf(`${body.nickname} identity`)));
    const contestant = Array.from({ length: 4 }, () => large(story.relays[1]));
    const body = { ...story.verdict.body, about: { ...about, contestant, accused: large(story.relays[0]) } };
    const text = encode(sign('verdict', story.networkId, body, story.keyOf('auth1 authority')));
    expect(text.length).greaterThan(BODY_BYTES_MAX).and.lessThan(VERDICT_BYTES_MAX);
    await writeFile(file('large'), text);
    expect((await verify('large')).code).equal(0);
  });

  it('names the first thing that fails on stderr, with a code; exit code 1', async () => {
    const none = await verify('iou');
    expect(none).deep.include({ code: 1, out: '' });
    expect(none.err).match(/\[verify-no-descriptor\]\n$/);
    await writeFile(file('changed'), encode(story.iou).replace('"serial":"2"', '"serial":"3"'));
    const changedIou = await verify('changed', '--descriptors', file('descriptors.json'));
    expect(changedIou.err).match(/\n {2}an IOU: its issuer.*\n.*\[verify-signature\]\n$/);
    expect((await verify('nowhere')).err).include('[verify-file]');
  });
});
