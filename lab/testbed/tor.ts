/*
 * `ptg testbed tor`: a private Tor network, a node beside each of its relays, two subscribers who download through Tor and a user who
 * pays nobody. The circuits' cells become IOUs, the interval is settled, one guard does not pay, loses the Guard flag in Tor's own
 * consensus, pays late and has it back. Options in; what was carried and paid, and whether it adds up, out.
 */
import { reached, type Flags, type Running, type TorOutcome } from './tor-outcome.ts';
import { contactLines, LEAD_SEC, openWorld } from './tor-open.ts';
import { billAll, connectAll, depositAll, downloadAll } from './tor-use.ts';
import { checkAll, issuedFor, readPayments, withIous } from './tor-books.ts';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { intervalAt, scheduleOf } from '../../core/rule/interval.ts';
import { systemClock } from '../../host/clock.ts';
import type { Clock } from '../../host/ports.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { callLocal, readContests, readGuardFlags, readIous, sum, type Contested } from '../report.ts';
import { CELL_BYTES } from '../../tor/meter.ts';
import { countHttpBytes } from './http-bytes.ts';
import { createStages, type TestbedOptions } from './stages.ts';
import { findBitcoind } from './bitcoind.ts';
import { refuseBitcoind } from './bitcoin.ts';
import { bitcoinMoney, ledgerMoney, type TestbedMoney } from './tor-money.ts';
import { openAuditor } from './tor-cells.ts';
import { DEFAULTER, FREE_USER, MIB, relayPlans, subscriberPlans, torName, torParameters } from './tor-plan.ts';
import { serveFiles } from './tor/download.ts';
import { prepareTorNetwork, type TorClient, type TorNetwork } from './tor/network.ts';
import { torPrograms } from './tor/process.ts';

export const torTestbedRefusals = {
  'testbed-tor': {
    retry: false,
    text: 'there is no tor on this machine that the testbed could start',
    remedy: 'run bash bin/tor.sh in the project’s folder: it gets Debian’s tor, and starts no service',
  },
} as const;
const refuse = refuser(torTestbedRefusals);

export async function runTorTestbed(
  options: TestbedOptions,
  hold: (outcome: TorOutcome) => Promise<void>,
): Promise<Result<TorOutcome>> {
  return runPaidIn(options, hold, async () => ledgerMoney);
}

/** `ptg testbed all`: the same, paid in Bitcoin. */
export async function runWholeTestbed(
  options: TestbedOptions,
  hold: (outcome: TorOutcome) => Promise<void>,
): Promise<Result<TorOutcome>> {
  const program = findBitcoind(process.env);
  if (program === null) return refuseBitcoind();
  return runPaidIn(options, hold, (clock) => bitcoinMoney(program, options.home, clock));
}

async function runPaidIn(
  options: TestbedOptions,
  hold: (outcome: TorOutcome) => Promise<void>,
  openMoney: (clock: Clock) => Promise<TestbedMoney>,
): Promise<Result<TorOutcome>> {
  const programs = torPrograms();
  if (programs === null) return refuse('testbed-tor', 'tor, tor-gencert');
  const stages = createStages(options);
  const closing: (() => Promise<unknown>)[] = [];
  const [clock, entropy] = [systemClock(), systemEntropy()];
  try {
    const folder = join(options.home, 'tor');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const plan = relayPlans.map(({ name, exit, guard }) => ({ name: torName(name), exit, isFirst: guard }));
    const prepared = await stages.run('the keys of Tor’s relays are made', () => prepareTorNetwork(programs, folder, plan));
    closing.push(() => prepared.stop());
    const contacts = await contactLines(options.home, entropy);
    const tor = await stages.run(
      'Tor: authorities, guards, middles and exits',
      () => prepared.start((name) => contacts.get(name) ?? []),
      () => `${prepared.names.length} relays in Tor’s consensus`,
    );
    const files = await serveFiles(tor.exitPort);
    closing.push(() => files.close());
    const users = new Map<string, TorClient>();
    for (const name of [...subscriberPlans.map((one) => one.name), FREE_USER]) {
      // Where `ptg connect` has the user's tor keep what it knows.
      users.set(name, await tor.addClient(torName(name), join(options.home, name, 'tor')));
    }
    const http = countHttpBytes();
    closing.push(async () => http.close());
    const money = await openMoney(clock);
    closing.push(() => money.close());
    const { prices: rails, paymentWindowSec } = money;
    const parameters = { ...torParameters, rails, paymentWindowSec, genesis: clock.now() + LEAD_SEC };
    const world = await stages.run(
      'the nodes start',
      () => openWorld({ options, money, prepared, users, parameters, clock, entropy, closing }),
      (made) => `one beside each of ${made.relays.size} relays, a directory, ${made.subscribers.size} subscribers`,
    );
    const auditor = openAuditor(
      relayPlans.map(({ name }) => ({
        ...{ name, tor: tor.node(torName(name)) },
        hasSession: (address) => (world.relays.get(name)?.guardEnd?.connectionOf(address) ?? null) !== null,
      })),
      clock,
      entropy,
    );
    closing.push(() => auditor.close());
    const outcome = await play({
      stages,
      tor,
      world,
      auditor,
      http,
      parameters,
      clock,
      users,
      money,
      home: options.home,
      closing,
    });
    await hold(outcome);
    return ok(outcome);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

async function play(running: Running): Promise<TorOutcome> {
  const { stages, tor, world, auditor, http, parameters, clock, money } = running;
  const guards = relayPlans.filter((one) => one.guard).map((one) => one.name);
  await stages.run('the directory gives the guards their flag', () =>
    stages.awaited('the Guard flag', 60, async () => (guards.every((one) => readGuardFlags(world).includes(one)) ? true : null)),
  );
  await money.fund(world, stages);
  await stages.run(
    'subscribers subscribe and deposit',
    () => depositAll(running),
    (deposited) => `${deposited} credited`,
  );
  const flags: Flags[] = [await flagsNow(running, 'before')];
  const first = scheduleOf(parameters, 0);
  await stages.run('the interval begins', () => reached(running, first.start));
  const overhead = { messages: http.of(isPayment), traffic: 0n };
  const connections = await stages.run('their tors connect through paidguard', () => connectAll(running));
  const downloads = await stages.run(
    'downloads through SOCKS, with a checksum',
    () => downloadAll(running),
    (done) => done.map((one) => `${one.user} ${one.bytes / MIB} MiB in ${one.seconds} s`).join(', '),
  );
  const signed = await stages.run(
    'guard and subscriber sign what was used',
    () => billAll(running, connections, downloads),
    (bills) => bills.map((one) => `${one.subscriber} ${one.signed}`).join(', '),
  );
  const last = intervalAt(parameters, clock.now());
  const at = scheduleOf(parameters, last);
  await stages.run('the interval is closed', () => reached(running, at.booksClose + 1));
  const ious = (await Promise.all([...Array(last + 1).keys()].map((interval) => readIous(world, interval, money.rail)))).flat();
  const cells = auditor.paid(parameters.startingBytes).map((line) => withIous(line, ious));
  const links = auditor.links();
  await stages.run('payments at the settlement time', () => reached(running, at.paymentEnd));
  overhead.messages = http.of(isPayment) - overhead.messages;
  overhead.traffic = sum([...cells.map((one) => one.cells * CELL_BYTES), ...signed.map((one) => one.carried)]);
  await stages.run(
    `${DEFAULTER} did not pay, is contested and loses the Guard flag`,
    () =>
      stages.awaited('a consensus without its flag', 60, async () => (readGuardFlags(world).includes(DEFAULTER) ? null : true)),
    () => 'in the directory’s consensus',
  );
  await stages.run(
    'and in Tor’s own consensus',
    () => stages.awaited('MiddleOnly in Tor’s consensus', 90, () => whenFlagged(tor, (all) => all.includes('MiddleOnly'))),
    (all) => all.join(' '),
  );
  flags.push(await flagsNow(running, 'denied'));
  const contests = await stages.run(
    `${DEFAULTER} pays late`,
    () => payLate(running),
    (all) => all.map((one) => `${one.contestant}: ${one.state}`).join(', '),
  );
  await stages.run(
    'and has its Guard flag back in Tor’s own consensus',
    () => stages.awaited('Guard in Tor’s consensus', 90, () => whenFlagged(tor, (all) => all.includes('Guard'))),
    (all) => all.join(' '),
  );
  flags.push(await flagsNow(running, 'cleared'));
  const bills = signed.map((one) => ({
    ...one,
    iouBytes: issuedFor(one.guard, ious),
  }));
  const payments = await readPayments(world);
  const outcome = { downloads, bills, cells, links, payments, contests, flags, overhead };
  await checkAll(running, outcome, ious);
  return { ...outcome, network: world.network, stages: stages.stages, checks: stages.checks };
}

/** Between relays, between subscriber and guard, and what proves a payment; not the consensus, which free relays need as well. */
function isPayment(path: string): boolean {
  return /^\/(relay|settlement|guard|ledger)\//.test(path);
}

async function whenFlagged(tor: TorNetwork, holds: (flags: readonly string[]) => boolean): Promise<readonly string[] | null> {
  const flags = await tor.flagsOf(torName(DEFAULTER));
  return holds(flags) ? flags : null;
}

async function flagsNow({ world, tor }: Running, at: Flags['at']): Promise<Flags> {
  return { at, guards: readGuardFlags(world), tor: await tor.flagsOf(torName(DEFAULTER)) };
}

const payouts = z.object({ payouts: z.array(z.object({ id: z.string(), state: z.string() }).loose()) });

/** As its operator by `ptg payouts approve`; what is paid is proven at the docket, and each case ends. */
async function payLate({ stages, world }: Running): Promise<readonly Contested[]> {
  const node = world.relays.get(DEFAULTER);
  invariant(node !== undefined, `${DEFAULTER} runs`);
  const due = await callLocal(node, 'settlement', '/settlement/payouts', {}, payouts);
  const ids = due.payouts.filter(({ state }) => state === 'manual' || state === 'lapsed').map((one) => one.id);
  await callLocal(node, 'settlement', '/settlement/payouts-approve', { ids }, z.unknown());
  return stages.awaited('the verdicts', 90, async () => {
    const contests = await readContests(world);
    const isOver = contests.length > 0 && contests.every((one) => one.state === 'late' || one.state === 'dismissed');
    return isOver ? contests : null;
  });
}
