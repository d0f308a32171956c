import { expect } from 'chai';
import { sign, verify } from '../../core/crypto/sign.ts';
import { replay } from '../../core/rule/replay.ts';
import { appealRefusals, type AppealEvidence } from '../../core/wire/contest.ts';
import { VERDICT_BYTES_MAX } from '../../core/limits.ts';
import type { PaymentProof } from '../../core/wire/settlement.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { signedVerdict, type DocketChange } from '../../core/wire/verdict.ts';
import { verdictDigest } from '../../directory/log/entry.ts';
import { openRails, railRules } from '../../rail/rails.ts';
import { networkId, testKey } from '../harness/view.ts';
import { GENESIS, network } from './given.ts';
import { caseOf, codeOf, destinationOf, freshOf, givenDocket, idOf, stateOf, valueOf, type Docket } from './filed.ts';

const rails = railRules(openRails({ http: undefined as never, network }));
const NAMES = ['a', 'b', 'c', 'd'];

describe('directory/appeal', () => {
  let docket: Docket;
  const given = async (...of: Partial<Parameters<typeof givenDocket>>): Promise<Docket> => {
    docket = await givenDocket(of[0] ?? NAMES, of[1], of[2]);
    return docket;
  };
  afterEach(() => docket.authority.close());

  const contested = async (by: string, against: string, bytes = 1000n): Promise<string> =>
    valueOf(await docket.file(await docket.contest(by, against, bytes))).case;
  const paid = (proof: PaymentProof): AppealEvidence => ({ kind: 'payment', proof, settlement: null });
  const receipted = (at: number, by = 'a', against = 'b'): AppealEvidence => ({
    kind: 'receipt',
    receipt: docket.receipt(by, against, { at }),
  });
  const whats = (changes: readonly DocketChange[]) => changes.map(({ what, state, reason }) => [what, state, reason]);
  /** Every verdict anywhere in these tests is one that anybody checks again. */
  const checked = async (id: string) => {
    const signed = await docket.verdict(id);
    const read = decode(encode(signed), signedVerdict, VERDICT_BYTES_MAX);
    expect(read.ok && verify('verdict', networkId, read.value, network.authorities[0]!.key)).not.equal(null);
    const { checks, ended } = replay(networkId, signed.body, rails);
    expect(checks.filter((one) => !one.holds)).deep.equal([]);
    expect(ended?.state).equal(signed.body.outcome);
    return signed;
  };

  it('ends a contest paid in time as dismissed, with the verdict at once and in the same moment of the log', async () => {
    await given();
    const id = await contested('a', 'b');
    await docket.authority.goTo(GENESIS + 530);
    const proof = docket.pay(freshOf('a'), 1000n, GENESIS + 519);
    expect(valueOf(await docket.appeal('b', id, paid(proof)))).deep.equal({ case: id, state: 'dismissed' });
    const { body } = await checked(id);
    expect([body.outcome, body.reason, body.at, body.filedAt]).deep.equal(['dismissed', 'payment', GENESIS + 530, GENESIS + 520]);
    expect(body.terms).deep.equal(await docket.terms());
    const one = await docket.one(id);
    expect(one.verdict?.body).deep.equal(body);
    expect(one.line).deep.include({ state: 'dismissed', reason: 'payment', decidedAt: GENESIS + 530 });
    expect(whats(one.changes)).deep.equal([
      ['filed', 'open', null],
      ['answered', 'dismissed', 'payment'],
      ['decided', 'dismissed', 'payment'],
    ]);
    const entries = await docket.authority.entries();
    const last = entries[Number(one.changes.at(-1)!.id)]!;
    expect(last.kind === 'verdict' && last.digest).equal(verdictDigest(one.verdict!));
    const rows = await docket.authority.database.transaction((tx) => tx.all('SELECT position FROM directory_verdict'));
    expect(rows.map((row) => BigInt(row['position'] as number))).deep.equal([one.changes.at(-1)!.id]);
    expect(one.changes.map((change) => entries[Number(change.id)]!.kind)).deep.equal(['contest', 'appeal', 'verdict']);
  });

  it('is late when the rail says that it was paid at the end of the payment window, or after', async () => {
    await given();
    const [first, second] = [await contested('a', 'b'), await contested('a', 'c')];
    expect(stateOf(await docket.appeal('b', first, paid(docket.pay(freshOf('a'), 1000n, GENESIS + 520))))).equal('late');
    expect(stateOf(await docket.appeal('c', second, receipted(GENESIS + 519, 'a', 'c')))).equal('dismissed');
    expect((await checked(first)).body.outcome).equal('late');
    await checked(second);
  });

  it('ends by itself at the end of its appeal window, and a late payment then has a verdict of its own', async () => {
    await given();
    const id = await contested('a', 'b');
    await docket.authority.goTo(GENESIS + 619);
    expect((await docket.line(id)).state).equal('open');
    await docket.authority.goTo(GENESIS + 620);
    expect((await docket.line(id)).state).equal('upheld');
    const first = await checked(id);
    expect([first.body.outcome, first.body.reason, first.body.at]).deep.equal(['upheld', 'no-answer', GENESIS + 620]);
    await docket.authority.goTo(GENESIS + 5000);
    expect(stateOf(await docket.appeal('b', id, paid(docket.pay(freshOf('a'), 1000n))))).equal('late');
    const second = await checked(id);
    expect([second.body.outcome, second.body.reason, second.body.at]).deep.equal(['late', 'payment', GENESIS + 5000]);
    expect(whats((await docket.one(id)).changes).map(([what, state]) => `${what} ${state}`)).deep.equal([
      'filed open',
      'decided upheld',
      'answered late',
      'decided late',
    ]);
  });

  it('is decided after a restart, when the end of the window passed meanwhile', async () => {
    await given();
    const [id, other] = [await contested('a', 'b'), await contested('b', 'c')];
    await docket.authority.role.stop();
    docket.authority.clock.advance(GENESIS + 700);
    await docket.authority.restart();
    await docket.authority.settle();
    for (const one of [id, other]) {
      expect((await docket.line(one)).state).equal('upheld');
      expect((await checked(one)).body.at).equal(GENESIS + 700);
    }
    const before = (await docket.authority.entries()).length;
    await docket.authority.restart();
    await docket.authority.settle();
    const added = (await docket.authority.entries()).slice(before);
    expect(added.filter((entry) => entry.kind === 'verdict')).deep.equal([]);
  });

  it('is withdrawn by its contestant with a receipt, and late where that was paid late', async () => {
    await given();
    const [first, second] = [await contested('a', 'b'), await contested('a', 'c')];
    expect(stateOf(await docket.appeal('a', first, receipted(GENESIS + 500)))).equal('withdrawn');
    expect(stateOf(await docket.appeal('a', second, receipted(GENESIS + 521, 'a', 'c')))).equal('late');
    expect((await checked(first)).body.reason).equal('withdrawn');
    expect((await checked(second)).body).deep.include({ outcome: 'late', reason: 'withdrawn' });
  });

  it('is lowered by set-offs, open until the rest is shown', async () => {
    await given();
    const id = await contested('a', 'b');
    const setOff = async (bytes: bigint, serial: bigint) =>
      docket.appeal('b', id, { kind: 'set-off', iou: await docket.iou('a', 'b', bytes, { serial }) });
    expect(stateOf(await setOff(300n, 5n))).equal('answered');
    expect((await docket.line(id)).amount).equal(700n);
    expect(codeOf(await setOff(200n, 6n))).equal('appeal-set-off');
    expect(codeOf(await setOff(400n, 5n))).equal('appeal-set-off');
    expect(stateOf(await setOff(400n, 7n))).equal('answered');
    const { line } = await docket.one(id);
    expect([line.amount, line.reason, line.decidedAt]).deep.equal([600n, null, null]);
    expect(codeOf(await docket.appeal('b', id, paid(docket.pay(freshOf('a'), 599n))))).equal('appeal-amount');
    expect(stateOf(await docket.appeal('b', id, paid(docket.pay(freshOf('a'), 600n, GENESIS + 500))))).equal('dismissed');
    expect((await checked(id)).body.about).deep.include({ kind: 'contest' });
  });

  it('is answered the same again, in whatever state the case is since', async () => {
    await given();
    const id = await contested('a', 'b');
    const first: AppealEvidence = { kind: 'set-off', iou: await docket.iou('a', 'b', 300n, { serial: 5n }) };
    const at = docket.authority.clock.now();
    expect(stateOf(await docket.appeal('b', id, first, { at }))).equal('answered');
    const answers = await Promise.all([1, 2, 3].map(() => docket.appeal('b', id, receipted(GENESIS + 500), { at })));
    expect(answers.map(stateOf)).deep.equal(['dismissed', 'dismissed', 'dismissed']);
    expect(stateOf(await docket.appeal('b', id, first, { at }))).equal('dismissed');
    expect((await docket.one(id)).changes).have.length(4);
  });

  it('takes what was paid to the fallback in force at the settlement time, unless a fresh destination lay there', async () => {
    await given(NAMES, { contestWindowSec: 200 });
    const { authority } = docket;
    await authority.goTo(GENESIS + 540);
    const fallback = destinationOf('a', 3);
    valueOf(await authority.publish('a', { published: GENESIS + 500, rails: [{ rail: 'ledger', fallback }] }));
    const id = await contested('a', 'b');
    const place = rails.fallback('ledger', destinationOf('a'), id)!;
    expect(codeOf(await docket.appeal('b', id, paid(docket.pay(destinationOf('a'), 1000n))))).equal('appeal-destination');
    expect(stateOf(await docket.appeal('b', id, paid(docket.pay(place, 1000n, GENESIS + 470))))).equal('dismissed');
    await checked(id);
  });

  it('takes a payment once, whoever shows it; the creditor’s own word on whose it is counts all the same', async () => {
    await given();
    const [first, second, third] = [await contested('a', 'b'), await contested('a', 'c'), await contested('a', 'd')];
    const proof = docket.pay(freshOf('a'), 1000n, GENESIS + 519);
    expect(stateOf(await docket.appeal('b', first, paid(proof)))).equal('dismissed');
    expect(codeOf(await docket.appeal('c', second, paid(proof)))).equal('appeal-shown');
    // The same again is answered the same; and so it is by an authority that was restarted.
    expect(stateOf(await docket.appeal('b', first, paid(proof)))).equal('dismissed');
    await docket.authority.restart();
    expect(codeOf(await docket.appeal('c', second, paid(proof)))).equal('appeal-shown');
    expect(stateOf(await docket.appeal('c', second, paid(docket.pay(freshOf('a'), 1000n, GENESIS + 519))))).equal('dismissed');
    // Of a receipt the contestant has said which debt its payment was.
    expect(stateOf(await docket.appeal('d', third, receipted(GENESIS + 519, 'a', 'd')))).equal('dismissed');
    for (const id of [first, second, third]) await checked(id);
  });

  it('is refused for the first fault in the order of the table', async () => {
    await given();
    const { authority } = docket;
    const seen: string[] = [];
    const expectCode = async (code: string, ...of: Parameters<Docket['appeal']>) => {
      seen.push(code);
      expect(codeOf(await docket.appeal(...of))).equal(code);
    };
    const [id, ended] = [await contested('a', 'b'), await contested('b', 'c')];
    valueOf(await docket.appeal('c', ended, receipted(GENESIS + 500, 'b', 'c')));
    const [upheld, other] = [await contested('a', 'd'), await contested('a', 'c')];
    const receipt = receipted(GENESIS + 500);
    await expectCode('appeal-unknown', 'b', caseOf('c', 'd'), receipt);
    await expectCode('appeal-stranger', 'c', id, receipt, { fromKey: 9 });
    const set = (await docket.iou('a', 'd', 1n)) as never;
    expect(codeOf(await docket.appeal('a', id, { kind: 'set-off', iou: set }))).equal('appeal-stranger');
    await expectCode('appeal-decided', 'c', ended, receipted(GENESIS + 501, 'b', 'c'), { fromKey: 9 });
    await authority.goTo(GENESIS + 619);
    const carried = await docket.agreed('a', 'b', 1000n);
    await expectCode('appeal-signature', 'b', id, { kind: 'carried', settlement: carried }, { fromKey: 9 });
    await expectCode('appeal-pair', 'b', id, receipted(GENESIS + 500, 'a', 'c'));
    const forged = { ...docket.receipt('a', 'b'), signature: '00'.repeat(64) };
    await expectCode('appeal-evidence', 'b', id, { kind: 'receipt', receipt: forged });
    await expectCode('appeal-destination', 'b', id, paid(docket.pay(freshOf('c'), 1000n)));
    await expectCode('appeal-owed', 'b', id, { kind: 'carried', settlement: carried });
    await expectCode('appeal-set-off', 'b', id, { kind: 'set-off', iou: await docket.iou('a', 'b', 0n) });
    await expectCode('appeal-amount', 'b', id, paid(docket.pay(freshOf('a'), 999n)));
    const shown = paid(docket.pay(freshOf('a'), 1000n, GENESIS + 519));
    expect(stateOf(await docket.appeal('c', other, shown))).equal('dismissed');
    await expectCode('appeal-shown', 'b', id, shown);
    await authority.goTo(GENESIS + 620);
    const late: AppealEvidence = { kind: 'set-off', iou: await docket.iou('a', 'd', 1000n, { serial: 9n }) };
    await expectCode('appeal-late', 'd', upheld, late, { fromKey: 9 });
    expect((await docket.line(id)).state).equal('upheld');
    seen.push(await paidToFallbackWithLetter());
    expect(seen.sort()).deep.equal(Object.keys(appealRefusals).sort());
  });

  /** Interval 1: c leaves a letter for d before the settlement time, and d pays to the fallback all the same. */
  async function paidToFallbackWithLetter(): Promise<string> {
    const { authority } = docket;
    await authority.goTo(GENESIS + 850);
    const letter = { from: idOf('c'), key: 1, to: idOf('d'), id: caseOf('c', 'd', 1), sealed: 'b25l', expires: GENESIS + 980 };
    valueOf(await authority.call('/directory/mailbox', sign('letter', networkId, letter, testKey('c settlement'))));
    await authority.goTo(GENESIS + 920);
    const { case: id } = valueOf(await docket.file(await docket.contest('c', 'd', 5n, { interval: 1 })));
    const place = rails.fallback('ledger', destinationOf('c'), id)!;
    return codeOf(await docket.appeal('d', id, paid(docket.pay(place, 5n, GENESIS + 870))));
  }
});
