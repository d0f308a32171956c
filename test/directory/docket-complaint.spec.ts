import { expect } from 'chai';
import { bare, sign, verify, type Signed } from '../../core/crypto/sign.ts';
import { replay } from '../../core/rule/replay.ts';
import {
  answerRefusals,
  complaintId,
  complaintRefusals,
  type AnswerEvidence,
  type Complaint,
} from '../../core/wire/complaint.ts';
import type { SubscriberRequest } from '../../core/wire/guard.ts';
import type { PaymentProof } from '../../core/wire/settlement.ts';
import type { Case } from '../../core/rule/verdict.ts';
import { acceptAnswer, acceptComplaint } from '../../directory/complaint/decide.ts';
import { openBook } from '../../directory/log/flow.ts';
import { openRails, railRules } from '../../rail/rails.ts';
import { networkId, testKey } from '../harness/view.ts';
import { GENESIS, network } from './given.ts';
import {
  accountDestination,
  caseOf,
  codeOf,
  destinationOf,
  givenDocket,
  idOf,
  subscriber,
  tally,
  valueOf,
  withdrawal,
  type Docket,
} from './filed.ts';

const rails = railRules(openRails({ http: undefined as never, network }));
const home = destinationOf('subscriber');

describe('directory/complaint', () => {
  let docket: Docket;
  beforeEach(async () => {
    docket = await givenDocket(['g', 'h']);
  });
  afterEach(() => docket.authority.close());

  const idFor = (subject: string, guard = 'g'): string => complaintId(networkId, idOf(guard), subscriber, subject);
  const deposit = (proof: PaymentProof) => ({ about: { kind: 'deposit' as const, proof } });
  const asked = (request: Signed<SubscriberRequest>) => ({ about: { kind: 'withdrawal' as const, request } });
  /** Of 1000, asked for at 400 by the test's clock, so that its window is over. */
  const request = (id: string) => withdrawal('g', id, 1000n, GENESIS + 400);
  const payout = (proof: PaymentProof): AnswerEvidence => ({ kind: 'payout', proof });
  const checked = async (id: string) => {
    const signed = await docket.verdict(id);
    expect(verify('verdict', networkId, signed, network.authorities[0]!.key)).not.equal(null);
    const { checks } = replay(networkId, signed.body, rails);
    expect(checks.filter((one) => !one.holds)).deep.equal([]);
    return signed.body;
  };

  it('of a deposit is public at once, told to the guard, and upheld when nothing comes', async () => {
    const proof = docket.pay(accountDestination, 700n, GENESIS + 300);
    expect(await docket.complain('g', deposit(proof))).equal('open');
    const id = idFor('0');
    expect(docket.authority.told).deep.equal([`g /guard/complained ${id}`]);
    const { line, about } = await docket.one(id);
    expect(line).deep.equal({
      ...{ case: id, kind: 'complaint', reporter: subscriber, accused: idOf('g'), interval: null, rail: 'ledger', amount: 700n },
      ...{ state: 'open', reason: null, filedAt: GENESIS + 520, answerBy: GENESIS + 560, appealBy: GENESIS + 620 },
      ...{ decidedAt: null, counts: false },
    });
    expect(about.kind).equal('complaint');
    await docket.authority.goTo(GENESIS + 640);
    expect(await checked(id)).deep.include({ outcome: 'upheld', reason: 'no-answer', at: GENESIS + 620 });
    // Standing, not the flag.
    expect(await docket.guards()).include('g');
    expect(await docket.record('g')).deep.include({ upheld: 1, late: 0, reporters: 0, place: 2 });
    expect((await docket.line(id)).counts).equal(false);
  });

  it('is one case for each thing complained of, in whatever words', async () => {
    const proof = docket.pay(accountDestination, 700n, GENESIS + 300);
    const at = docket.authority.clock.now();
    // The guard itself dated it after its time was over, and had not credited.
    const without = { account: docket.account('g', { at: GENESIS + 350 }) };
    const answers = await Promise.all([1, 2].map(() => docket.complain('g', { ...deposit(proof), ...without, at })));
    expect(answers).deep.equal(['open', 'open']);
    expect(await docket.complain('g', { ...deposit(proof), at: at + 1 })).equal('open');
    const credited = [{ payment: '0', amount: 700n, at: GENESIS + 310 }];
    const account = docket.account('g', { deposits: credited, deposited: 5700n, balance: 5700n, serial: 4n, at: GENESIS + 311 });
    expect(await docket.answer('g', idFor('0'), { kind: 'account', account })).equal('late');
    expect(await docket.complain('g', { ...deposit(proof), ...without, at })).equal('late');
    // Now it is another's word against an account that credits it.
    expect(await docket.complain('g', { ...deposit(proof), account, at })).equal('complaint-credited');
    expect((await docket.page()).cases).have.length(1);
    expect((await docket.one(idFor('0'))).changes).have.length(3);
  });

  it('is compared with those of before without reading them again: whoever asks has signed nothing yet', async () => {
    for (const id of ['aa', 'bb', 'cc']) expect(await docket.complain('g', asked(request(id)))).equal('open');
    const { clock, database } = docket.authority;
    const state = (await openBook({ clock, database }, networkId, testKey('authority'))).state();
    let read = 0;
    const watched = [...state.cases].map(([id, one]): [string, Case] => {
      if (one.kind !== 'complaint') return [id, one];
      const body = new Proxy(one.signed.body, { ownKeys: (of) => ((read += 1), Reflect.ownKeys(of)) });
      return [id, { ...one, signed: { ...one.signed, body } }];
    });
    const unsigned = { body: { ...watched[0]![1].signed.body, at: 1 } as Complaint, signature: '00'.repeat(64) };
    const again = () => acceptComplaint({ ...state, cases: new Map(watched) }, rails, unsigned, clock.now());
    expect(codeOf(again())).equal('complaint-signature');
    const first = read;
    for (let round = 0; round < 5; round += 1) expect(codeOf(again())).equal('complaint-signature');
    expect([first > 0, read]).deep.equal([true, first]);
  });

  it('of a withdrawal is answered by its payout, in time or late, before or after the verdict', async () => {
    const short = docket.account('g', { balance: 0n, withdrawn: 1000n, at: GENESIS + 401 });
    for (const id of ['aa', 'bb', 'cc']) {
      expect(await docket.complain('g', { ...asked(request(id)), account: short })).equal('open');
    }
    const id = (of: string) => idFor(of.repeat(16));
    expect(await docket.answer('g', id('aa'), payout(docket.pay(home, 1000n, GENESIS + 449)))).equal('dismissed');
    expect(await docket.answer('g', id('bb'), payout(docket.pay(home, 1000n, GENESIS + 450)))).equal('late');
    await docket.authority.goTo(GENESIS + 700);
    expect((await checked(id('cc'))).outcome).equal('upheld');
    expect(await docket.answer('g', id('cc'), payout(docket.pay(home, 1000n)))).equal('late');
    for (const one of ['aa', 'bb', 'cc']) await checked(id(one));
    expect(await docket.record('g')).deep.include({ upheld: 0, late: 2, refuted: 0 });
  });

  it('is answered by its payout although another guard has shown it as its own before', async () => {
    const proof = docket.pay(home, 1000n, GENESIS + 430);
    const elsewhere = withdrawal('h', 'ee', 1000n, GENESIS + 400);
    expect(await docket.complain('h', asked(elsewhere))).equal('open');
    expect(await docket.answer('h', idFor('ee'.repeat(16), 'h'), payout(proof))).equal('dismissed');
    expect(await docket.complain('g', asked(request('aa')))).equal('open');
    expect(await docket.answer('g', idFor('aa'.repeat(16)), payout(proof))).equal('dismissed');
    expect(await docket.record('g')).deep.include({ upheld: 0, late: 0 });
  });

  it('is not answered twice by one payout', async () => {
    for (const id of ['aa', 'bb']) expect(await docket.complain('g', asked(request(id)))).equal('open');
    const [first, second] = ['aa', 'bb'].map((id) => idFor(id.repeat(16))) as [string, string];
    const proof = docket.pay(home, 1000n, GENESIS + 430);
    expect(await docket.answer('g', first, payout(proof))).equal('dismissed');
    expect(await docket.answer('g', second, payout(proof))).equal('answer-evidence');
    // Nor as what used the balance up, for a withdrawal that it did not pay.
    const other = withdrawal('g', 'dd', 1000n, GENESIS + 400);
    const elsewhere = (of: Signed<SubscriberRequest>): AnswerEvidence => ({
      kind: 'withdrawals',
      withdrawals: [{ request: of, proof }],
      tallies: [tally('g', 0, 3500n)],
    });
    expect(await docket.answer('g', second, elsewhere(other))).equal('answer-evidence');
    expect(await docket.answer('g', second, elsewhere(request('aa')))).equal('dismissed');
    await checked(second);
  });

  it('is held against the payouts shown before without proving each of them again', async () => {
    for (const id of ['aa', 'bb', 'cc', 'dd']) expect(await docket.complain('g', asked(request(id)))).equal('open');
    for (const id of ['aa', 'bb', 'cc']) {
      expect(await docket.answer('g', idFor(id.repeat(16)), payout(docket.pay(home, 1000n, GENESIS + 430)))).equal('dismissed');
    }
    const { clock, database } = docket.authority;
    const state = (await openBook({ clock, database }, networkId, testKey('authority'))).state();
    const body = {
      case: idFor('dd'.repeat(16)),
      guard: idOf('g'),
      guardKey: 1,
      at: 1,
      evidence: payout(docket.pay(home, 1000n)),
    };
    const signed = bare(sign('answer', networkId, body, testKey('g guard')));
    let proven = 0;
    const counted = { ...rails, payment: (proof: PaymentProof) => ((proven += 1), rails.payment(proof)) };
    const again = () => codeOf(acceptAnswer(state, counted, signed, clock.now()));
    expect(again()).equal('ok');
    const first = proven;
    expect(again()).equal('ok');
    // Its own, once.
    expect([first, proven - first]).deep.equal([5, 1]);
  });

  it('is answered by tallies that used the balance up', async () => {
    expect(await docket.complain('g', asked(request('aa')))).equal('open');
    const id = idFor('aa'.repeat(16));
    const tallies = (amount: bigint): AnswerEvidence => ({ kind: 'tallies', tallies: [tally('g', 0, amount)] });
    expect(await docket.answer('g', id, tallies(4000n))).equal('answer-evidence');
    expect(await docket.answer('g', id, tallies(4001n))).equal('dismissed');
    expect((await checked(id)).reason).equal('tallies');
  });

  it('about a guard that has stopped being one is told to nobody', async () => {
    const { authority } = docket;
    const urls = { relay: 'http://g:1', settlement: 'http://g:1', guard: null };
    valueOf(await authority.publish('g', { published: GENESIS + 500, urls }));
    expect(await docket.complain('g', asked(request('aa')))).equal('open');
    await authority.goTo(GENESIS + 530);
    expect(authority.told).deep.equal([]);
  });

  it('is refused for the first fault in the order of the table', async () => {
    const seen: string[] = [];
    const expectCode = async (code: string, ...of: Parameters<Docket['complain']>) => {
      seen.push(code);
      expect(await docket.complain(...of)).equal(code);
    };
    const now = docket.authority.clock.now();
    const early = docket.pay(accountDestination, 700n, now - 49);
    const nothing = deposit(docket.pay(home, 700n, now - 49));
    const others = { account: docket.account('h') } satisfies Partial<Complaint>;
    await expectCode('complaint-unknown', 'stranger', { ...nothing, ...others }, 'nobody');
    await expectCode('complaint-signature', 'g', { ...nothing, ...others }, 'nobody');
    await expectCode('complaint-account', 'g', { ...nothing, ...others });
    await expectCode('complaint-evidence', 'g', nothing);
    const account = docket.account('g', { deposits: [{ payment: '0', amount: 700n, at: now }] });
    await expectCode('complaint-credited', 'g', { ...deposit(early), account });
    await expectCode('complaint-early', 'g', deposit(early));
    // The docket is filled in test/faults/bounds.spec.ts.
    expect(seen).deep.equal(Object.keys(complaintRefusals).filter((code) => code !== 'complaint-docket'));
    expect((await docket.page()).cases).deep.equal([]);
    expect((await docket.authority.entries()).some((entry) => entry.kind === 'complaint')).equal(false);
    await docket.authority.goTo(now + 1);
    expect(await docket.complain('g', deposit(early))).equal('open');
  });

  it('its answers too', async () => {
    expect(await docket.complain('g', asked(request('aa')))).equal('open');
    const id = idFor('aa'.repeat(16));
    const seen: string[] = [];
    const expectCode = async (code: string, ...of: Parameters<Docket['answer']>) => {
      seen.push(code);
      expect(await docket.answer(...of)).equal(code);
    };
    const wrong = payout(docket.pay(destinationOf('h'), 1n));
    await expectCode('answer-unknown', 'h', idFor('other'), wrong);
    await expectCode('answer-stranger', 'h', id, wrong, { guardKey: 9 });
    expect(await docket.answer('g', id, wrong, { guardKey: 9 })).equal('answer-signature');
    expect(await docket.answer('g', id, wrong)).equal('answer-evidence');
    expect(await docket.answer('g', id, payout(docket.pay(home, 1000n)))).equal('dismissed');
    await expectCode('answer-decided', 'g', id, wrong, { guardKey: 9 });
    expect([...seen, 'answer-signature', 'answer-evidence']).deep.equal(Object.keys(answerRefusals));
    // A contest is no complaint, and a complaint no contest.
    const { case: contest } = valueOf(await docket.file(await docket.contest('g', 'h')));
    expect(contest).equal(caseOf('g', 'h'));
    expect(await docket.answer('h', contest, wrong)).equal('answer-unknown');
  });
});
