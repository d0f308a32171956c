/*
 * A verdict is checked again by its evidence alone, from the filing to the end, with nothing but network.json; and whoever changes
 * anything in it, even the authority itself, is told which part does not hold.
 */
import { expect } from 'chai';
import { sign, type Signed } from '../../core/crypto/sign.ts';
import type { RailRules } from '../../core/rule/contest.ts';
import { replay, replays } from '../../core/rule/replay.ts';
import {
  amountOf,
  answerBy,
  appealBy,
  checkAppeal,
  expire,
  outcomeOf,
  takeAppeal,
  type ContestCase,
  type Dated,
} from '../../core/rule/verdict.ts';
import type { Known } from '../../core/verify/kind.ts';
import { verifyObject } from '../../core/verify/verify.ts';
import { encode, shaped } from '../../core/wire/codec.ts';
import type { Appeal, AppealEvidence } from '../../core/wire/contest.ts';
import { signedVerdict, verdict as verdictShape, type Verdict } from '../../core/wire/verdict.ts';
import * as story from '../../docs/story.ts';
import { verifyLedgerProof } from '../../rail/ledger/reader.ts';
import { networkId, testKey } from '../harness/view.ts';
import {
  appealOf,
  before,
  bothRails,
  claimed,
  contestOf,
  filed,
  filedAt,
  idOf,
  interval,
  iouOf,
  parties,
  proofOf,
  railTable,
  receiptOf,
  schedule,
  settlementOf,
  terms,
  termsOf,
  valueOf,
  type Filing,
  type Name,
} from './docket.ts';

const authority = testKey('authority');
const knownWith = (network: Known['network'], rails: RailRules): Known => ({
  ...rails,
  network,
  // A verdict brings what it needs.
  descriptors: () => [],
  terms: () => null,
});
const authorities = [
  { name: 'east', key: testKey('another authority').publicKey, url: 'http://192.0.2.1:9080' },
  { name: 'west', key: authority.publicKey, url: 'http://192.0.2.2:9080' },
];
const known = knownWith({ networkId, authorities, ledger: null }, railTable);

type Step = readonly [AppealEvidence, Name, number];
const inTime = filedAt + 10;
const paid = (proof: string): AppealEvidence => ({ kind: 'payment', proof: proofOf(proof), settlement: null });
const setOff: AppealEvidence = { kind: 'set-off', iou: iouOf('C', 'A', 400n, { serial: 4n }) };
const receipt: AppealEvidence = { kind: 'receipt', receipt: receiptOf() };

/** A case that goes through these steps, and what the authority then writes. */
function decided(changes: Parameters<typeof filed>[0], steps: readonly Step[], at: number, filing: Filing = {}): Verdict {
  let one: ContestCase = valueOf(filed(changes, filing));
  for (const [evidence, by, time] of steps) {
    const { verified, event, reason } = valueOf(
      checkAppeal(networkId, one, railTable, appealOf(evidence, { at: time }, by), time),
    );
    one = takeAppeal(one, { at: time, signed: verified }, event, reason);
  }
  if (outcomeOf(one) === null) one = expire(one, at);
  return verdictOf(one, at);
}

function verdictOf(one: ContestCase, at: number): Verdict {
  const bare = <T>({ body, signature }: Signed<T>) => ({ body, signature });
  const { signed, contestant, accused, letterAt, appeals } = one;
  return {
    authority: authority.publicKey,
    case: one.id,
    about: {
      ...{ kind: 'contest', signed: bare(signed), contestant: contestant.map(bare), accused: bare(accused), letterAt },
      appeals: appeals.map((each: Dated<Appeal>) => ({ at: each.at, signed: bare(each.signed) })),
    },
    terms: one.terms,
    filedAt: one.filedAt,
    outcome: outcomeOf(one)!,
    reason: one.reason!,
    at,
  };
}

const over = filedAt + terms.parameters.appealWindowSec;
const moved = { contestant: [bothRails('C', { published: 950_000 }), bothRails('C')], accused: parties.accused };
const verdicts: Readonly<Record<string, Verdict>> = {
  'dismissed by a payment': decided({}, [[paid('paid'), 'A', inTime]], inTime),
  'dismissed by a receipt': decided({}, [[receipt, 'A', inTime]], inTime + 3),
  withdrawn: decided({}, [[receipt, 'C', inTime]], inTime),
  'late, to the place in the contest': decided({ ground: claimed() }, [[paid('public'), 'A', inTime + 30]], inTime + 30),
  'late, after a set-off': decided(
    { ground: claimed({ carry: before(20n) }), amount: 720n },
    [
      [setOff, 'A', inTime],
      [{ ...paid('public') }, 'A', inTime + 40],
    ],
    inTime + 41,
  ),
  upheld: decided({ ground: claimed() }, [], over),
  'upheld, though a part was set off': decided({ ground: claimed() }, [[setOff, 'A', inTime]], over + 7),
  'late, as paid after it was upheld': decided({}, [[paid('late'), 'A', over + 100]], over + 100),
  'late, as withdrawn after it was upheld': decided({}, [[receipt, 'C', over]], over),
  'dismissed, after a withdrawal that said late': decided(
    {},
    [
      [{ kind: 'receipt', receipt: receiptOf({ proof: proofOf('none'), at: filedAt }) }, 'C', inTime],
      [paid('in-time'), 'A', inTime + 50],
    ],
    inTime + 50,
  ),
  'dismissed by the fallback of a silent creditor': decided({ ground: claimed() }, [[paid('fallback'), 'A', inTime]], inTime, {
    letterAt: null,
    parties: moved,
  }),
};
/** What of the story is decided, by its own network and rail. */
const storyKnown = knownWith(story.network, {
  payment: (proof) => verifyLedgerProof(story.network, proof),
  isDestination: () => true,
  fallback: () => null,
});
const storyVerdict = (body: Verdict) => sign('verdict', story.networkId, body, story.keyOf('auth1 authority'));

const signed = (body: Verdict, by = authority) => sign('verdict', networkId, body, by);
const said = (object: unknown, of = known): string => {
  const verified = verifyObject(encode(object), of);
  return verified.ok ? 'ok' : `${verified.refusal.code}: ${verified.refusal.about}`;
};

describe('a verdict', () => {
  for (const [name, body] of Object.entries(verdicts)) {
    it(`${name}: comes out again, with nothing but network.json`, () => {
      expect(name).include(body.outcome);
      const again = replay(networkId, body, railTable);
      expect(again.checks.filter((one) => !one.holds)).deep.equal([]);
      expect([replays(again), again.ended?.state, again.ended?.reason]).deep.equal([true, body.outcome, body.reason]);
      expect(said(signed(body))).equal('ok');
    });
  }

  it('tells in plain words who contested whom for how much, what was shown, what came of it and why', () => {
    const tell = (body: Verdict) => {
      const verified = verifyObject(encode(signed(body)), known);
      if (!verified.ok) throw new Error(verified.refusal.about);
      return { ...verified.value, text: verified.value.says.map(([head, value]) => `${head}: ${value}`).join('\n') };
    };
    const late = tell(verdicts['late, after a set-off']!);
    expect(late.object).equal('a verdict of the docket');
    expect(late.signedBy.map((one) => [one.name, one.role])).deep.equal([
      ['west', 'an authority (its own certificate: 1 of the 2 in network.json)'],
    ]);
    for (const words of [
      `contest: C contested A for 720 on ledger, interval ${interval}`,
      'shown: the accused signed no settlement; held of the accused: serial 3, 1000 bytes standard, 0 exit; issued to it: serial 3',
      'carried, as both signed in the interval before: 20',
      'letter: a settlement lay ready for the accused from ',
      ': an IOU of the contestant, serial 4, 400 bytes standard, 0 exit',
      ': a payment on ledger of 700 to C-public, ',
      'outcome: late: the accused paid, after its time',
      'because: the rail proves the payment',
    ])
      expect(late.text).include(words);
    const upheld = tell(verdicts['upheld']!).text;
    for (const words of ['answered: nothing that holds', 'outcome: upheld: the accused has not shown that it paid'])
      expect(upheld).include(words);
    expect(late.provesNot.join()).include('authority’s word');
    expect(late.holds).include('its reason is what ended it: payment');
  });

  it('of a complaint comes out again, too', () => {
    const { body } = story.complaintVerdict;
    const verified = verifyObject(encode(story.complaintVerdict), storyKnown);
    if (!verified.ok) throw new Error(`${verified.refusal.code}: ${verified.refusal.about}`);
    const text = verified.value.says.map(([head, value]) => `${head}: ${value}`).join('\n');
    expect(text).include('complaint: a subscriber complained of R1 about a withdrawal of 657231777 that it does not pay');
    expect(text).include('because: the rail proves the payout');
    if (body.about.kind !== 'complaint') throw new Error('it is of a complaint');
    const unanswered = { ...body, about: { ...body.about, answers: [] } };
    const end = body.filedAt + body.terms.parameters.appealWindowSec;
    const upheld = { ...unanswered, outcome: 'upheld' as const, reason: 'no-answer' as const, at: end };
    expect(said(storyVerdict(upheld), storyKnown)).equal('ok');
    expect(said(storyVerdict({ ...upheld, at: end - 1 }), storyKnown)).match(/^verify-claim.*appeal window was over/);
    expect(said(storyVerdict({ ...upheld, terms: { ...body.terms, interval: 9 } }), storyKnown)).match(
      /its terms are of an interval/,
    );
    expect(said(storyVerdict({ ...body, case: 'ab'.repeat(32) }), storyKnown)).match(/not so: it is of that case/);
    const [answer] = body.about.answers;
    const before = { ...body.about, answers: [{ ...answer!, at: body.filedAt - 1 }] };
    expect(said(storyVerdict({ ...body, about: before }), storyKnown)).match(/not so: each answer came after what was before it/);
    const early = { ...upheld, filedAt: body.filedAt - 1 };
    expect(said(storyVerdict(early), storyKnown)).match(/complaint, account and evidence.*complaint-early/);
  });

  it('is of an authority of network.json, whichever, and of no other', () => {
    const body = verdicts['upheld']!;
    const east = testKey('another authority');
    expect(said(signed({ ...body, authority: east.publicKey }, east))).equal('ok');
    expect(said(signed(body, east))).match(/^verify-signature.*authority west$/);
    const stranger = testKey('stranger');
    expect(said(signed({ ...body, authority: stranger.publicKey }, stranger))).match(/^verify-no-key.*not in network\.json$/);
    const alone = knownWith({ networkId, authorities: authorities.slice(0, 1), ledger: null }, railTable);
    expect(said(signed(body), alone)).match(/^verify-no-key/);
  });
});

type Path = readonly (string | number)[];
function* leaves(value: unknown, at: Path = []): Generator<Path> {
  if (value === null || typeof value !== 'object' || Object.keys(value).length === 0) return yield at;
  for (const [key, inner] of Object.entries(value)) yield* leaves(inner, [...at, Array.isArray(value) ? Number(key) : key]);
}
const read = (json: unknown, at: Path): unknown => at.reduce((of, key) => (of as Record<string | number, unknown>)[key], json);
function put(json: unknown, at: Path, value: unknown): unknown {
  const [key, ...rest] = at;
  if (key === undefined) return value;
  const copy = (Array.isArray(json) ? [...json] : { ...(json as object) }) as Record<string | number, unknown>;
  copy[key] = put(copy[key], rest, value);
  return copy;
}
/** Another value of the same shape. */
function other(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (value === null || typeof value === 'object') return undefined;
  const text = value as string;
  const enums: Readonly<Record<string, string>> = {
    ...{ dismissed: 'upheld', upheld: 'dismissed', late: 'withdrawn', withdrawn: 'late' },
    ...{ payment: 'receipt', receipt: 'payment', 'no-answer': 'payment', any: 'guards', traffic: 'links', ledger: 'coin' },
  };
  if (enums[text] !== undefined) return enums[text];
  if (/^[0-9]{1,18}$/.test(text)) return String(BigInt(text) + 1n);
  if (!/^[0-9a-f]{16,}$/.test(text)) return `${text}x`;
  return `${text.startsWith('0') ? '1' : '0'}${text.slice(1)}`;
}

/** Which part is named when a field is changed; the first line that fits counts. */
const partOf: readonly (readonly [RegExp, RegExp])[] = [
  [/^authority/, /authority/],
  [/^case/, /it is of that case/],
  [/^outcome/, /its outcome is what the evidence gives/],
  [/^reason/, /its reason is what ended it/],
  [/^terms\.networkId/, /its terms are of this network/],
  [/^terms/, /the terms are those of the contest/],
  [/^about\.contestant/, /the descriptor of the contestant/],
  [/^about\.accused/, /the descriptor of the accused/],
  [/^about\.signed\.body\.contestant$/, /the descriptor of the contestant/],
  [/^about\.signed\.body\.accused/, /the descriptor of the accused/],
  [/^about\.signed\.body\.(interval|terms)/, /the terms are those of the contest/],
  [/^about\.signed\.body\.(rail|destination)/, /what the contest shows|contest and evidence are signed/],
  [/^about\.signed\.body\.(contestantKey|amount|at)/, /contest and evidence are signed.*contest-signature/],
  [/^about\.signed\.body\.ground/, /what the contest shows|contest and evidence are signed.*contest-signature/],
  [/^about\.signed\.signature/, /contest and evidence are signed.*contest-signature/],
  [/^about\.appeals\.\d+\.signed\.body\.case/, /appeal \d .*appeal-unknown/],
  [/^about\.appeals\.\d+\.signed\.body\.from$/, /appeal \d .*appeal-stranger/],
  [/^about\.appeals\.\d+\.signed/, /appeal \d .*appeal-signature/],
];
/** What is the authority's word alone: there it may be one second more. */
const ownWord = /^(filedAt|at|about\.letterAt|about\.appeals\.\d+\.at)$/;

describe('a verdict that was changed', () => {
  const rich = ['dismissed by a receipt', 'late, after a set-off', 'upheld', 'dismissed by the fallback of a silent creditor'];
  for (const [name, body] of Object.entries(verdicts).filter(([one]) => rich.includes(one))) {
    const json = JSON.parse(encode(body)) as unknown;
    it(`${name}: in any field, by the authority itself, is refused by the name of that part`, () => {
      let tried = 0;
      for (const at of leaves(json)) {
        const value = other(read(json, at));
        const path = at.join('.');
        if (value === undefined || ownWord.test(path)) continue;
        tried += 1;
        const shape = shaped(put(json, at, value), verdictShape);
        // What has no shape cannot be signed.
        if (!shape.ok) continue;
        const part = partOf.find(([of]) => of.test(path))?.[1];
        expect(part, path).not.equal(undefined);
        expect(said(signed(shape.value)), path).match(part!);
      }
      expect(tried).greaterThan(50);
    });
    it(`${name}: in any field, by anybody else, is refused for the authority’s signature, and by that part`, () => {
      const whole = JSON.parse(encode(signed(body))) as { body: unknown; signature: string };
      for (const at of leaves(json)) {
        const value = other(read(json, at));
        const path = at.join('.');
        if (value === undefined) continue;
        const changed = { ...whole, body: put(json, at, value) };
        const answer = said(changed);
        if (!shaped(changed, signedVerdict).ok) expect(answer, path).match(/^verify-shape: a verdict of the docket: /);
        else if (path === 'authority') expect(answer).match(/^verify-no-key/);
        else {
          expect(answer, path).match(/^verify-signature: a verdict of the docket: authority west/);
          if (!ownWord.test(path)) expect(answer, path).match(partOf.find(([of]) => of.test(path))![1]);
        }
      }
      expect(said({ ...whole, signature: other(whole.signature) })).match(/^verify-signature.*authority west$/);
    });
  }

  describe('by the authority, with all in it signed', () => {
    const of = (name: string, changes: Partial<Verdict>) => said(signed({ ...verdicts[name]!, ...changes }));
    const withAbout = (name: string, changes: object, more: Partial<Verdict> = {}) =>
      of(name, { about: { ...verdicts[name]!.about, ...changes } as Verdict['about'], ...more });
    const appeals = (name: string) => {
      const { about } = verdicts[name]!;
      return about.kind === 'contest' ? about.appeals : [];
    };

    it('an appeal left out, or told in another order', () => {
      expect(withAbout('dismissed by a payment', { appeals: [] })).match(/an answer had ended it, or the appeal window was over/);
      const [first, second] = appeals('late, after a set-off');
      expect(withAbout('late, after a set-off', { appeals: [second, first] })).match(/each appeal came after what was before it/);
      const turned = [
        { ...second!, at: inTime },
        { ...first!, at: inTime + 40 },
      ];
      expect(withAbout('late, after a set-off', { appeals: turned })).match(/appeal 1 \(payment\) .*appeal-amount/);
    });
    it('an appeal twice', () => {
      const [first] = appeals('dismissed by a payment');
      expect(withAbout('dismissed by a payment', { appeals: [first, first] })).match(/appeal 2 \(payment\) .*appeal-decided/);
    });
    it('upheld before the window was over, or an outcome that does not follow', () => {
      expect(of('upheld', { at: over - 1 })).match(/an answer had ended it, or the appeal window was over/);
      expect(of('upheld', { outcome: 'late', reason: 'payment' })).match(/its outcome is what the evidence gives: upheld/);
      expect(of('upheld', { reason: 'payment' })).match(/its reason is what ended it: no-answer/);
      expect(of('late, as paid after it was upheld', { outcome: 'upheld', reason: 'no-answer' })).match(/evidence gives: late/);
      expect(of('late, as paid after it was upheld', { outcome: 'dismissed' })).match(/evidence gives: late/);
    });
    it('times that cannot be: a filing outside its window, an appeal before it or after the verdict', () => {
      for (const time of [schedule.paymentEnd - 1, schedule.contestEnd])
        expect(of('upheld', { filedAt: time, at: time + terms.parameters.appealWindowSec })).match(
          /it was filed in the contest window/,
        );
      expect(of('upheld', { at: filedAt - 1 })).match(/it was decided after it was filed/);
      const [first] = appeals('dismissed by a payment');
      for (const at of [filedAt - 1, inTime + 1])
        expect(withAbout('dismissed by a payment', { appeals: [{ ...first!, at }] })).match(
          /each appeal came after what was before it/,
        );
      expect(withAbout('upheld', { letterAt: filedAt + 1 })).match(/the letter lay there before the filing/);
    });
    it('a late appeal told as in time is still late by the rail', () => {
      const [first] = appeals('late, as paid after it was upheld');
      const early = { appeals: [{ ...first!, at: inTime }] };
      expect(withAbout('late, as paid after it was upheld', early, { outcome: 'dismissed' })).match(/evidence gives: late/);
    });
    it('a letter that was there, or was not', () => {
      const name = 'dismissed by the fallback of a silent creditor';
      expect(withAbout(name, { letterAt: schedule.bst - 1 })).match(/appeal 1 \(payment\) .*appeal-fallback/);
      expect(withAbout(name, { letterAt: schedule.bst })).equal('ok');
    });
    it('descriptors of others, or in another order', () => {
      const name = 'dismissed by the fallback of a silent creditor';
      expect(withAbout(name, { contestant: [...moved.contestant].reverse() })).match(
        /newest descriptor of the contestant stands first/,
      );
      expect(withAbout('upheld', { contestant: [bothRails('X')] })).match(/descriptor of the contestant is of that relay/);
      expect(withAbout('upheld', { accused: bothRails('X') })).match(/descriptor of the accused is of that relay/);
      const family = { contestant: [bothRails('C', { family: [idOf('A')] })], accused: bothRails('A', { family: [idOf('C')] }) };
      expect(withAbout('upheld', family)).match(/not of one family/);
      const keys = bothRails('A').body.keys.map((one) => ({ ...one, iou: testKey('X iou').publicKey }));
      expect(withAbout('upheld', { accused: bothRails('A', { keys }) })).match(/contest-evidence: .*the IOU of the accused/);
    });
    it('another contest of the same case', () => {
      const other = (changes: Parameters<typeof contestOf>[0], by?: Name) =>
        withAbout('upheld', { signed: contestOf(changes, by) });
      expect(other({ ground: claimed(), amount: 701n })).match(/contest-amount: .*claimed 701, shown 700/);
      expect(other({ ground: claimed() }, 'A')).match(/contest-signature/);
      expect(other({ ground: claimed({ held: iouOf('A', 'C', 1000n, {}, 'X') }) })).match(
        /contest-evidence: .*the IOU of the accused/,
      );
      expect(other({ ground: claimed({ held: iouOf('A', 'C', 1000n, { interval: 4 }) }) })).match(
        /what the contest shows is of its pair/,
      );
      expect(other({ ground: { kind: 'agreed', settlement: settlementOf({}, ['C', 'C']) } })).match(
        /contest-evidence: .*the settlement/,
      );
    });
    it('other terms, though the amount would be the same', () => {
      expect(of('upheld', { terms: termsOf({ appealWindowSec: 1 }) })).match(/the terms are those of the contest/);
      expect(of('upheld', { terms: { ...terms, networkId: 'another' } })).match(/its terms are of this network/);
    });
    it('a proof that the rail does not hold', () => {
      const body = verdicts['dismissed by a payment']!;
      const none = knownWith(known.network, { ...railTable, payment: () => null });
      expect(said(signed(body), none)).match(/appeal 1 \(payment\) .*appeal-evidence/);
    });
  });
});

describe('a case', () => {
  it('has its windows from its filing, and its amount without what was taken off', () => {
    const one = valueOf(filed({ ground: claimed() }));
    expect([answerBy(one) - filedAt, appealBy(one) - filedAt]).deep.equal([
      terms.parameters.answerWindowSec,
      terms.parameters.appealWindowSec,
    ]);
    const { verified, event, reason } = valueOf(checkAppeal(networkId, one, railTable, appealOf(setOff), inTime));
    const rest = takeAppeal(one, { at: inTime, signed: verified }, event, reason);
    expect([amountOf(one), amountOf(rest)]).deep.equal([700n, 600n]);
    expect([rest.state, rest.reason, rest.decidedAt]).deep.equal(['answered', null, null]);
    const ended = expire(rest, over);
    expect([ended.state, ended.reason, ended.decidedAt]).deep.equal(['upheld', 'no-answer', over]);
    expect(expire(ended, over + 5)).equal(ended);
  });
});
