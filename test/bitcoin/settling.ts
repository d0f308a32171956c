/*
 * Settlement roles whose wallets are on a real bitcoind: a world a story, each at a later time of the node's own clock, its members' accounts
 * with money from mined blocks; some may have the ledger too, or alone. Shared by the specs of settlement and of its books.
 */
import { seededEntropy } from '../../host/entropy.ts';
import { drivenClock } from '../../host/clock.ts';
import { silentLog } from '../../host/log.ts';
import { derivation } from '../../rail/bitcoin/derive.ts';
import { RECEIVING, type Account } from '../../rail/bitcoin/descriptor.ts';
import { joinedReceiving } from '../../rail/bitcoin/joined.ts';
import { chains } from '../../rail/bitcoin/network.ts';
import { bitcoinReader } from '../../rail/bitcoin/reader.ts';
import { bitcoinReceiving } from '../../rail/bitcoin/receiving.ts';
import { refuseBitcoin } from '../../rail/bitcoin/refusals.ts';
import type { Rpc } from '../../rail/bitcoin/rpc.ts';
import { accountFrom, signerFrom } from '../../rail/bitcoin/wallet/keys.ts';
import { bitcoinWallet } from '../../rail/bitcoin/wallet/wallet.ts';
import type { Bitcoind } from '../harness/bitcoind.ts';
import { later } from '../harness/later.ts';
import { testSeed } from '../harness/view.ts';
import { openWorld, type RailOfAll, type World, type WorldOptions } from '../settlement/world.ts';
import { bankPays, fees, rules } from './paying.ts';

/** After every block that was mined by the machine's own clock; and not by years, since some bitcoinds stop at a date of their own. */
const GENESIS = Math.floor(Date.now() / 1000) + 1_000_000;
const chain = chains.regtest;
/** Of a GiB. */
export const price = 1_000_000n;

export interface StoryOptions extends Pick<WorldOptions, 'funds' | 'payouts' | 'strike'> {
  readonly names: readonly string[];
  /** In Bitcoin. */
  readonly coins?: Readonly<Record<string, bigint>>;
  /** Whose only money is the ledger's; where there are some, the others have it too. */
  readonly onLedger?: readonly string[];
  readonly feerateMax?: bigint;
  /** Whose keys are not in their wallets. */
  readonly elsewhere?: readonly string[];
  /** Of which members, and what stays. */
  readonly sweep?: Readonly<Record<string, bigint>>;
}

export interface Story {
  readonly world: World;
  /** Members whose bitcoind does not answer. */
  readonly away: Set<string>;
  /** The address that its descriptor names; and one of the account into which its subscribers pay. */
  placeOf(name: string): string;
  depositOf(name: string): string;
  /** Of its wallet. */
  seedOf(name: string): string;
  /** Where the sweep of that number goes. */
  sweptTo(number: number): string;
  /** The world's clock, and the node's with it; then blocks. */
  advance(to: number, blocks?: number): Promise<void>;
  booksOf(name: string, rail?: string): Promise<Record<string, string>>;
  ask(name: string, path: string, body?: unknown): Promise<unknown>;
}

let stories = 0;

/** Needs `afterEach(undoAll)`. */
export async function openStory(node: Bitcoind, options: StoryOptions): Promise<Story> {
  const label = `story ${(stories += 1)}`;
  // The node’s time does not go back.
  const genesis = GENESIS + stories * 150_000;
  const { names, coins = {}, onLedger = [], elsewhere = [] } = options;
  const seedOf = (name: string): string => `${label} ${name}`;
  const away = new Set<string>();
  const accountOf = (name: string, number = 0): Account => accountFrom(testSeed(seedOf(name)), chain, number);
  const placeOf = (name: string, number = 0): string => derivation(accountOf(name, number), RECEIVING)(0).address;
  await node.ask('setmocktime', genesis);
  const funded = Object.entries(coins).map(([name, amount]) => ({ destination: placeOf(name), amount }));
  for (const one of funded) await bankPays(node, [one]);
  await node.mine(rules.confirmations);
  const rail: RailOfAll = {
    name: 'bitcoin',
    besides: onLedger.length > 0,
    reader: bitcoinReader({ rules, rpc: null }),
    fallback: (name) => (onLedger.includes(name) ? null : placeOf(name)),
    of(name, database) {
      if (onLedger.includes(name)) return null;
      const { strike } = options;
      const rpc = whileAway(node.rpc, () => {
        // Each call of the node is a point at which its process may die.
        if (strike?.name === name) strike.at('rpc');
        return away.has(name);
      });
      const accounts = [accountOf(name), accountOf(name, 1)] as const;
      const ports = { database, entropy: seededEntropy(`${label} ${name}`), log: silentLog() };
      const common = { rpc, database, clock: drivenClock(genesis), gapLimit: 20, shownFrom: rules.confirmations };
      const [own, deposits] = accounts.map((account) => bitcoinReceiving({ ...common, account }));
      const wallet = bitcoinWallet({
        ...{ receiving: joinedReceiving(own!, [deposits!]), ports, rpc, rules, accounts, birthday: 0, gapLimit: 20 },
        ...{ fees: { ...fees, max: options.feerateMax ?? fees.max }, replaceAfterBlocks: 6 },
        signer: elsewhere.includes(name) ? null : signerFrom(testSeed(seedOf(name)), chain),
      });
      const onChain = { wallet, reader: bitcoinReader({ rules, rpc }) };
      const above = options.sweep?.[name];
      if (above === undefined) return onChain;
      return {
        ...onChain,
        sweep: { above, destination: (number: number) => sweptTo(number).address, isFresh: true, hasSubscribers: false },
      };
    },
  };
  const sweptTo = derivation(accountOf('cold'), RECEIVING);
  const prices = { quantum: 1000n, dust: 1000n, price };
  const rails = onLedger.length > 0 ? { bitcoin: prices, ledger: prices } : { bitcoin: prices };
  const world = await openWorld({ ...options, names, rail, parameters: { genesis, rails } });
  later(() => world.close());
  const ask = async (name: string, path: string, body: unknown = {}): Promise<unknown> => {
    const answer = await world.local(name, path, body);
    if (!answer.ok) throw new Error(`${answer.refusal.code}: ${answer.refusal.about}`);
    return answer.value;
  };
  return {
    world,
    away,
    seedOf,
    placeOf: (name) => placeOf(name),
    depositOf: (name) => derivation(accountOf(name, 1), RECEIVING)(3).address,
    sweptTo: (number) => sweptTo(number).address,
    async advance(to, blocks = 0) {
      await world.advance(to);
      await node.ask('setmocktime', to);
      if (blocks > 0) await node.mine(blocks);
    },
    async booksOf(name, of = 'bitcoin') {
      const { wallets } = (await ask(name, '/settlement/reconcile')) as { wallets: Record<string, string>[] };
      return wallets.find((one) => one['rail'] === of) ?? {};
    },
    ask,
  };
}

function whileAway(rpc: Rpc, isAway: () => boolean): Rpc {
  const down = () => ({ ...refuseBitcoin('bitcoin-down', 'the test'), rpcCode: null });
  return {
    call: async (...call) => (isAway() ? down() : rpc.call(...call)),
    batch: async (...calls) => (isAway() ? down() : rpc.batch(...calls)),
    wallet: (of) => whileAway(rpc.wallet(of), isAway),
    close: () => {},
  };
}
