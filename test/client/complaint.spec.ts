/*
 * `ptg complain` against a real guard and a real authority: what there is to complain of, what it says before it files, that it files
 * once and until it is taken, and what becomes of it.
 */
import { expect } from 'chai';
import type { Result } from '../../core/refusal.ts';
import type { Shown } from '../../client/account/flow.ts';
import type { CandidateShown, CaseShown, Disclosed } from '../../client/complaint/flow.ts';
import type { WithdrawalRow } from '../../client/withdraw/store.ts';
import { docketPage } from '../../core/wire/verdict.ts';
import { AUTHORITY, idOf, makeWorld, type ClientRun, type GuardRun, type World } from '../guard/world.ts';

const WINDOW = 3000;
type Filed = { disclosed: Disclosed; filed: CaseShown | null };

describe('client, complaining', () => {
  let world: World;
  let alice: ClientRun;
  let guard: GuardRun;

  beforeEach(async () => {
    world = await makeWorld({ withdrawWindowSec: WINDOW, answerWindowSec: 3000, appealWindowSec: 40_000 });
    guard = await world.startGuard();
    alice = await world.startClient();
    await world.startAuthority();
    await value(alice.call('subscribe', { guard: 'G' }));
    await world.idle();
  });
  afterEach(() => world.stop());

  async function value<T>(answer: Promise<Result<never>>): Promise<T> {
    const result: Result<T> = await answer;
    if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.about}`);
    return result.value;
  }
  const code = async (answer: Promise<Result<never>>): Promise<string | null> => {
    const result: Result<unknown> = await answer;
    return result.ok ? null : result.refusal.code;
  };
  const wait = (seconds = WINDOW) => world.advance(world.clock.now() + seconds);
  const claims = async () => (await value<{ candidates: CandidateShown[] }>(alice.call('claims'))).candidates;
  const complain = (kind: string, subject: string, confirm: boolean) => alice.call('complain', { kind, subject, confirm });
  const cases = async () => (await value<{ cases: CaseShown[] }>(alice.call('complaints'))).cases;
  const listed = async () => {
    const page = await world.http.get(`http://${AUTHORITY}/directory/docket`, docketPage);
    return page.ok ? page.value.cases : [];
  };
  const destination = async () => (await value<{ accounts: Shown[] }>(alice.call('balance'))).accounts[0]!.account.destination;
  /** To the account’s destination, where the guard’s watched wallet does not show it. */
  const unseen = async (amount: bigint): Promise<string> => {
    const payment = world.rail.put(await destination(), amount, 1, world.clock.now());
    Object.assign(world.rail.payments.at(-1)!, { wallet: 'elsewhere' });
    return payment;
  };

  it('finds a payment of anybody that is not credited, says what becomes public, and files only then', async () => {
    await value(alice.call('deposit', { amount: 500n }));
    const payment = await unseen(700n);
    const [claim, ...none] = await claims();
    expect(none).to.deep.equal([]);
    expect(claim).to.deep.include({ kind: 'deposit', subject: payment, amount: 700n, nickname: 'G', guard: idOf('G') });
    expect(claim!.from - claim!.since).to.equal(WINDOW);
    expect(await code(complain('deposit', payment, true))).to.equal('complaint-early');
    expect(await code(complain('deposit', 'p99', true))).to.equal('client-no-claim');
    expect(await code(complain('withdrawal', payment, true))).to.equal('client-no-claim');
    await wait();
    const { disclosed, filed } = await value<Filed>(complain('deposit', payment, false));
    expect(filed).to.equal(null);
    expect(disclosed).to.deep.include({
      subscriber: alice.key,
      subject: payment,
      amount: 700n,
      destination: await destination(),
    });
    expect(disclosed.account.body).to.deep.include({ deposited: 500n, balance: 500n });
    expect([await listed(), await cases()]).to.deep.equal([[], []]);

    world.kill('G');
    const done = await value<Filed>(complain('deposit', payment, true));
    expect(done.filed?.authorities).to.deep.include.members([
      {
        ...{ authority: 'auth', filing: 'filed', code: null },
        line: { state: 'open', reason: null, appealBy: world.clock.now() + 40_000, decidedAt: null },
      },
    ]);
    expect((await listed()).map((one) => [one.case, one.amount])).to.deep.equal([[done.filed?.case, 700n]]);
    // Again, and later, it is the same one.
    await wait(10);
    await value(complain('deposit', payment, true));
    expect((await listed()).length).to.equal(1);

    guard = await world.startGuard('G', {}, guard.database);
    await wait();
    const [mine] = await cases();
    expect([mine?.authorities[0]?.line?.state, mine?.authorities[0]?.line?.reason]).to.deep.equal(['dismissed', 'account']);
    expect(await claims()).to.deep.equal([]);
    expect(await code(complain('deposit', payment, true))).to.equal('client-no-claim');
  });

  it('complains of a withdrawal to a guard that never answered, with the request as it was signed first', async () => {
    await value(alice.call('deposit', { amount: 500n }));
    await destination();
    world.kill('G');
    const asked = await value<WithdrawalRow>(alice.call('withdraw', { amount: 400n }));
    const since = world.clock.now();
    await wait();
    expect(await claims()).to.deep.include.members([
      {
        ...{ kind: 'withdrawal', subject: asked.id, guard: idOf('G'), nickname: 'G', rail: 'ledger', amount: 400n },
        ...{ destination: asked.destination, since, from: since + WINDOW },
      },
    ]);
    const { filed } = await value<Filed>(complain('withdrawal', asked.id, true));
    expect(filed?.authorities[0]?.line?.state).to.equal('open');
    guard = await world.startGuard('G', {}, guard.database);
    await world.idle();
    world.settlement.pay(asked.id, world.rail.put(asked.destination, 400n, 1, world.clock.now()));
    await wait();
    expect((await cases())[0]?.authorities[0]?.line).to.deep.include({ state: 'dismissed', reason: 'payout' });
    const { withdrawals } = await value<{ withdrawals: WithdrawalRow[] }>(alice.call('withdrawals'));
    expect(withdrawals[0]?.state).to.equal('paid');
  });

  it('complains of one that the guard took and does not pay, under the account that shows it', async () => {
    await value(alice.call('deposit', { amount: 500n }));
    const asked = await value<WithdrawalRow>(alice.call('withdraw', { amount: 400n }));
    await wait();
    const { disclosed, filed } = await value<Filed>(complain('withdrawal', asked.id, true));
    expect(disclosed.account.body).to.deep.include({ withdrawn: 400n, balance: 100n });
    world.kill('G');
    await wait(45_000);
    expect((await cases())[0]?.authorities[0]?.line).to.deep.include({ state: 'upheld', reason: 'no-answer' });
    expect(filed).not.to.equal(null);
  });

  it('is sent again until an authority answers, through a restart, as it was signed', async () => {
    const payment = await unseen(700n);
    await wait();
    const authority = world.roles.get(AUTHORITY)!;
    world.roles.delete(AUTHORITY);
    expect(await code(complain('deposit', payment, true))).to.equal('client-not-filed');
    expect((await cases())[0]?.authorities).to.deep.equal([{ authority: 'auth', filing: 'sending', code: null, line: null }]);
    const signed = async () => (await alice.database.transaction((tx) => tx.all('SELECT complaint FROM client_complaint')))[0];
    const text = await signed();
    await wait(100);
    expect(await code(complain('deposit', payment, true))).to.equal('client-not-filed');
    world.kill('alice');
    world.roles.set(AUTHORITY, authority);
    world.kill('G');
    alice = await world.startClient('alice', alice.database);
    await wait();
    expect(await signed()).to.deep.equal(text);
    expect((await cases())[0]?.authorities[0]).to.deep.include({ filing: 'filed' });
    expect((await listed()).length).to.equal(1);
    expect(alice.role.nextDue()).to.equal(null);
  });
});
