/*
 * The docket through running roles: who is not paid contests, the debtor's defence, what false contests cost, and the Guard flag
 * that follows (design §6.9–6.12). G owes M 2500 and N 2500, M and N owe X 1500 each.
 */
import { expect } from 'chai';
import type { Contest } from '../../core/wire/contest.ts';
import { openDocket, type Docket } from './docket.ts';
import { openNetwork, type NetworkOptions, type TestNetwork } from './network.ts';

describe('journey: the docket', () => {
  let network: TestNetwork;
  let docket: Docket;
  afterEach(async () => network.stop());

  async function begin(relays: Partial<Record<'G' | 'M' | 'N' | 'X', object>> = {}, options: Partial<NetworkOptions> = {}) {
    network = await openNetwork({
      relays: [
        { name: 'G', guard: true, ...relays.G },
        { name: 'M', ...relays.M },
        { name: 'N', ...relays.N },
        { name: 'X', exit: true, ...relays.X },
      ],
      subscribers: { U: 10_000_000n },
      onDisk: true,
      ...options,
    });
    docket = openDocket(network);
    await network.subscribe('U', 'G', 1_000_000n);
  }
  async function carryBoth(): Promise<void> {
    await network.carry('U', ['G', 'M', 'X'], 1000n);
    await network.carry('U', ['G', 'N', 'X'], 1000n);
  }
  const unpaid = { payouts: 'manual' } as const;
  const end = (interval = 0) => {
    const { appealEnd } = network.schedule(interval);
    return appealEnd + network.parameters.consensusSec;
  };
  const states = async (name: string) => {
    const { statements } = await network.call<{ statements: { nickname: string; state: string }[] }>(
      ...([name, 'settlement', '/settlement/statements-list', { interval: 0 }] as const),
    );
    return statements.map((one) => `${one.nickname} ${one.state}`).sort();
  };
  async function expectAllExplained(): Promise<void> {
    const found = await network.differences();
    expect(
      Object.values(found).every((one) => one === 0n),
      JSON.stringify(Object.keys(found).map(String)),
    ).equal(true);
    expect(await network.surplus()).equal(0n);
  }

  describe('a guard that never pays', () => {
    it('loses its flag when two reporters count, and nobody more than its credit', async () => {
      await begin({ G: unpaid }, { parameters: { creditStartBytes: 4000n } });
      // Credit of 4000 bytes through a standard hop: what is carried above is certified to nobody.
      await network.carry('U', ['G', 'M', 'X'], 100_000n);
      await network.carry('U', ['G', 'N', 'X'], 1000n);
      const { paymentEnd } = network.schedule(0);
      await network.advance(paymentEnd);
      const filed = await docket.shown();
      expect(filed.length).equal(2);
      expect(filed.every((one) => one.endsWith('open'))).equal(true);
      for (const { amount } of await docket.page()) expect(amount <= 4000n).equal(true);
      expect(await docket.guards()).deep.equal(['G']);

      const { answerWindowSec, consensusSec } = network.parameters;
      await network.advance(paymentEnd + answerWindowSec + consensusSec);
      expect(await docket.guards()).deep.equal([]);
      await network.advance(end());
      expect((await docket.shown()).every((one) => one.endsWith('upheld'))).equal(true);
      expect(await docket.guards()).deep.equal([]);
      expect(await docket.record('G')).deep.include({ upheld: 2, late: 0, reporters: 2, place: 4 });
      // M and N owe X in full: the default stays beside the defaulter.
      expect((await network.paid(0)).map((one) => one.split(' ')[0])).deep.equal(['M→X', 'N→X']);
      await expectAllExplained();
    });

    it('keeps it while one reporter counts, and two of one family are one', async () => {
      await begin({ G: unpaid, M: { family: 'f' }, N: { family: 'f' } });
      await carryBoth();
      await network.advance(end());
      expect((await docket.shown()).sort()).deep.equal(['M contests G 2500: upheld', 'N contests G 2500: upheld']);
      expect(await docket.guards()).deep.equal(['G']);
      expect(await docket.record('G')).deep.include({ upheld: 2, reporters: 1 });
    });

    it('pays late by its operator’s word: the mark is lifted, and the flag is back', async () => {
      await begin({ G: unpaid });
      await carryBoth();
      await network.advance(end());
      expect(await docket.guards()).deep.equal([]);
      expect(await states('M')).deep.equal(['G contested', 'X receipted']);
      await network.call('G', 'settlement', '/settlement/payouts-approve', { all: true });
      await network.advance(network.clock.now() + 2 * network.parameters.consensusSec);
      expect((await docket.shown()).sort()).deep.equal(['M contests G 2500: late', 'N contests G 2500: late']);
      expect(await docket.guards()).deep.equal(['G']);
      expect(await docket.record('G')).deep.include({ upheld: 0, late: 2, reporters: 0 });
      expect(await network.paid(0)).deep.equal(['G→M 2500', 'G→N 2500', 'M→X 1500', 'N→X 1500']);
      expect(await network.received(0)).deep.equal(['G→M 2500', 'G→N 2500', 'M→X 1500', 'N→X 1500']);
      expect(await states('M')).deep.equal(['G receipted', 'X receipted']);
      await expectAllExplained();
    });
  });

  describe('a false contest', () => {
    /** As long as the accused leaves it to the contestant. */
    const pleaSec = () => Math.ceil(network.parameters.answerWindowSec / 3) + 1;
    const paid = async () => {
      await begin();
      await carryBoth();
      await network.advance(network.schedule(0).paymentEnd);
      expect(await network.received(0)).deep.equal(['G→M 2500', 'G→N 2500', 'M→X 1500', 'N→X 1500']);
    };

    it('is answered by itself; nothing changes but the reporter’s standing', async () => {
      await paid();
      const before = [await docket.guards(), await network.wallet('G'), await network.wallet('M')];
      const wrong = await docket.agreed('M', 'G');
      // Its own settlement would give the receipt, and withdraw it.
      await network.world.stopNode('M');
      expect(await docket.file(wrong)).equal('open');
      await network.advance(network.clock.now() + pleaSec());
      expect(await docket.shown()).deep.equal(['M contests G 2500: dismissed']);
      await network.world.startNode('M');
      await network.advance(network.clock.now() + network.parameters.consensusSec);
      expect([await docket.guards(), await network.wallet('G'), await network.wallet('M')]).deep.equal(before);
      expect(await docket.record('G')).deep.include({ upheld: 0, late: 0, refuted: 0, reporters: 0 });
      expect(await docket.record('M')).deep.include({ refuted: 1 });
      expect((await docket.order()).at(-1)).equal('M');
      // For an interval's length M contests nothing.
      await network.carry('U', ['G', 'M', 'X'], 10n);
      expect((await docket.one(docket.caseOf('M', 'G'))).verdict?.body.outcome).equal('dismissed');
    });

    it('bars its reporter for an interval’s length', async () => {
      await begin({ G: { exit: true } });
      await carryBoth();
      await network.carry('U', ['G', 'X'], 500n);
      await network.advance(network.schedule(0).paymentEnd);
      const [wrong, another] = [await docket.agreed('X', 'G'), await docket.agreed('X', 'M')];
      await network.world.stopNode('X');
      expect(await docket.file(wrong)).equal('open');
      await network.advance(network.clock.now() + pleaSec());
      expect((await docket.shown())[0]).match(/dismissed$/);
      expect(await docket.file(another)).equal('contest-barred');
      await network.world.startNode('X');
      await network.idle();
    });

    it('is withdrawn by a reporter that is shown its own receipt', async () => {
      await paid();
      expect(await docket.file(await docket.agreed('M', 'G'))).equal('open');
      await network.advance(network.clock.now() + pleaSec());
      expect(await docket.shown()).deep.equal(['M contests G 2500: withdrawn']);
      expect(await docket.record('M')).deep.include({ refuted: 0 });
      expect(await docket.record('G')).deep.include({ upheld: 0, late: 0 });
    });

    it('by hand: a receipt, a proof, another’s proof, too little, another place', async () => {
      await paid();
      const { settlement, receipt } = {
        settlement: await docket.settlementOf('G', 'M'),
        receipt: await docket.receiptOf('G', 'M'),
      };
      const [own, other] = [receipt.body.payment, (await docket.receiptOf('G', 'N')).body.payment];
      await network.world.stopNode('G');
      expect(await docket.file(await docket.agreed('M', 'G'))).equal('open');
      const id = docket.caseOf('M', 'G');
      const payment = async (name: string, changes = {}) => ({
        ...{ kind: 'payment' as const, proof: await docket.proofOf(name), settlement: null },
        ...changes,
      });
      expect(await docket.appeal('G', id, await payment(other))).equal('appeal-destination');
      expect(await docket.appeal('N', id, await payment(own))).equal('appeal-stranger');
      expect(await docket.appeal('M', id, await payment(own))).equal('appeal-stranger');
      const proof = await docket.proofOf(own);
      expect(await docket.appeal('G', id, await payment(own, { proof: { ...proof, proof: `${proof.proof} ` } }))).equal(
        'appeal-evidence',
      );
      expect(await docket.appeal('G', id, { kind: 'carried', settlement })).equal('appeal-owed');
      expect(
        await docket.appeal(
          'G',
          id,
          { kind: 'receipt', receipt: await docket.receiptOf('X', 'M').catch(() => receipt) },
          { case: '00'.repeat(32) },
        ),
      ).equal('appeal-unknown');
      expect(await docket.appeal('G', id, { kind: 'receipt', receipt })).equal('dismissed');
      expect(await docket.appeal('G', id, await payment(own))).equal('appeal-decided');
      await network.world.startNode('G');
      await network.idle();
    });

    it('by hand: the rail’s proof alone', async () => {
      await paid();
      const own = (await docket.receiptOf('G', 'M')).body.payment;
      await network.world.stopNode('G');
      await docket.file(await docket.agreed('M', 'G'));
      const evidence = { kind: 'payment' as const, proof: await docket.proofOf(own), settlement: null };
      expect(await docket.appeal('G', docket.caseOf('M', 'G'), evidence)).equal('dismissed');
      expect((await docket.one(docket.caseOf('M', 'G'))).line).deep.include({ state: 'dismissed', reason: 'payment' });
      await network.world.startNode('G');
      await network.idle();
    });

    it('shown too late ends as late, never as dismissed', async () => {
      await paid();
      const receipt = await docket.receiptOf('G', 'M');
      const [wrong, iou] = [await docket.agreed('M', 'G'), await docket.iouOf('G', 'M')];
      // Its own settlement would withdraw it.
      await network.world.stopNode('G');
      await network.world.stopNode('M');
      expect(await docket.file(wrong)).equal('open');
      await network.advance(end());
      expect(await docket.shown()).deep.equal(['M contests G 2500: upheld']);
      expect(await docket.appeal('G', docket.caseOf('M', 'G'), { kind: 'set-off', iou: iou! })).equal('appeal-late');
      expect(await docket.appeal('G', docket.caseOf('M', 'G'), { kind: 'receipt', receipt })).equal('late');
      await network.world.startNode('G');
      await network.world.startNode('M');
      await network.idle();
    });
  });

  describe('who, when, what', () => {
    it('before the window, after it, twice, a void pair, the debtor, a stranger', async () => {
      await begin({ G: unpaid, M: unpaid });
      await carryBoth();
      const { bst, paymentEnd, contestEnd } = network.schedule(0);
      await network.advance(bst);
      const right = await docket.agreed('N', 'G');
      expect(await docket.file(right)).equal('contest-early');
      await network.advance(paymentEnd - 1);
      const second = await docket.agreed('X', 'M');
      const stranger: Contest = { ...right, contestant: docket.id('X') };
      const debtor: Contest = { ...right, contestant: docket.id('G'), accused: docket.id('N') };
      await network.advance(paymentEnd);
      // The settlements have filed by themselves.
      expect((await docket.shown()).sort()).deep.equal([
        'M contests G 2500: open',
        'N contests G 2500: open',
        'X contests M 1500: open',
      ]);
      const filed = await docket.one(docket.caseOf('N', 'G'));
      expect(filed.about.kind === 'contest' && (await docket.send('/directory/contest', filed.about.signed))).equal('open');
      expect(await docket.file({ ...right, at: right.at + 5 })).equal('contest-void');
      expect(await docket.file({ ...second, at: second.at + 5 })).equal('contest-void');
      expect(await docket.file(stranger)).equal('contest-pair');
      expect(await docket.file(debtor)).oneOf(['contest-pair', 'contest-void']);
      expect((await docket.page()).length).equal(3);
      await network.advance(contestEnd);
      expect(await docket.file({ ...right, at: right.at + 6 })).equal('contest-late');
      expect((await docket.page()).length).equal(3);
    });

    it('over quota: the largest first, the rest has to lapse', async () => {
      await begin({ M: unpaid, N: unpaid }, { parameters: { reportsPerInterval: 1 } });
      await carryBoth();
      await network.advance(end());
      expect((await docket.shown()).length).equal(1);
      expect((await docket.page())[0]?.accused).oneOf([docket.id('M'), docket.id('N')]);
      expect((await states('X')).filter((one) => one.endsWith('contested')).length).equal(1);
    });

    it('policy guards: only who had Guard may contest', async () => {
      await begin({ G: unpaid }, { parameters: { contestants: 'guards' } });
      await carryBoth();
      await network.advance(end());
      expect(await docket.shown()).deep.equal([]);
      expect(await docket.guards()).deep.equal(['G']);
    });

    it('from both sides of one pair: the first voids it', async () => {
      await begin();
      await carryBoth();
      await network.advance(network.schedule(0).paymentEnd);
      expect(await docket.file(await docket.agreed('M', 'G'))).equal('open');
      const counter = await docket.claimed('G', 'M', {
        held: await docket.iouOf('M', 'G'),
        issued: await docket.iouOf('G', 'M'),
      });
      expect(await docket.file(counter)).equal('contest-void');
    });
  });

  it('an upgrade restart of three seconds costs no standing, whenever it comes', async () => {
    await begin();
    await carryBoth();
    const { cutOff, booksClose, bst, paymentEnd } = network.schedule(0);
    for (const at of [cutOff, booksClose, bst - 1, bst, paymentEnd - 3]) {
      await network.advance(at);
      await network.world.stopNode('G');
      await network.advance(at + 3);
      await network.world.startNode('G');
      await network.idle();
    }
    await network.advance(end());
    expect(await docket.shown()).deep.equal([]);
    expect(await docket.record('G')).deep.include({ upheld: 0, late: 0, refuted: 0, onTime: 1 });
    expect(await docket.guards()).deep.equal(['G']);
    expect(await network.received(0)).deep.equal(['G→M 2500', 'G→N 2500', 'M→X 1500', 'N→X 1500']);
  });

  it('the void is everywhere: in the consensus, in the relays’ books, in the settlements’', async () => {
    await begin({ G: unpaid });
    await carryBoth();
    const { paymentEnd, appealEnd } = network.schedule(0);
    await network.advance(paymentEnd + network.parameters.consensusSec);
    await network.world.authority.view.refresh();
    const [a, b] = [docket.id('G'), docket.id('M')].sort();
    const nullified = () => network.world.authority.view.consensus()?.body.nullified ?? [];
    expect(nullified()).deep.include({ a, b, interval: 0 });
    expect(await docket.iouOf('G', 'M')).equal(null);
    expect(await docket.iouOf('M', 'X')).not.equal(null);
    await network.advance(appealEnd + 2 * network.parameters.consensusSec);
    await network.world.authority.view.refresh();
    expect(nullified()).deep.equal([]);
  });

  it('a complaint about a guard that is away is upheld; when it is back it pays, answers, and the mark is late', async () => {
    await begin({}, { parameters: { withdrawWindowSec: 3600 } });
    const { consensusSec, withdrawWindowSec, appealWindowSec } = network.parameters;
    type Claims = { candidates: { kind: string; subject: string; amount: string; from: number }[] };
    const claims = async () => (await network.call<Claims>('U', 'client', '/client/claims', {})).candidates;
    await network.world.stopNode('G');
    await network.call('U', 'client', '/client/withdraw', { amount: 400_000n });
    const [claim] = await claims();
    expect(claim).deep.include({ kind: 'withdrawal', amount: '400000', from: network.clock.now() + withdrawWindowSec });
    await network.advance(claim!.from);
    const { kind, subject } = claim!;
    await network.call('U', 'client', '/client/complain', { kind, subject, confirm: true });
    await network.idle();
    const shown = async () => (await docket.page()).map((one) => `${one.kind} ${one.amount}: ${one.state}`);
    expect(await shown()).deep.equal(['complaint 400000: open']);
    await network.advance(network.clock.now() + appealWindowSec + consensusSec);
    expect(await shown()).deep.equal(['complaint 400000: upheld']);
    expect((await docket.order()).at(-1)).equal('G');
    const before = await network.wallet('U');
    await network.world.startNode('G');
    await network.advance(network.clock.now() + 2 * consensusSec);
    expect(await shown()).deep.equal(['complaint 400000: late']);
    expect(await network.wallet('U')).equal(before + 400_000n);
    expect(await docket.record('G')).deep.include({ upheld: 0, late: 1, reporters: 0 });
  });

  it('a set-off: what the contestant conceals of its own IOUs is taken off', async () => {
    await begin({ G: { exit: true, ...unpaid }, X: { guard: true } }, { subscribers: { U: 10_000_000n, V: 10_000_000n } });
    await network.subscribe('V', 'X', 1_000_000n);
    // G owes X 1500, and X owes G 600: X claims the whole.
    await network.carry('U', ['G', 'X'], 1000n);
    await network.carry('V', ['X', 'G'], 400n);
    const { paymentEnd } = network.schedule(0);
    await network.advance(paymentEnd - 1);
    const [held, iou] = [await docket.iouOf('G', 'X'), await docket.iouOf('X', 'G')];
    const body = await docket.claimed('X', 'G', { held, amount: 1500n, at: paymentEnd });
    for (const name of ['X', 'G']) await network.world.stopNode(name);
    await network.advance(paymentEnd);
    expect(await docket.file({ ...body, amount: 1499n })).equal('contest-amount');
    expect(await docket.file(body)).equal('open');
    const id = docket.caseOf('X', 'G');
    expect(await docket.appeal('G', id, { kind: 'set-off', iou: held! })).equal('appeal-pair');
    expect(await docket.appeal('G', id, { kind: 'set-off', iou: iou! })).equal('answered');
    expect(await docket.shown()).deep.equal(['X contests G 900: answered']);
    await network.advance(end());
    expect(await docket.shown()).deep.equal(['X contests G 900: upheld']);
    for (const name of ['X', 'G']) await network.world.startNode(name);
    await network.idle();
  });
});
