/*
 * The journeys of the matrix: who is in each network, how it comes to the journey's beginning, the journey, and what follows it. What
 * people do in them is in person.ts. Read by point.ts, snapshot.ts and matrix.ts.
 */
import { defaultParameters, type Parameters } from '../../core/wire/parameters.ts';
import { authorityName, type RelayPlan } from '../../lab/world.ts';
import type { Network } from './network.ts';
import { steps } from './bounds.ts';
import { approveDebtTo, balance, carry, deposit, subscribe, subscriber, withdraw } from './person.ts';

export interface Journey {
  readonly name: string;
  readonly relays: readonly RelayPlan[];
  readonly purse: bigint;
  readonly parameters: Parameters;
  /** Who may die, by its part in the journey; and its node. */
  readonly parts: Readonly<Record<string, string>>;
  /** From the network's first consensus to the journey's beginning. */
  prepare(network: Network): Promise<void>;
  /** Here the points are counted. */
  run(network: Network): Promise<void>;
  /** What shows that all is well; nobody dies any more. */
  finish(network: Network): Promise<void>;
}

export const EPOCH = 1_600_000_000;
const hour = 3600;
const opening = 10n ** 9n;

const parameters: Parameters = {
  ...defaultParameters,
  ...{
    genesis: EPOCH + 4 * hour,
    consensusSec: hour,
    intervalSec: 6 * hour,
    iouTickSec: hour,
    graceSec: 600,
    bstOffsetSec: 1800,
  },
  ...{ paymentWindowSec: hour, contestWindowSec: hour, answerWindowSec: hour / 2, appealWindowSec: hour, startingBytes: 1000n },
  ...{ creditStartBytes: 2n ** 40n, exitRatio: [3n, 2n], rails: { ledger: { price: 2n ** 30n, quantum: 1n, dust: 0n } } },
};

function relay(name: string, given: Partial<RelayPlan> = {}): RelayPlan {
  const guard = given.guard ?? false;
  const rest = { exit: false, bandwidth: 100_000_000, family: null, payouts: 'auto', opening } as const;
  return { name, guard, takesSubscribers: guard, ...rest, ...given };
}

const line = [relay('G', { guard: true }), relay('M'), relay('X', { exit: true })];
const path = ['G', 'M', 'X'];
const base = { purse: opening, parameters };
const nothing = async (): Promise<void> => undefined;

/** To the end of the payment window: what was certified is paid and receipted. */
async function settle(network: Network): Promise<void> {
  await network.advance(network.schedule(0).paymentEnd + 60);
}

async function fund(network: Network): Promise<void> {
  await subscribe(network);
  await deposit(network, 1_000_000n);
  await balance(network);
}

async function trafficUntil(network: Network, paths: readonly (readonly string[])[], until: number): Promise<void> {
  await fund(network);
  for (const one of paths) await carry(network, one, [10_000n]);
  await network.advance(until);
}

export const journeys: readonly Journey[] = [
  {
    ...{ ...base, name: 'deposit', relays: [relay('G', { guard: true })] },
    parts: { client: subscriber, guard: 'G', authority: authorityName },
    prepare: nothing,
    run: fund,
    // Two rounds of what repeats, and a look.
    async finish(network) {
      await network.advance(network.now() + 2 * hour);
      await balance(network);
    },
  },
  {
    ...{ ...base, name: 'tick', relays: line },
    parts: { issuer: 'G', middle: 'M', holder: 'X' },
    prepare: fund,
    async run(network) {
      await carry(network, path, steps);
      // One for each hop, and one more.
      for (let tick = 0; tick < 3; tick += 1) await network.tick();
    },
    finish: settle,
  },
  {
    ...{ ...base, name: 'receipt', relays: line },
    parts: { debtor: 'G', middle: 'M', creditor: 'X', authority: authorityName },
    prepare: (network) => trafficUntil(network, [path], network.schedule(0).cutOff - 1),
    // The net is reckoned, agreed, paid and receipted.
    run: (network) => network.advance(network.schedule(0).bst + 60),
    finish: settle,
  },
  {
    ...{ ...base, name: 'contest' },
    relays: [relay('G', { guard: true, payouts: 'manual' }), relay('M', { exit: true }), relay('N', { exit: true })],
    parts: { contestant: 'M', accused: 'G', authority: authorityName },
    prepare: (network) =>
      trafficUntil(
        network,
        [
          ['G', 'M'],
          ['G', 'N'],
        ],
        network.schedule(0).paymentEnd - 1,
      ),
    async run(network) {
      const { paymentEnd, appealEnd } = network.schedule(0);
      await network.advance(paymentEnd + 300);
      // What it owes M; N is never paid, and its contest is upheld.
      await approveDebtTo(network, 'M');
      await network.advance(appealEnd + 60);
    },
    // The consensus that shows it, and what is asked again of the docket.
    finish: (network) => network.advance(network.now() + 2 * hour),
  },
  {
    ...{ ...base, name: 'withdrawal', relays: [relay('G', { guard: true })] },
    parts: { client: subscriber, guard: 'G', authority: authorityName },
    prepare: fund,
    async run(network) {
      await withdraw(network, 400_000n);
      await network.advance(network.now() + hour);
    },
    async finish(network) {
      await network.advance(network.now() + hour);
      await balance(network);
    },
  },
];
