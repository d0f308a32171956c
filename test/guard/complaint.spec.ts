/*
 * Complaints of subscribers (rule 15) from the docket to its verdict: a real guard and a real authority, and subscribers who are right,
 * wrong, or lie. What the guard owes it credits and pays; what is so it shows; nothing else is shown to anybody.
 */
import { expect } from 'chai';
import { bare, countersign, sign, verify, type Signed } from '../../core/crypto/sign.ts';
import { complaintId, type Complaint } from '../../core/wire/complaint.ts';
import type { Account, SubscriberRequest } from '../../core/wire/guard.ts';
import { docketAnswer, docketCase, type DocketCase } from '../../core/wire/verdict.ts';
import { networkId, testKey } from '../harness/view.ts';
import { AUTHORITY, idOf, makeWorld, type GuardRun, type World } from './world.ts';

const WINDOW = 3000;
const HOME = 'alice.0123abcd';
const docket = `http://${AUTHORITY}/directory`;

describe('guard, complained of', () => {
  let world: World;
  let guard: GuardRun;

  async function make(settings: Parameters<World['startGuard']>[1] = {}): Promise<void> {
    world = await makeWorld({ withdrawWindowSec: WINDOW, answerWindowSec: 3000, appealWindowSec: 40_000 });
    guard = await world.startGuard('G', settings);
    await world.startAuthority();
    await world.idle();
  }
  afterEach(() => world.stop());

  const account = async (name = 'alice'): Promise<Signed<Account>> => {
    const answer = await world.ask(name, { kind: 'account' });
    if (!answer.ok) throw new Error(answer.refusal.code);
    return answer.value.account;
  };
  const subscribe = async (name = 'alice'): Promise<Signed<Account>> => {
    const answer = await world.ask(name, { kind: 'subscribe', rail: 'ledger' });
    if (!answer.ok) throw new Error(answer.refusal.code);
    return answer.value.account;
  };
  const wait = (seconds = WINDOW) => world.advance(world.clock.now() + seconds);
  const complaintOf = (about: Complaint['about'], shown: Signed<Account>, signer = 'alice'): Signed<Complaint> => {
    const body = { subscriber: testKey('alice').publicKey, guard: idOf('G'), account: bare(shown), about, at: world.clock.now() };
    return bare(sign('complaint', networkId, body, testKey(signer)));
  };
  const file = (complaint: Signed<Complaint>) => world.http.post(`${docket}/complaint`, complaint, docketAnswer);
  const filed = async (complaint: Signed<Complaint>): Promise<string> => {
    const answer = await file(complaint);
    if (!answer.ok) throw new Error(`${answer.refusal.code}: ${answer.refusal.about}`);
    await world.idle();
    return answer.value.case;
  };
  const shown = async (id: string): Promise<DocketCase> => {
    const answer = await world.http.get(`${docket}/docket/case/${id}`, docketCase);
    if (!answer.ok) throw new Error(answer.refusal.code);
    return answer.value;
  };
  const stateOf = async (id: string) => {
    const { line } = await shown(id);
    return [line.state, line.reason];
  };
  const withdrawal = (amount: bigint, destination = HOME): Signed<SubscriberRequest> =>
    bare(world.requestOf('alice', { kind: 'withdraw', amount, destination }));
  const deposit = (payment: string): Complaint['about'] => ({ kind: 'deposit', proof: { rail: 'ledger', proof: payment } });
  const rows = async () => Number((await guard.database.transaction((tx) => tx.all('SELECT id FROM guard_case'))).length);

  it('credits a deposit that it had not seen, and shows the account', async () => {
    await make();
    const before = await subscribe();
    const payment = world.rail.put(before.body.destination, 700n, 1, world.clock.now());
    // The wallet that it watches does not show it: only the destination's history does.
    Object.assign(world.rail.payments.at(-1)!, { wallet: 'elsewhere' });
    await wait();
    expect((await account()).body.deposited).to.equal(0n);
    const id = await filed(complaintOf(deposit(payment), before));
    expect(id).to.equal(complaintId(networkId, idOf('G'), testKey('alice').publicKey, payment));
    expect(await stateOf(id)).to.deep.equal(['dismissed', 'account']);
    expect((await account()).body).to.deep.include({ deposited: 700n, balance: 700n });
    // Credited once, whoever sees it next.
    Object.assign(world.rail.payments.at(-1)!, { wallet: 'guard' });
    await guard.database.transaction((tx) => tx.run("UPDATE guard_watch SET place = ''"));
    expect((await account()).body.deposited).to.equal(700n);
    expect(await rows()).to.equal(0);
  });

  it('answers nothing while the deposit is not confirmed, and then by itself', async () => {
    await make({ confirmations: { ledger: 3 } });
    const before = await subscribe();
    const payment = world.rail.put(before.body.destination, 700n, 1, world.clock.now());
    await wait();
    const id = await filed(complaintOf(deposit(payment), before));
    await wait();
    expect(await stateOf(id)).to.deep.equal(['open', null]);
    expect(await rows()).to.equal(1);
    world.rail.confirm(payment, 3);
    await wait();
    expect(await stateOf(id)).to.deep.equal(['dismissed', 'account']);
    expect(await rows()).to.equal(0);
  });

  it('is late where it had signed, when its time was over, that it does not credit it', async () => {
    await make();
    const before = await subscribe();
    const payment = world.rail.put(before.body.destination, 700n, 1, world.clock.now());
    Object.assign(world.rail.payments.at(-1)!, { wallet: 'elsewhere' });
    await wait();
    world.rail.put(before.body.destination, 1n, 1, world.clock.now());
    const later = await account();
    expect(later.body.deposited).to.equal(1n);
    const id = await filed(complaintOf(deposit(payment), later));
    expect(await stateOf(id)).to.deep.equal(['late', 'account']);
  });

  it('shows what it credited long ago, though its account names newer deposits alone', async () => {
    await make();
    const before = await subscribe();
    const payment = world.rail.put(before.body.destination, 700n, 1, world.clock.now());
    await account();
    for (let count = 0; count < 105; count += 1) world.rail.put(before.body.destination, 1n, 1, world.clock.now() + 1 + count);
    await wait();
    const newest = await account();
    expect(newest.body.deposits.map((one) => one.payment)).not.to.include(payment);
    const id = await filed(complaintOf(deposit(payment), before));
    expect(await stateOf(id)).to.deep.equal(['dismissed', 'account']);
  });

  it('proves the payout of a withdrawal that it was asked for, once it is paid', async () => {
    await make();
    world.rail.put((await subscribe()).body.destination, 700n);
    await account();
    const request = withdrawal(600n);
    expect((await world.ask('alice', request.body.ask, { id: request.body.id, at: request.body.at })).ok).to.equal(true);
    const taken = await account();
    expect(taken.body).to.deep.include({ withdrawn: 600n, balance: 100n });
    await wait();
    const id = await filed(complaintOf({ kind: 'withdrawal', request }, taken));
    expect(await stateOf(id)).to.deep.equal(['open', null]);
    world.settlement.pay(request.body.id, world.rail.put(HOME, 600n, 1, world.clock.now()));
    await wait();
    // The guard had taken it, and paid after its time.
    expect(await stateOf(id)).to.deep.equal(['late', 'payout']);
    expect(await rows()).to.equal(0);
  });

  it('pays a withdrawal of which it hears by the complaint alone, once', async () => {
    await make();
    world.rail.put((await subscribe()).body.destination, 700n);
    const before = await account();
    const request = withdrawal(600n);
    await wait();
    const id = await filed(complaintOf({ kind: 'withdrawal', request }, before));
    expect(world.settlement.orders.get(request.body.id)).to.deep.include({ amount: '600', destination: HOME });
    world.settlement.pay(request.body.id, world.rail.put(HOME, 600n, 1, world.clock.now()));
    await wait(2000);
    expect(await stateOf(id)).to.deep.equal(['dismissed', 'payout']);
    expect((await account()).body).to.deep.include({ withdrawn: 600n, balance: 100n });
    expect(world.settlement.orders.size).to.equal(1);
  });

  it('shows the tallies that used the balance up since', async () => {
    await make();
    world.rail.put((await subscribe()).body.destination, 700n);
    const before = await account();
    const request = withdrawal(600n);
    await world.carry('alice', 2n ** 28n);
    const used = (await account()).body;
    expect(used.balance < 600n).to.equal(true);
    const told = await world.ask('alice', { kind: 'tally', interval: 0 });
    const tally = told.ok ? told.value.tally! : null;
    const key = testKey('G guard').publicKey;
    const both = countersign('tally', networkId, verify('tally', networkId, tally!, key)!, testKey('alice'));
    await wait();
    const id = await filed(complaintOf({ kind: 'withdrawal', request }, before));
    // Its own word alone is none.
    expect(await stateOf(id)).to.deep.equal(['open', null]);
    await world.ask('alice', { kind: 'sign-tally', tally: both });
    await wait();
    expect(await stateOf(id)).to.deep.equal(['dismissed', 'tallies']);
    expect(world.settlement.orders.size).to.equal(0);
  });

  it('shows other withdrawals that used the balance up since', async () => {
    await make();
    world.rail.put((await subscribe()).body.destination, 700n);
    const before = await account();
    const first = withdrawal(600n);
    await world.ask('alice', first.body.ask, { id: first.body.id });
    await world.idle();
    world.settlement.pay(first.body.id, world.rail.put(HOME, 600n, 1, world.clock.now()));
    await wait();
    const second = withdrawal(500n);
    expect((await world.ask('alice', second.body.ask, { id: second.body.id })).ok).to.equal(false);
    await wait();
    // With an account from before both.
    const id = await filed(complaintOf({ kind: 'withdrawal', request: second }, before));
    expect(await stateOf(id)).to.deep.equal(['dismissed', 'withdrawals']);
  });

  it('shows no more withdrawals than it takes', async () => {
    await make();
    world.rail.put((await subscribe()).body.destination, 700n);
    const before = await account();
    for (const amount of [100n, 400n, 50n]) {
      const other = withdrawal(amount);
      expect((await world.ask('alice', other.body.ask, { id: other.body.id, at: other.body.at })).ok).to.equal(true);
      await world.idle();
      world.settlement.pay(other.body.id, world.rail.put(HOME, amount, 1, world.clock.now()));
      await wait();
    }
    const last = withdrawal(301n);
    await wait();
    const id = await filed(complaintOf({ kind: 'withdrawal', request: last }, before));
    const { about } = await shown(id);
    const evidence = about.kind === 'complaint' ? about.answers.map(({ signed }) => signed.body.evidence) : [];
    expect(
      evidence.map((one) => one.kind === 'withdrawals' && one.withdrawals.map(({ request }) => request.body.ask)),
    ).to.deep.equal([[{ kind: 'withdraw', amount: 400n, destination: HOME }]]);
  });

  it('says nothing of an account where the subscriber has not complained', async () => {
    await make();
    const before = await subscribe();
    const payment = world.rail.put(before.body.destination, 700n, 1, world.clock.now());
    await wait();
    const about = deposit(payment);
    expect(await file(complaintOf(about, before, 'mallory'))).to.deep.include({ ok: false });
    const id = await filed(complaintOf(about, before));
    const genuine = await shown(id);
    // An authority that shows what nobody signed, and one that shows another guard's case.
    const posted: string[] = [];
    const { get, post } = world.http;
    const forged = complaintOf(about, before, 'mallory');
    const lie = (changes: object, signed: Signed<Complaint>) => {
      const line = { ...genuine.line, case: 'ee'.repeat(32), state: 'open', reason: null, decidedAt: null, ...changes };
      const lied = { ...genuine, line, changes: [], verdict: null, about: { kind: 'complaint', signed, answers: [] } };
      Object.assign(world.http, {
        get: async (url: string, ...rest: [never]) =>
          url.includes('/docket/case/') ? { ok: true, value: lied } : get(url, ...rest),
        post: async (url: string, ...rest: [never, never]) => {
          if (url.endsWith('/directory/answer')) posted.push(url);
          return post(url, ...rest);
        },
      });
    };
    const tell = async () => {
      const answer = await guard.role.endpoints
        .find((one) => one.path === '/guard/complained')
        ?.answer({ case: 'ee'.repeat(32) } as never, { kind: 'public' });
      await world.idle();
      return answer?.ok;
    };
    lie({}, forged);
    expect(await tell()).to.equal(true);
    lie({ accused: idOf('H') }, genuine.about.kind === 'complaint' ? genuine.about.signed : forged);
    expect(await tell()).to.equal(true);
    expect(posted).to.deep.equal([]);
    // It can fail: the same with what the subscriber signed.
    lie({}, genuine.about.kind === 'complaint' ? genuine.about.signed : forged);
    await tell();
    expect(posted.length).to.equal(1);
    Object.assign(world.http, { get, post });
  });

  it('forgets a notice of a case that no authority has', async () => {
    await make();
    await subscribe();
    const endpoint = guard.role.endpoints.find((one) => one.path === '/guard/complained');
    await endpoint?.answer({ case: 'ab'.repeat(32) } as never, { kind: 'public' });
    expect(await rows()).to.equal(1);
    await world.idle();
    expect(await rows()).to.equal(0);
  });

  it('answers after a crash, without a notice, and while the authority was down', async () => {
    await make();
    const before = await subscribe();
    const payment = world.rail.put(before.body.destination, 700n, 1, world.clock.now());
    await wait();
    world.kill('G');
    const id = await filed(complaintOf(deposit(payment), before));
    const authority = world.roles.get(AUTHORITY)!;
    // Only to be found by asking; the notice waits elsewhere.
    world.roles.delete(AUTHORITY);
    guard = await world.startGuard('G', {}, guard.database);
    await world.idle();
    expect(await rows()).to.equal(0);
    world.roles.set(AUTHORITY, authority);
    expect(await stateOf(id)).to.deep.equal(['open', null]);
    world.kill('G');
    guard = await world.startGuard('G', {}, guard.database);
    await world.idle();
    expect(await stateOf(id)).to.deep.equal(['dismissed', 'account']);
  });

  it('hears of its case though strangers have sent as many notices as it keeps', async () => {
    await make();
    const before = await subscribe();
    const payment = world.rail.put(before.body.destination, 700n, 1, world.clock.now());
    await wait();
    world.kill('G');
    const id = await filed(complaintOf(deposit(payment), before));
    const authority = world.roles.get(AUTHORITY)!;
    world.roles.delete(AUTHORITY);
    guard = await world.startGuard('G', {}, guard.database);
    await world.idle();
    const endpoint = guard.role.endpoints.find((one) => one.path === '/guard/complained');
    const tell = (of: number) => endpoint?.answer({ case: of.toString(16).padStart(64, '0') } as never, { kind: 'public' });
    for (let of = 0; of < 1000; of += 1) await tell(of);
    expect(await rows()).to.equal(1000);
    world.roles.set(AUTHORITY, authority);
    await tell(0);
    await world.idle();
    expect(await stateOf(id)).to.deep.equal(['dismissed', 'account']);
    expect(await rows()).to.equal(0);
  });

  it('still pays withdrawals when it has lost its flag', async () => {
    await make();
    world.rail.put((await subscribe()).body.destination, 700n);
    const entry = world.view.entry(idOf('G'))!;
    Object.assign(entry, { flags: ['Running', 'Valid'] });
    const request = withdrawal(600n);
    const asked = await world.ask('alice', request.body.ask, { id: request.body.id });
    expect(asked.ok && asked.value.withdrawal?.state).to.equal('accepted');
    await world.idle();
    expect(world.settlement.orders.get(request.body.id)).to.deep.include({ amount: '600' });
  });
});
