/*
 * Commands on the embedded money that need no role: `ptg mint`, with which a founder issues it, and a subscriber's own wallet.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { signingKey, type SigningKey } from '../core/crypto/keys.ts';
import { ok, refuser, type Result } from '../core/refusal.ts';
import { transferIdOf } from '../core/wire/ledger.ts';
import type { Network } from '../core/wire/network.ts';
import { systemEntropy } from '../host/entropy.ts';
import { readKeyFile } from '../host/files.ts';
import { createHttpClient } from '../host/http/client.ts';
import { keysFrom } from '../node/keys.ts';
import { openHome } from '../node/open.ts';
import { mint } from '../rail/ledger/mint.ts';
import { ledgerReader } from '../rail/ledger/reader.ts';
import { ledgerWallet } from '../rail/ledger/wallet.ts';
import { amountArgument } from './arguments.ts';
import { nodeHome, type HomeOptions } from './home.ts';
import { createOutput, grouped } from './output.ts';

export const mintRefusals = {
  'mint-key': {
    retry: false,
    text: 'this folder has not the key that issues this network’s money',
    remedy: 'run it in the folder of whoever founded the network with a ledger',
  },
  'mint-destination': {
    retry: false,
    text: 'this is no destination of the ledger',
    remedy: 'take it from ptg balance or ptg wallet address',
  },
} as const;
const refuse = refuser(mintRefusals);

interface Issued {
  readonly amount: bigint;
  readonly destination: string;
  readonly payment: string;
}

export function addLedgerCommands(program: Command): void {
  program
    .command('mint')
    .description('issue money on the embedded ledger; only its founder can')
    .argument('<amount>', 'in the smallest units', amountArgument)
    .argument('<destination>', 'of a wallet or of a subscriber’s account')
    .action(async (amount: bigint, destination: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<HomeOptions & { json?: boolean }>();
      const issued = await issue(options, amount, destination);
      createOutput(options.json === true).result(issued, (one) => `${grouped(one.amount)} issued to ${one.destination}\n`);
    });
}

async function issue(options: HomeOptions, amount: bigint, destination: string): Promise<Result<Issued>> {
  const home = nodeHome(options, process.env);
  if (!home.ok) return home;
  const entropy = systemEntropy();
  const opened = await openHome(home.value, entropy);
  if (!opened.ok) return opened;
  const { network } = opened.value;
  const key = await mintKeyOf(home.value, network);
  if (!key.ok) return key;
  const http = createHttpClient({ networkId: network.networkId, entropy });
  try {
    if (!ledgerReader({ http, network }).isDestination(destination)) return refuse('mint-destination', destination);
    const id = transferIdOf('issue', Buffer.from(entropy.bytes(32)).toString('hex'));
    const paid = await mint({ http, network, mintKey: key.value }, id, [{ destination, amount }]);
    return paid.ok ? ok({ amount, destination, payment: paid.value.payments[0] ?? '' }) : paid;
  } finally {
    await http.close();
  }
}

/** Never made here: a new key could issue nothing. */
async function mintKeyOf(home: string, { ledger }: Network): Promise<Result<SigningKey>> {
  const seed = await readKeyFile(join(home, 'keys', 'mint.key'));
  if (!seed.ok) return seed.refusal.code === 'key-missing' ? refuse('mint-key', home) : seed;
  const key = signingKey(seed.value);
  return ledger?.mintKey === key.publicKey ? ok(key) : refuse('mint-key', home);
}

/** As settlement tells of its own. A subscriber's wallet follows from its account's seed; the ledger is asked, no role is. */
export async function readClientWallet(home: string): Promise<Result<unknown>> {
  const entropy = systemEntropy();
  const opened = await openHome(home, entropy);
  if (!opened.ok) return opened;
  const { network } = opened.value;
  if (network.ledger === null) return ok({ wallets: [] });
  const keys = keysFrom(await opened.value.keys('account'));
  const http = createHttpClient({ networkId: network.networkId, entropy });
  try {
    const key = signingKey(await keys('wallet'));
    const wallet = ledgerWallet({ http, network, key, refSecret: await keys('references') });
    const balance = await wallet.balance();
    if (!balance.ok) return balance;
    return ok({ wallets: [{ rail: wallet.rail, balance: String(balance.value), due: '0', address: wallet.fallback() }] });
  } finally {
    await http.close();
  }
}
