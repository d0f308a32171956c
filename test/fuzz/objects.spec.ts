/*
 * Every object under structure-aware mutation: each schema that core exports, each signed object, each kind that is verified offline.
 * A changed text is refused with a code that is known, or is taken unchanged and canonical; then its signatures do not fit.
 *
 *   npm test                            13 000 of twenty thousand inputs; the others are of endpoints.spec.ts
 *   INPUTS=1000000 npx mocha 'test/fuzz/*.spec.ts'     a million in both; SEED=7 draws others
 */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z, type ZodType } from 'zod';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { sign, verify, signedSchema, countersignedSchema, type ObjectName, type Signed } from '../../core/crypto/sign.ts';
import { CONSENSUS_BYTES_MAX } from '../../core/limits.ts';
import { refusalTables } from '../../core/refusals.ts';
import type { Known } from '../../core/verify/kind.ts';
import { kinds, verifyObject } from '../../core/verify/verify.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { answer, complaint } from '../../core/wire/complaint.ts';
import { appeal, contest } from '../../core/wire/contest.ts';
import { descriptor, descriptorDigest } from '../../core/wire/descriptor.ts';
import { account, bill, request, tally } from '../../core/wire/guard.ts';
import { ack, iou, iouDelivery } from '../../core/wire/iou.ts';
import { logHead, parseLedgerDestination, transfer } from '../../core/wire/ledger.ts';
import { letter, mailboxFetch } from '../../core/wire/mailbox.ts';
import { receipt, settlement, statement } from '../../core/wire/settlement.ts';
import { termsDigest } from '../../core/wire/terms.ts';
import { verdict } from '../../core/wire/verdict.ts';
import { examples, type Example } from '../../docs/examples.ts';
import * as story from '../../docs/story.ts';
import { refusalShape } from '../../host/http/refusals.ts';
import { verifyLedgerProof } from '../../rail/ledger/reader.ts';
import { chanceFrom, figures, inputsOf, mutate, SEED, type Mutant } from './mutate.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const codes = new Set(Object.values(refusalTables).flatMap((table) => Object.keys(table)));
const charsMax = CONSENSUS_BYTES_MAX;

/** A transaction of Bitcoin's main chain, its branch and its block's header. */
const mainnet = JSON.parse(readFileSync(`${root}test/rail/bitcoin/mainnet.json`, 'utf8')) as {
  readonly transaction: string;
  readonly place: number;
  readonly branch: string[];
  readonly header: string;
};

const hex = (name: string, digits: number): string => sha256Hex('fuzz\0', name).slice(0, digits);
const [r1, r2] = [story.relays[0].body, story.relays[1].body];
const signedLetter = sign(
  'letter',
  story.networkId,
  { from: r1.id, key: 1, to: r2.id, id: hex('letter', 64), sealed: 'AAAA', expires: 1_702_000_000 },
  story.keyOf('R1 settlement'),
);

const withdrawal = {
  ...{ id: hex('withdrawal', 32), state: 'paid', amount: '657231777', payment: '3' },
  destination: story.settlement.body.destination,
};
const docketChange = {
  ...{ id: '2', at: 1_702_722_260, what: 'decided', case: story.docketAnswer.case, state: 'dismissed', reason: 'payment' },
};
const bareOf = <T>({ body, signature }: Signed<T>): Signed<T> => ({ body, signature });

/** What the pages of the specification do not show. */
const more: Readonly<Record<string, unknown>> = {
  letter: signedLetter,
  'mailbox answer': { letters: [{ id: hex('letter', 64), sealed: 'AAAA' }] },
  'verdict of a complaint': story.complaintVerdict,
  fingerprint: hex('fingerprint', 40),
  'address of a transport': '192.0.2.7:9262',
  publish: { digest: descriptorDigest(story.relays[0]) },
  descriptors: { descriptors: story.relays },
  'descriptors query': { digests: story.relays.map(descriptorDigest) },
  alive: { id: r1.id, nickname: r1.nickname },
  'page of a log': { entries: ['{}', '{"a":1}'], next: '2' },
  proof: { proof: story.log.inclusionOf0In3 },
  'ledger page': { entries: story.entries, next: '3' },
  'ledger account': { account: r1.id, balance: '-12', nextNumber: '3' },
  'bitcoin of a network': { chain: 'main', confirmations: 6, difficulty: '5000000000000' },
  'bitcoin proof': {
    ...{ transaction: Buffer.from(mainnet.transaction, 'hex').toString('base64'), output: 0, place: mainnet.place },
    ...{ branch: mainnet.branch, headers: Buffer.from(mainnet.header, 'hex').toString('base64') },
  },
  'guard offer': {
    ...{ id: r1.id, nickname: r1.nickname },
    rails: [{ rail: 'ledger', pricePerGib: '2500', startingAmount: '1', confirmations: 1 }],
  },
  'answer to a request': { account: story.account, tally: bareOf(story.tally), bill: story.bill, withdrawal },
  'transfer answer': { entries: story.entries, id: story.entries[0]!.transfer, number: '1' },
  'case notice': { case: story.docketAnswer.case },
  case: {
    ...{ line: story.docketLine, changes: [docketChange], verdict: story.verdict },
    about: {
      kind: 'contest',
      signed: story.contest,
      letterAt: null,
      appeals: [{ at: story.appeal.body.at, signed: story.appeal }],
    },
  },
  'case of a complaint': {
    ...{ line: story.docketLine, changes: [], verdict: null },
    about: { kind: 'complaint', signed: story.complaint, answers: [{ at: story.answer.body.at, signed: story.answer }] },
  },
  changes: { changes: [docketChange], last: '3' },
  cases: { cases: [story.docketLine], before: null },
  record: {
    ...{ relay: r1.id, upheld: 0, late: 1, refuted: 0, onTime: 7, firstSeen: 1_700_000_000, place: 2, of: 3, reporters: 1 },
  },
  'query of a book': { interval: 1, after: null },
  done: { done: true },
  outcome: { peer: r2.id, interval: 1, outcome: 'paid', rail: 'ledger', received: '244137000' },
  'session named': { session: hex('session', 32) },
  shortfall: { session: hex('session', 32), interval: 1, bytes: '-100' },
  'state of a withdrawal': { id: hex('withdrawal', 32), state: 'accepted', payment: null },
};

/** One of each signed object; the keys that signed it, in order. The compiler sees to it that none is left out. */
const signedObjects: Readonly<Record<Exclude<ObjectName, 'consensus'>, readonly [ZodType<Signed<unknown>>, string]>> = {
  descriptor: [signedSchema(descriptor), 'descriptor'],
  iou: [signedSchema(iou), 'iou'],
  delivery: [signedSchema(iouDelivery), 'delivery'],
  ack: [signedSchema(ack), 'ack'],
  statement: [signedSchema(statement), 'statement'],
  settlement: [countersignedSchema(settlement), 'settlement'],
  receipt: [signedSchema(receipt), 'receipt'],
  account: [signedSchema(account), 'account'],
  tally: [countersignedSchema(tally), 'tally'],
  bill: [signedSchema(bill), 'bill'],
  request: [signedSchema(request), 'sign-tally'],
  transfer: [signedSchema(transfer), 'transfer'],
  loghead: [signedSchema(logHead), 'head'],
  letter: [signedSchema(letter), 'letter'],
  mailbox: [signedSchema(mailboxFetch), 'mailbox-fetch'],
  contest: [signedSchema(contest), 'contest'],
  appeal: [signedSchema(appeal), 'appeal'],
  complaint: [signedSchema(complaint), 'complaint'],
  answer: [signedSchema(answer), 'answer'],
  verdict: [signedSchema(verdict), 'verdict'],
};

const shown: Readonly<Record<string, Example>> = {
  ...examples(),
  letter: { text: encode(signedLetter), signed: { object: 'letter', by: ['R1 settlement'] } },
};
const donors = [...Object.values(shown).map(({ text }) => text), ...Object.values(more).map(encode)].filter(isJson);

/** Everything that stands in an example is good by itself, and so is what one side alone signed. */
const good = new Set<string>();
for (const text of donors) {
  for (const part of partsOf(JSON.parse(text) as unknown)) {
    good.add(encode(part));
    const { body, signature, countersignature } = (part ?? {}) as Record<string, unknown>;
    if (countersignature !== undefined) good.add(encode({ body, signature }));
  }
}

const known: Known = {
  network: story.network,
  descriptors: (relay) => story.relays.filter((one) => one.body.id === relay),
  terms: (digest) => (digest === termsDigest(story.terms) ? story.terms : null),
  payment: (proof) => verifyLedgerProof(story.network, proof),
  isDestination: (_, text) => parseLedgerDestination(text) !== null,
  fallback: () => null,
};
const consensusText = encode(story.consensus);

describe('objects under fuzz', function () {
  this.timeout(60_000 * Math.max(1, inputsOf(1, 20_000)));

  it('takes every schema that core exports, of a valid example', async () => {
    const without = (await exportedSchemas()).filter(({ texts }) => texts.length === 0).map(({ name }) => name);
    expect(without, 'no example is of these: put one into `more`').deep.equal([]);
  });

  it('every schema: refused with its code, or taken unchanged', async () => {
    const all = await exportedSchemas();
    expect(all.length).greaterThan(80);
    const count = inputsOf(5_000, 20_000);
    const chance = chanceFrom(SEED);
    const outcomes = new Map<string, number>();
    const begun = performance.now();
    for (let input = 0; input < count; input++) {
      const { name, schema, texts } = all[input % all.length]!;
      const mutant = mutate(chance.pick(texts), donors, chance);
      const code = told(name, mutant, () => taken(mutant, schema));
      outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
    }
    console.log(figures(count, performance.now() - begun));
    // The mutations reach every check of the codec.
    expect([...outcomes.keys()].sort()).include.members(['bad-shape', 'not-canonical', 'not-json', 'ok']);
  });

  it('every signed object: what is taken changed does not fit its signatures', () => {
    const all = Object.entries(signedObjects).map(([object, [schema, name]]) => ({ object, schema, ...shown[name]! }));
    for (const one of all) expect(fits(one.object, one.text, one.schema, one.signed!.by), one.object).equal(true);
    const chance = chanceFrom(SEED + 1);
    let reached = 0;
    const [count, begun] = [inputsOf(4_000, 20_000), performance.now()];
    for (let input = 0; input < count; input++) {
      const { object, schema, text, signed } = all[input % all.length]!;
      const mutant = mutate(text, donors, chance);
      told(object, mutant, () => {
        if (taken(mutant, schema) !== 'ok' || mutant.text === text) return;
        reached++;
        expect(fits(object, mutant.text!, schema, signed!.by)).equal(false);
      });
    }
    console.log(figures(count, performance.now() - begun));
    expect(reached).greaterThan(inputsOf(400, 20_000));
  });

  it('every kind: verified offline only as it was signed', () => {
    const texts = [...good].filter((text) => verifyObject(text, known).ok);
    const titles = new Set(texts.map((text) => (verifyObject(text, known) as { value: { object: string } }).value.object));
    expect(kinds.map((kind) => kind.title).filter((title) => !titles.has(title))).deep.equal([]);
    const chance = chanceFrom(SEED + 2);
    const seen = new Set<string>();
    const [count, begun] = [inputsOf(4_000, 20_000), performance.now()];
    for (let input = 0; input < count; input++) {
      const mutant = mutate(texts[input % texts.length]!, donors, chance);
      if (mutant.text === null) continue;
      told('verify', mutant, () => {
        const verified = verifyObject(mutant.text!, known);
        if (verified.ok) return expect(isGood(mutant.text!), 'verified, though nobody signed it').equal(true);
        sent(verified.refusal);
        seen.add(verified.refusal.code);
      });
    }
    console.log(figures(count, performance.now() - begun));
    expect([...seen]).include.members([
      'verify-unknown',
      'verify-shape',
      'verify-signature',
      'verify-no-descriptor',
      'verify-no-key',
    ]);
    expect(verifyObject(consensusText, known).ok).equal(true);
  });
});

describe('finds of the fuzzers', () => {
  it('an object within an object within an object', () => {
    const text = `${'{"body":'.repeat(30_000)}1${'}'.repeat(30_000)}`;
    const verified = verifyObject(text, known);
    expect(verified.ok ? '' : sent(verified.refusal)).equal('verify-unknown');
  });

  it('a signature of an authority that nobody knows under a consensus: the body alone is what is verified', () => {
    const { body, signatures } = story.consensus;
    const stranger = { authority: story.publicOf('U1 account'), signature: signatures[0]!.signature };
    const text = (under: readonly unknown[], of: object = body): string => encode({ body: of, signatures: under });
    expect(verifyObject(text([...signatures, stranger]), known).ok).equal(true);
    expect(verifyObject(text([stranger]), known).ok).equal(false);
    expect(verifyObject(text([...signatures, stranger], { ...body, validAfter: body.validAfter + 1 }), known).ok).equal(false);
  });

  // These were answered with an internal error: a refusal that tells of half a character cannot be encoded.
  it('a text cut within a character for its refusal', () => {
    const read = decode(`"${'a'.repeat(38)}\ud83d\ude00`, letter);
    expect(read.ok ? '' : sent(read.refusal)).equal('not-json');
  });

  it('half a character as an unknown key', () => {
    const text = `${encode(signedLetter.body).slice(0, -1)},"\\ud800":1}`;
    const read = decode(text, letter);
    expect(read.ok ? '' : sent(read.refusal)).equal('bad-shape');
  });

  it('a long key cut within a character for its refusal', () => {
    for (const extra of ['', 'k']) {
      const read = decode(encode({ ...signedLetter.body, [extra + '\ud83d\ude00'.repeat(200)]: 1 }), letter);
      expect(read.ok ? '' : sent(read.refusal)).equal('bad-shape');
    }
  });
});

/** Signatures of authorities that network.json does not name may stand under a consensus: they count for nothing. */
function isGood(text: string): boolean {
  if (good.has(text)) return true;
  const object = JSON.parse(text) as { body?: unknown; signatures?: readonly unknown[] };
  const signed = story.consensus.signatures.map((one) => encode(one));
  const under = new Set(object.signatures?.map((one) => encode(one)));
  return encode(object.body ?? null) === encode(story.consensus.body) && signed.every((one) => under.has(one));
}

interface Exported {
  readonly name: string;
  readonly schema: ZodType;
  /** Valid ones: the largest parts of the examples that it takes. */
  readonly texts: readonly string[];
}

let exported: Promise<readonly Exported[]> | null = null;
function exportedSchemas(): Promise<readonly Exported[]> {
  exported ??= readSchemas();
  return exported;
}

async function readSchemas(): Promise<readonly Exported[]> {
  const files = [...readdirSync(`${root}core/wire`).map((name) => `core/wire/${name}`), 'core/local/messages.ts'];
  const pool = [...good].sort((one, other) => other.length - one.length);
  const found: Exported[] = [];
  for (const file of files) {
    const module = (await import(`${root}${file}`)) as Record<string, unknown>;
    for (const [name, schema] of Object.entries(module)) {
      if (!(schema instanceof z.ZodType)) continue;
      const texts = pool.filter((text) => decode(text, schema, charsMax).ok);
      found.push({ name: `${file} ${name}`, schema, texts: texts.slice(0, 4) });
    }
  }
  return found;
}

/** The code of its refusal, or ok. */
function taken(mutant: Mutant, schema: ZodType): string {
  if (mutant.text === null) return 'no text';
  const read = decode(mutant.text, schema, charsMax);
  if (!read.ok) return sent(read.refusal);
  expect(encode(read.value), 'taken, and not canonical').equal(mutant.text);
  return 'ok';
}

/** A refusal reaches whoever it is for, with a code that is documented. */
function sent(refusal: { readonly code: string }): string {
  const read = decode(encode(refusal), refusalShape);
  expect(read.ok, 'a refusal that nobody can read').equal(true);
  expect(codes.has(refusal.code), refusal.code).equal(true);
  return refusal.code;
}

/** Whether all of its signatures are those of who signed the example. */
function fits(object: string, text: string, schema: ZodType<Signed<unknown>>, by: readonly string[]): boolean {
  const read = decode(text, schema, charsMax);
  if (!read.ok) return false;
  const { body, signature, countersignature } = read.value as Signed<unknown> & { countersignature?: string };
  return by.every((name, index) => {
    const one = { body, signature: index === 0 ? signature : (countersignature ?? '') };
    return verify(object as ObjectName, story.networkId, one, story.publicOf(name)) !== null;
  });
}

/** What fails says by which input. */
function told<T>(name: string, mutant: Mutant, check: () => T): T {
  try {
    return check();
  } catch (thrown) {
    const input = mutant.bytes.toString('base64');
    throw new Error(`${name}, ${mutant.how}: ${String(thrown)}\n  base64 of it: ${input.slice(0, 4_000)}`, { cause: thrown });
  }
}

function* partsOf(json: unknown): Generator<unknown> {
  yield json;
  if (json === null || typeof json !== 'object') return;
  for (const inner of Object.values(json)) yield* partsOf(inner);
}

function isJson(text: string): boolean {
  return /^[{["]/.test(text) && decode(text, z.unknown(), charsMax).ok;
}
