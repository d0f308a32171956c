import { expect } from 'chai';
import { bare, sign, type Signed } from '../../core/crypto/sign.ts';
import { contestRefusals, type Contest } from '../../core/wire/contest.ts';
import { networkId, testKey } from '../harness/view.ts';
import { GENESIS, givenDescriptor } from './given.ts';
import { caseOf, codeOf, destinationOf, freshOf, givenDocket, idOf, stateOf, valueOf, type Docket } from './filed.ts';

const family = (...names: string[]) => ({ family: names.map(idOf) });

describe('directory/contest', () => {
  const open: Docket[] = [];
  const given = async (...of: Parameters<typeof givenDocket>): Promise<Docket> => {
    const docket = await givenDocket(...of);
    open.push(docket);
    return docket;
  };
  afterEach(async () => {
    for (const one of open.splice(0)) await one.authority.close();
  });
  const resigned = (signed: Signed<Contest>, changes: Partial<Contest>, key: string) =>
    bare(sign('contest', networkId, { ...signed.body, ...changes }, testKey(key)));

  it('takes one that shows what is owed, tells the accused at once, and lists it', async () => {
    const docket = await given(['a', 'b']);
    const { authority } = docket;
    const answer = valueOf(await docket.file(await docket.contest('a', 'b', 1000n)));
    expect(answer).deep.equal({ case: caseOf('a', 'b'), state: 'open' });
    expect(authority.told).deep.equal([`b /settlement/contested ${answer.case}`]);
    const { cases, before } = await docket.page();
    expect(before).equal(null);
    expect(cases).deep.equal([
      {
        ...{ case: answer.case, kind: 'contest', reporter: idOf('a'), accused: idOf('b'), interval: 0, rail: 'ledger' },
        ...{ amount: 1000n, state: 'open', reason: null, filedAt: GENESIS + 520, answerBy: GENESIS + 560 },
        ...{ appealBy: GENESIS + 620, decidedAt: null, counts: false },
      },
    ]);
    expect(codeOf(await authority.call('/directory/docket/verdict/:case', { case: answer.case }))).equal('docket-undecided');
    expect((await docket.one(answer.case)).verdict).equal(null);
  });

  it('takes IOUs of a key that was rotated since, and of the newer key none for an interval before it', async () => {
    const docket = await given(['a', 'b']);
    const { authority } = docket;
    const [first] = givenDescriptor('b').body.keys;
    const rotated = { ...first!, number: 2, fromInterval: 1, iou: testKey('b newer iou').publicKey };
    authority.clock.advance(authority.clock.now() + 1);
    valueOf(await authority.publish('b', { keys: [first!, rotated], published: authority.clock.now() }));
    const held = await docket.iou('b', 'a', 1000n);
    const newer = { ...held.body, issuerKey: 2 };
    const forged = bare(sign('iou', networkId, newer, testKey('b newer iou')));
    const ground = (one: typeof held) => ({ ground: { kind: 'claimed', held: one, issued: null, carry: null } }) as const;
    expect(codeOf(await docket.file(await docket.contest('a', 'b', 1000n, ground(forged))))).equal('contest-evidence');
    expect(valueOf(await docket.file(await docket.contest('a', 'b', 1000n, ground(held)))).state).equal('open');
    await authority.goTo(GENESIS + 700);
    expect((await docket.line(caseOf('a', 'b'))).state).equal('upheld');
  });

  it('tells an accused that was down when it is back, until the appeal window is over', async () => {
    const docket = await given(['a', 'b', 'c']);
    const { authority } = docket;
    authority.up.delete('b');
    authority.up.delete('c');
    valueOf(await docket.file(await docket.contest('a', 'b')));
    expect(authority.told).deep.equal([]);
    await authority.restart();
    authority.up.add('b');
    await authority.goTo(GENESIS + 560);
    expect(authority.told).deep.equal([`b /settlement/contested ${caseOf('a', 'b')}`]);
    valueOf(await docket.file(await docket.contest('a', 'c')));
    await authority.goTo(GENESIS + 661);
    authority.up.add('c');
    await authority.goTo(GENESIS + 800);
    expect(authority.told).have.length(1);
  });

  it('answers the same body the same whatever has happened, and another of the case with contest-void', async () => {
    const docket = await given(['a', 'b']);
    const signed = await docket.contest('a', 'b');
    valueOf(await docket.file(signed));
    const entries = (await docket.authority.entries()).length;
    expect(stateOf(await docket.file(signed))).equal('open');
    expect(codeOf(await docket.file(resigned(signed, { at: signed.body.at + 1 }, 'a settlement')))).equal('contest-void');
    // Unsigned, but for what it says: it changes nothing and tells what everybody can read.
    expect(stateOf(await docket.file({ body: signed.body, signature: '00'.repeat(64) }))).equal('open');
    expect((await docket.authority.entries()).length).equal(entries);
    await docket.authority.goTo(GENESIS + 900);
    expect(stateOf(await docket.file(signed))).equal('upheld');
    expect((await docket.page()).cases).have.length(1);
  });

  it('takes two at one moment as one', async () => {
    const docket = await given(['a', 'b']);
    const one = await docket.contest('a', 'b');
    const other = resigned(one, { destination: destinationOf('a', 8) }, 'a settlement');
    const answers = await Promise.all([docket.file(one), docket.file(other), docket.file(one)]);
    expect(answers.map(stateOf).sort()).deep.equal(['contest-void', 'open', 'open']);
    expect((await docket.page()).cases).have.length(1);
  });

  it('voids the pair both ways: the other side’s is contest-void', async () => {
    const docket = await given(['a', 'b']);
    valueOf(await docket.file(await docket.contest('a', 'b')));
    expect(codeOf(await docket.file(await docket.contest('b', 'a', 7n)))).equal('contest-void');
  });

  it('is refused for the first fault in the order of the table, and each mended one shows the next', async () => {
    const docket = await given(
      ['a', 'b', 'c', 'd', 'kin'],
      { reportsPerInterval: 2, contestants: 'guards' },
      { a: family('kin'), kin: family('a'), d: { wantsGuard: false } },
    );
    const { authority } = docket;
    const seen: string[] = [];
    const expectCode = async (code: string, signed: Signed<Contest>) => {
      seen.push(code);
      const answer = await docket.file(signed);
      expect(codeOf(answer)).equal(code);
    };
    const wrong = await docket.contest('a', 'b', 1000n, { amount: 7n, terms: '11'.repeat(32) });
    const from = (body: Partial<Contest>) => resigned(wrong, body, 'nobody');

    await expectCode('contest-unknown', from({ accused: idOf('stranger') }));
    expect(codeOf(await docket.file(from({ contestant: idOf('stranger') })))).equal('contest-unknown');
    await expectCode('contest-family', from({ accused: idOf('kin') }));
    expect(codeOf(await docket.file(from({ accused: idOf('a') })))).equal('contest-family');
    await expectCode('contest-policy', from({ contestant: idOf('d') }));
    await expectCode('contest-early', from({ interval: 1 }));
    await authority.goTo(GENESIS + 920);
    // At the second at which its payment window ends.
    expect(codeOf(await docket.file(await docket.contest('a', 'b', 1n, { interval: 1 })))).equal('ok');
    await expectCode('contest-late', from({}));
    const pair = await docket.contest('a', 'c', 5n, { interval: 1, amount: 7n, rail: 'paper' });
    const ground = { ...pair.body.ground, held: await docket.iou('b', 'a', 5n, { interval: 1 }) } as Contest['ground'];
    await expectCode('contest-pair', resigned(pair, { ground }, 'nobody'));

    // Two are its quota; of the dismissed one it is barred first.
    expect(stateOf(await docket.file(await docket.contest('a', 'd', 3n, { interval: 1 })))).equal('open');
    const dismiss = {
      kind: 'receipt' as const,
      receipt: docket.receipt('a', 'd', { settlement: caseOf('a', 'd', 1), interval: 1, at: GENESIS + 870 }),
    };
    expect(stateOf(await docket.appeal('d', caseOf('a', 'd', 1), dismiss))).equal('dismissed');
    await expectCode('contest-barred', resigned(pair, {}, 'nobody'));
    await expectCode('contest-quota', await overQuota(docket));

    const unsigned = (changes: Partial<Contest> = {}, key = 'nobody') =>
      docket.contest('c', 'a', 9n, { interval: 1 }).then((one) => resigned(one, changes, key));
    // A second time about a pair that is void, by the other side.
    await expectCode('contest-void', resigned(await docket.contest('c', 'b', 2n, { interval: 1 }), {}, 'nobody'));
    const broken = { ...(await docket.iou('a', 'c', 9n, { interval: 1 })), signature: '00'.repeat(64) };
    const bad = { terms: '11'.repeat(32), amount: 8n };
    const otherTerms = await docket.iou('a', 'c', 9n, { interval: 1, terms: bad.terms });
    const badGround = {
      kind: 'claimed' as const,
      held: { ...otherTerms, signature: '00'.repeat(64) },
      issued: null,
      carry: null,
    };
    await expectCode('contest-signature', await unsigned({ ...bad, ground: badGround }));
    await expectCode('contest-evidence', await unsigned({ ...bad, ground: badGround }, 'c settlement'));
    await expectCode(
      'contest-other-terms',
      await unsigned({ ...bad, ground: { ...badGround, held: otherTerms } }, 'c settlement'),
    );
    const nothing = {
      kind: 'claimed' as const,
      held: null,
      issued: await docket.iou('c', 'a', 9n, { interval: 1 }),
      carry: null,
    };
    await expectCode('contest-debtor', await unsigned({ amount: 8n, ground: nothing }, 'c settlement'));
    await expectCode('contest-amount', await unsigned({ amount: 8n }, 'c settlement'));
    expect(
      codeOf(
        await docket.file(
          await unsigned({ ground: { kind: 'claimed', held: broken, issued: null, carry: null } }, 'c settlement'),
        ),
      ),
    ).equal('contest-evidence');
    expect(stateOf(await docket.file(await unsigned({}, 'c settlement')))).equal('open');
    // The docket is filled in test/faults/bounds.spec.ts.
    expect(seen).deep.equal(Object.keys(contestRefusals).filter((code) => code !== 'contest-docket'));
  });

  /** From who has two open ones of that interval, and shows nothing that is signed. */
  async function overQuota(docket: Docket): Promise<Signed<Contest>> {
    for (const against of ['c', 'd']) {
      const answer = await docket.file(await docket.contest('b', against, 2n, { interval: 1 }));
      expect(stateOf(answer)).equal('open');
    }
    return resigned(await docket.contest('b', 'a', 2n, { interval: 1 }), {}, 'nobody');
  }

  it('is taken until the second before the contest window ends', async () => {
    const docket = await given(['a', 'b', 'c']);
    await docket.authority.goTo(GENESIS + 579);
    expect(stateOf(await docket.file(await docket.contest('a', 'b')))).equal('open');
    await docket.authority.goTo(GENESIS + 580);
    expect(codeOf(await docket.file(await docket.contest('a', 'c')))).equal('contest-late');
  });

  it('has no quota where the network names none, and upheld ones use none up', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const free = await given(names, { reportsPerInterval: 0 });
    for (const against of ['b', 'c', 'd']) expect(stateOf(await free.file(await free.contest('a', against)))).equal('open');
    const one = await given(names, { reportsPerInterval: 1, appealWindowSec: 10 });
    valueOf(await one.file(await one.contest('a', 'b')));
    expect(codeOf(await one.file(await one.contest('a', 'c')))).equal('contest-quota');
    await one.authority.goTo(GENESIS + 530);
    expect((await one.line(caseOf('a', 'b'))).state).equal('upheld');
    expect(stateOf(await one.file(await one.contest('a', 'c')))).equal('open');
  });

  it('is barred for an interval’s length after a dismissed one, to the second, and not for what it withdrew', async () => {
    const docket = await given(['a', 'b', 'c', 'd'], { contestWindowSec: 1000, reportsPerInterval: 0 });
    const withdraw = async (against: string) => {
      valueOf(await docket.file(await docket.contest('a', against)));
      const receipt = docket.receipt('a', against, { at: GENESIS + 500 });
      return { kind: 'receipt' as const, receipt };
    };
    expect(stateOf(await docket.appeal('a', caseOf('a', 'b'), await withdraw('b')))).equal('withdrawn');
    expect(stateOf(await docket.appeal('c', caseOf('a', 'c'), await withdraw('c')))).equal('dismissed');
    await docket.authority.goTo(GENESIS + 919);
    expect(codeOf(await docket.file(await docket.contest('a', 'd')))).equal('contest-barred');
    expect(stateOf(await docket.file(await docket.contest('b', 'd')))).equal('open');
    await docket.authority.goTo(GENESIS + 920);
    expect(stateOf(await docket.file(await docket.contest('a', 'd')))).equal('open');
  });

  it('is not barred, nor less in standing, where a settlement turned up that leaves nothing to pay', async () => {
    const docket = await given(['a', 'b', 'c']);
    valueOf(await docket.file(await docket.contest('a', 'b')));
    const carryLeft = { amount: 1000n, since: 0 };
    const settlement = await docket.agreed('a', 'b', 1000n, { amount: 0n, destination: null, carryLeft });
    expect(stateOf(await docket.appeal('b', caseOf('a', 'b'), { kind: 'carried', settlement }))).equal('dismissed');
    expect((await docket.record('a')).refuted).equal(0);
    expect(stateOf(await docket.file(await docket.contest('a', 'c')))).equal('open');
  });

  it('with policy guards takes those that had Guard in the terms of that interval, whatever came since', async () => {
    const docket = await given(['a', 'b', 'd'], { contestants: 'guards' }, { d: { wantsGuard: false } });
    const { authority } = docket;
    await authority.goTo(GENESIS + 530);
    valueOf(await authority.publish('a', { published: GENESIS + 500, wantsGuard: false }));
    valueOf(await authority.publish('d', { published: GENESIS + 500, wantsGuard: true }));
    await authority.goTo(GENESIS + 560);
    expect(await docket.guards()).have.members(['b', 'd']);
    expect(codeOf(await docket.file(await docket.contest('d', 'b')))).equal('contest-policy');
    expect(stateOf(await docket.file(await docket.contest('a', 'b')))).equal('open');
    // Of interval 2, whose terms came after.
    await authority.goTo(GENESIS + 800 + 520);
    expect(codeOf(await docket.file(await docket.contest('a', 'b', 5n, { interval: 2 })))).equal('contest-policy');
    expect(stateOf(await docket.file(await docket.contest('d', 'b', 5n, { interval: 2 })))).equal('open');
  });

  it('takes one about a relay whose descriptor has expired', async () => {
    const docket = await given(['a', 'b', 'c'], {}, { b: { expires: GENESIS + 500 } });
    expect(await docket.order()).have.members(['a', 'c']);
    expect(stateOf(await docket.file(await docket.contest('a', 'b')))).equal('open');
    expect((await docket.record('b')).of).equal(3);
    expect((await docket.record('a')).of).equal(2);
  });

  it('names the terms of an interval that had none for what they are: other terms', async () => {
    const docket = await given(['a', 'b'], { contestWindowSec: 2000 });
    const { authority } = docket;
    const signed = await docket.contest('a', 'b');
    await authority.role.stop();
    // Down for all of the intervals 2 and 3: nobody fixed any.
    authority.clock.advance(GENESIS + 4 * 400 + 10);
    await authority.restart();
    await authority.settle();
    const ground = { kind: 'claimed' as const, held: await docket.iou('b', 'a', 9n, { interval: 2, terms: signed.body.terms }) };
    const of = (key: string) => resigned(signed, { interval: 2, ground: { ...ground, issued: null, carry: null } }, key);
    expect(codeOf(await docket.file(of('nobody')))).equal('contest-signature');
    expect(codeOf(await docket.file(of('a settlement')))).equal('contest-other-terms');
    expect(stateOf(await docket.file(signed))).equal('open');
  });

  describe('remembers of the contestant', () => {
    const rails = (ref: number) => [{ rail: 'ledger', fallback: destinationOf('a', ref) }];
    const again = (docket: Docket, at: number, ref: number) =>
      docket.authority.publish('a', { published: GENESIS + at, rails: rails(ref) }).then(valueOf);
    const fallbacksIn = async (docket: Docket, id = caseOf('a', 'b')) => {
      const { about } = (await docket.verdict(id)).body;
      return about.kind === 'contest' ? about.contestant.map((one) => one.body.rails[0]!.fallback) : [];
    };

    it('the descriptor in force at the settlement time, however often it publishes others', async () => {
      const docket = await given(['a', 'b'], { contestWindowSec: 300 });
      const { authority } = docket;
      for (let ref = 1; ref <= 6; ref += 1) {
        await authority.goTo(GENESIS + 520 + 10 * ref);
        await again(docket, 500 + ref, ref);
      }
      valueOf(await docket.file(await docket.contest('a', 'b')));
      await authority.goTo(GENESIS + 700);
      expect(await fallbacksIn(docket)).deep.equal([6, 0, 1, 2].map((ref) => destinationOf('a', ref)));
    });

    it('the same when the contest window outlasts the next settlement time, and it goes on publishing', async () => {
      const docket = await given(['a', 'b'], { contestWindowSec: 900 });
      const { authority } = docket;
      for (let ref = 1; ref <= 6; ref += 1) {
        await authority.goTo(GENESIS + 520 + 100 * ref);
        await again(docket, 500 + ref, ref);
      }
      valueOf(await docket.file(await docket.contest('a', 'b')));
      await authority.goTo(GENESIS + 1300);
      expect(await fallbacksIn(docket)).deep.equal([6, 0, 1, 2].map((ref) => destinationOf('a', ref)));
    });

    it('none from before it, and none with the same rails', async () => {
      const docket = await given(['a', 'b', 'c']);
      const { authority } = docket;
      await authority.goTo(GENESIS + 530);
      await again(docket, 500, 1);
      // Interval 1 is settled at 860.
      await authority.goTo(GENESIS + 870);
      valueOf(await authority.publish('c', { published: GENESIS + 800, bandwidth: 1 }));
      await authority.goTo(GENESIS + 920);
      for (const by of ['a', 'c']) valueOf(await docket.file(await docket.contest(by, 'b', 5n, { interval: 1 })));
      await authority.goTo(GENESIS + 1020);
      expect(await fallbacksIn(docket, caseOf('a', 'b', 1))).deep.equal([destinationOf('a', 1)]);
      expect(await fallbacksIn(docket, caseOf('c', 'b', 1))).deep.equal([destinationOf('c')]);
    });

    it('the one that the consensus of the settlement time still named', async () => {
      const docket = await given(['a', 'b']);
      const { authority } = docket;
      await authority.goTo(GENESIS + 855);
      await again(docket, 800, 1);
      await authority.goTo(GENESIS + 920);
      valueOf(await docket.file(await docket.contest('a', 'b', 5n, { interval: 1 })));
      await authority.goTo(GENESIS + 1020);
      expect(await fallbacksIn(docket, caseOf('a', 'b', 1))).deep.equal([1, 0].map((ref) => destinationOf('a', ref)));
    });
  });

  it('records when the letter of that settlement came, if it still lies there', async () => {
    const docket = await given(['a', 'b', 'c', 'd']);
    const { authority } = docket;
    const post = async (by: string, to: string, expires: number) => {
      const body = { from: idOf(by), key: 1, to: idOf(to), id: caseOf(by, to), sealed: 'b25l', expires };
      valueOf(await authority.call('/directory/mailbox', sign('letter', networkId, body, testKey(`${by} settlement`))));
    };
    await post('a', 'b', GENESIS + 580);
    await post('a', 'c', GENESIS + 525);
    // Of the accused itself: not what the contestant left for it.
    await post('d', 'a', GENESIS + 580);
    await authority.goTo(GENESIS + 530);
    const letterAt = async (against: string) => {
      valueOf(await docket.file(await docket.contest('a', against)));
      const { about } = await docket.one(caseOf('a', against));
      return about.kind === 'contest' ? about.letterAt : undefined;
    };
    expect([await letterAt('b'), await letterAt('c'), await letterAt('d')]).deep.equal([GENESIS + 520, null, null]);
  });

  it('stands on the settlement that both signed, where there is one', async () => {
    const docket = await given(['a', 'b', 'c']);
    const settlement = await docket.agreed('a', 'b', 800n);
    const ground = { kind: 'agreed' as const, settlement };
    expect(codeOf(await docket.file(await docket.contest('a', 'b', 799n, { ground })))).equal('contest-amount');
    const other = await docket.contest('a', 'b', 800n, { ground, destination: destinationOf('a', 8) });
    expect(codeOf(await docket.file(other))).equal('contest-pair');
    expect(codeOf(await docket.file(await docket.contest('b', 'a', 800n, { ground })))).equal('contest-pair');
    expect(stateOf(await docket.file(await docket.contest('a', 'b', 800n, { ground, destination: freshOf('a') })))).equal('open');
  });
});
