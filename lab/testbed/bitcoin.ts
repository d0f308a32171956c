/*
 * `ptg testbed bitcoin`: a whole network that is paid in Bitcoin, beside a bitcoind of its own. Four relays, three subscribers, two
 * intervals: deposits mined and credited, traffic, settlement, receipts; in the second interval one relay's bitcoind is away, so that it
 * contests what it was paid, and the chain's proof dismisses that. Options in; what was settled, and whether it adds up, out.
 */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import type { Network } from '../../core/wire/network.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { drivenClock, systemClock, type DrivenClock } from '../../host/clock.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { createLog } from '../../host/log.ts';
import { btcOf } from '../../rail/bitcoin/amount.ts';
import { BITCOIN } from '../../rail/bitcoin/payment.ts';
import { advanceTo } from '../drive.ts';
import { callLocal, readAccounts, readIous, sum, type IouLine } from '../report.ts';
import { createWorld, type World } from '../world.ts';
import {
  readBooks,
  readChain,
  readContested,
  readReceipted,
  type Books,
  type Contested,
  type OnChain,
  type Paid,
} from './bitcoin-books.ts';
import {
  ACCUSED,
  bitcoinParameters,
  bitcoinRules,
  BLOCK_SEC,
  circuitPlans,
  CONTESTANT,
  CONTESTED,
  relayPlans,
  subscriberPlans,
  type PlannedCircuit,
} from './bitcoin-plan.ts';
import { findBitcoind, startBitcoind, type Bitcoind } from './bitcoind.ts';
import { openDoor, type Door } from './door.ts';
import { createStages, type Stages, type TestbedOptions, type TestbedOutcome } from './stages.ts';

export interface Deposited {
  readonly subscriber: string;
  readonly guard: string;
  readonly destination: string;
  readonly txid: string;
  readonly paid: bigint;
  /** By the guard, signed. */
  readonly credited: bigint;
  readonly spent: bigint;
  readonly balance: bigint;
}

export interface BitcoinOutcome extends TestbedOutcome {
  readonly network: Network;
  readonly deposits: readonly Deposited[];
  readonly intervals: readonly { readonly ious: readonly IouLine[] }[];
  readonly payments: readonly Paid[];
  readonly transactions: readonly OnChain[];
  readonly contests: readonly Contested[];
  readonly wallets: readonly Books[];
}

export const bitcoinTestbedRefusals = {
  'testbed-bitcoind': {
    retry: false,
    text: 'there is no bitcoind on this machine that the testbed could start',
    remedy: 'run sh bin/bitcoind.sh in the project’s folder, which installs one into .bitcoind; or name one by PTG_BITCOIND',
  },
} as const;
const refuse = refuser(bitcoinTestbedRefusals);

export function refuseBitcoind(): Result<never> {
  return refuse('testbed-bitcoind', process.env['PTG_BITCOIND'] ?? '.bitcoind/bin/bitcoind');
}

/** Everything that a stage uses. */
interface Running {
  readonly stages: Stages;
  readonly node: Bitcoind;
  readonly door: Door;
  readonly world: World;
  readonly parameters: Parameters;
  readonly clock: DrivenClock;
}

export async function runBitcoinTestbed(
  options: TestbedOptions,
  hold: (outcome: BitcoinOutcome) => Promise<void>,
): Promise<Result<BitcoinOutcome>> {
  const program = findBitcoind(process.env);
  if (program === null) return refuseBitcoind();
  const stages = createStages(options);
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const clock = drivenClock(beginning());
    const node = await stages.run('bitcoind starts', async () => {
      const started = await startBitcoind(program, join(options.home, 'bitcoind'), ['-txindex=1', '-blockfilterindex=1']);
      closing.push(() => started.close());
      await started.ask('setmocktime', clock.now());
      return started;
    });
    const door = await openDoor(node.port);
    closing.push(() => door.close());
    const parameters = { ...bitcoinParameters, genesis: clock.now() + LEAD_SEC };
    const world = await stages.run(
      'the nodes start',
      () => openWorld(options, { node, door, parameters, clock, closing }),
      (made) => `${made.relays.size} relays, ${made.subscribers.size} subscribers, a directory`,
    );
    const running: Running = { stages, node, door, world, parameters, clock };
    const outcome = await play(running);
    const up = options.once ? null : stayUp(running);
    await hold(outcome).finally(() => up?.stop());
    return ok(outcome);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** Before the first interval: in some consensuses the relays come to know each other. */
const LEAD_SEC = 4 * bitcoinParameters.consensusSec;

/** The testbed's clock goes as fast as its nodes can; it begins so far back that it ends before the present, which it then joins. */
function beginning(): number {
  const { appealEnd } = scheduleOf({ ...bitcoinParameters, genesis: 0 }, CONTESTED);
  return systemClock().now() - LEAD_SEC - appealEnd - 60;
}

interface Parts {
  readonly node: Bitcoind;
  readonly door: Door;
  readonly parameters: Parameters;
  readonly clock: DrivenClock;
  readonly closing: (() => Promise<unknown>)[];
}

async function openWorld({ home }: TestbedOptions, { node, door, parameters, clock, closing }: Parts): Promise<World> {
  const entropy = systemEntropy();
  const file = createWriteStream(join(home, 'log'), { flags: 'a' });
  closing.push(() => new Promise((resolve) => file.end(resolve)));
  const world = await createWorld({
    ...{ home, inMemory: false, parameters, relays: relayPlans, clock },
    networkId: `bitcoin-${Buffer.from(entropy.bytes(4)).toString('hex')}`,
    subscribers: subscriberPlans.map(({ name }) => ({ name, purse: 0n })),
    entropy: () => entropy,
    log: (name) => createLog({ clock, write: (line) => void file.write(`${name} ${line}`) }),
    bitcoin: {
      rules: bitcoinRules,
      of: (relay) => ({
        ...{ url: relay === CONTESTANT ? door.url : node.url, cookie: node.cookie, wallet: 'hot' },
        ...{ birthday: clock.now(), feerateFallback: 5, gapLimit: 100 },
      }),
    },
  });
  closing.push(() => world.stop());
  return world;
}

async function play(running: Running): Promise<BitcoinOutcome> {
  const { stages, parameters, world } = running;
  await stages.run('a consensus names them', () => mineUntil(running, parameters.genesis - parameters.consensusSec + 1));
  const accounts = await stages.run(
    'subscribers deposit',
    () => depositAll(running),
    (made) => `${made.length} payments in the mempool`,
  );
  await stages.run(
    'deposits are mined and credited',
    () => untilCredited(running),
    (credited) => `${credited} satoshi`,
  );
  const ious: IouLine[][] = [];
  for (const [interval, circuits] of circuitPlans.entries()) {
    const at = scheduleOf(parameters, interval);
    const isContested = interval === CONTESTED;
    await stages.run(
      `interval ${interval}: traffic`,
      async () => {
        await mineUntil(running, at.start + 1);
        return carryAll(world, circuits);
      },
      (bytes) => `${circuits.length} circuits, ${bytes} bytes`,
    );
    await stages.run(
      `interval ${interval}: books are closed, statements exchanged`,
      async () => {
        await mineUntil(running, at.booksClose + 1);
        ious[interval] = await readIous(world, interval, BITCOIN);
        await mineUntil(running, at.bst - 1);
      },
      () => `${ious[interval]?.length ?? 0} IOUs`,
    );
    if (isContested) running.door.shut();
    await stages.run(
      `interval ${interval}: payouts and receipts`,
      () => mineUntil(running, at.paymentEnd - 1),
      () => (isContested ? `the bitcoind of ${CONTESTANT} is away` : ''),
    );
    if (isContested) await contest(running);
  }
  return stages.run('the books are read', () => settled(running, accounts, ious));
}

/** The clock goes on from block to block. */
async function mineUntil({ stages, clock, node, world }: Running, until: number): Promise<void> {
  while (clock.now() < until) {
    stages.unlessEnded('mining');
    const to = Math.min(until, clock.now() + BLOCK_SEC);
    await advanceTo(clock, to, world.nodes);
    await node.ask('setmocktime', to);
    await node.mine(1);
  }
}

type Account = Pick<Deposited, 'subscriber' | 'guard' | 'destination' | 'txid' | 'paid'>;
const subscribed = z.object({ account: z.object({ destination: z.string() }) });

/** Each to the address of its own that its guard signed; paid from a wallet that is none of ours. */
async function depositAll({ world, node }: Running): Promise<Account[]> {
  const made: Account[] = [];
  for (const { name, guard, deposit } of subscriberPlans) {
    const client = world.subscribers.get(name)?.node;
    invariant(client !== undefined, `${name} runs`);
    const said = { guard: world.relayId(guard), rail: BITCOIN };
    const { account } = await callLocal(client, 'client', '/client/subscribe', said, subscribed);
    const txid = await node.pay(account.destination, btcOf(deposit));
    made.push({ subscriber: name, guard, destination: account.destination, txid, paid: deposit });
  }
  return made;
}

/** In the consensuses before the first interval. */
async function untilCredited(running: Running): Promise<bigint> {
  const { clock, parameters, world } = running;
  await mineUntil(running, Math.min(parameters.genesis, clock.now() + (bitcoinRules.confirmations + 1) * BLOCK_SEC));
  // Asking for the account has its guard look at the chain.
  const held = await readAccounts(world);
  return sum([...held.values()].flat().map(({ account }) => account.deposited));
}

async function carryAll(world: World, circuits: readonly PlannedCircuit[]): Promise<bigint> {
  let carried = 0n;
  for (const { subscriber, path, bytes } of circuits) {
    const key = world.subscribers.get(subscriber)?.key;
    invariant(key !== undefined, `${subscriber} runs`);
    const circuit = await world.source.open({ subscriber: key, path: path.map(world.relayId), leavesTor: true });
    if (circuit === null) continue;
    carried += await circuit.carry(bytes);
    circuit.close();
  }
  return carried;
}

/** Who was paid and does not see it files; the accused shows the chain; then the contestant's bitcoind comes back. */
async function contest(running: Running): Promise<void> {
  const { stages, parameters, world, door } = running;
  const { paymentEnd, contestEnd } = scheduleOf(parameters, CONTESTED);
  await stages.run(
    `${CONTESTANT} contests what it was paid, ${ACCUSED} appeals`,
    () => mineUntil(running, Math.min(contestEnd, paymentEnd + parameters.answerWindowSec)),
    () => 'filed by itself, answered with the payment’s proof',
  );
  door.open();
  await stages.run('the contestant’s bitcoind is back', () => mineUntil(running, contestEnd + parameters.consensusSec));
  await world.authority.view.refresh();
}

async function settled(running: Running, accounts: readonly Account[], ious: readonly IouLine[][]): Promise<BitcoinOutcome> {
  const { stages, world, node } = running;
  const held = await readAccounts(world);
  const deposits = accounts.map((one) => {
    const own = (held.get(one.subscriber) ?? []).map(({ account }) => account);
    const sumOf = (what: 'deposited' | 'spent' | 'balance'): bigint => sum(own.map((account) => account[what]));
    return { ...one, credited: sumOf('deposited'), spent: sumOf('spent'), balance: sumOf('balance') };
  });
  const contests = await readContested(world);
  const receipted = await readReceipted(world);
  // A contestant that sees its payment later signs for it all the same.
  const signed = new Set(receipted.map((one) => one.payment));
  const proven = contests.flatMap(({ payment }) => (payment === null || signed.has(payment.payment) ? [] : [payment]));
  const payments = [...receipted, ...proven].sort((a, b) => a.interval - b.interval);
  const { amounts, transactions } = await readChain(node, payments);
  const wallets = await readBooks(world);
  const shown = { deposits, contests, payments, transactions, wallets };
  checkAll(stages, shown, amounts);
  const intervals = ious.map((lines) => ({ ious: lines }));
  return { ...shown, intervals, network: world.network, stages: stages.stages, checks: stages.checks };
}

type Shown = Pick<BitcoinOutcome, 'deposits' | 'contests' | 'payments' | 'transactions' | 'wallets'>;

/** Each sum by two ways that do not know of each other: signed objects, the relays' books, the chain. */
function checkAll(stages: Stages, shown: Shown, amounts: ReadonlyMap<string, bigint>): void {
  const { deposits, contests, payments, transactions, wallets } = shown;
  const [one] = contests;
  const deposited = sum(deposits.map((one) => one.paid));
  stages.check('paid by subscribers, credited by guards', deposited, sum(deposits.map((one) => one.credited)));
  stages.check('credited, spent and left', deposited, sum(deposits.map((one) => one.spent + one.balance)));
  const paid = sum(payments.map((one) => one.amount));
  stages.check('paid by the books of who pays, and by the receipts', sum(wallets.map((one) => one.settlementsPaid)), paid);
  stages.check('by the receipts, and on the chain', paid, sum(payments.map((one) => amounts.get(one.payment) ?? 0n)));
  stages.check('and by the proofs, checked without a node', paid, sum(payments.map((one) => one.proven)));
  stages.check(
    'fees in the books, and on the chain',
    sum(wallets.map((one) => one.fees)),
    sum(transactions.map((one) => one.fee)),
  );
  stages.check('contests', 1, contests.length);
  stages.check('what it claims, and what its answer proves', one?.claimed ?? 0n, one?.payment?.proven ?? -1n);
  stages.check(`${CONTESTANT} against ${ACCUSED}`, 'dismissed by payment', `${one?.verdict ?? ''} by ${one?.answeredBy ?? ''}`);
  for (const { name, expected, balance } of wallets) stages.check(`wallet of ${name}: by its books, and held`, expected, balance);
  const held = sum(wallets.map((wallet) => wallet.balance + wallet.fees));
  stages.check('deposits, and all that the wallets hold with their fees', deposited, held);
}

/** Seconds of the machine's clock between circuits, each of so many bytes. */
const CIRCUIT_SEC = 3;
const CIRCUIT_BYTES = 16n * 2n ** 20n;

/** By the machine's own clock, with a block now and then and a circuit for each subscriber in turn, for who tries commands. */
function stayUp({ clock, node, world }: Running): { stop(): Promise<void> } {
  const circuits = circuitPlans[0] ?? [];
  const system = systemClock();
  let [seconds, isStopped] = [0, false];
  let last: Promise<unknown> = Promise.resolve();
  const step = async (): Promise<void> => {
    const now = system.now();
    if (isStopped || now <= clock.now()) return;
    clock.advance(now);
    seconds += 1;
    const next = circuits[Math.floor(seconds / CIRCUIT_SEC) % circuits.length];
    if (seconds % CIRCUIT_SEC === 0 && next !== undefined) await carryAll(world, [{ ...next, bytes: CIRCUIT_BYTES }]);
    if (seconds % BLOCK_SEC !== 0) return;
    await node.ask('setmocktime', now);
    await node.mine(1);
  };
  const undo = system.onWake(() => {
    last = last.then(step);
  });
  return {
    async stop() {
      isStopped = true;
      undo();
      await last;
    },
  };
}
