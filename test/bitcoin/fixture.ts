/*
 * What the specs against a real node share: one bitcoind a file, begun before its tests and removed after them, whose log is printed
 * when one failed; and a receiving wallet upon it with a database of its own.
 */
import { z } from 'zod';
import { invariant, type Result } from '../../core/refusal.ts';
import { drivenClock, type DrivenClock } from '../../host/clock.ts';
import { openDatabase } from '../../host/db/open.ts';
import type { Database } from '../../host/ports.ts';
import { bip32 } from '../../rail/bitcoin/curve.ts';
import { parseAccount, type Account, type AccountKind } from '../../rail/bitcoin/descriptor.ts';
import { hash, integer } from '../../rail/bitcoin/exact.ts';
import { chains } from '../../rail/bitcoin/network.ts';
import { bitcoinReceiving } from '../../rail/bitcoin/receiving.ts';
import type { Rpc } from '../../rail/bitcoin/rpc.ts';
import { bitcoinAddressTables } from '../../rail/bitcoin/tables.ts';
import type { IncomingPayment, Receiving } from '../../rail/rail.ts';
import { bitcoindProgram, startBitcoind, type Bitcoind } from '../harness/bitcoind.ts';
import { later } from '../harness/later.ts';
import { testSeed } from '../harness/view.ts';

/** Called within a `describe`: the node of its tests. */
export function withBitcoind(args: readonly string[] = []): () => Bitcoind {
  let node: Bitcoind | null = null;
  let failed = false;
  before(async function () {
    const program = bitcoindProgram();
    if (program === null) return void this.skip();
    node = await startBitcoind(program, args);
  });
  afterEach(function () {
    failed ||= this.currentTest?.state === 'failed';
  });
  after(async () => {
    if (failed) console.log(`the end of bitcoind's log:\n${(await node?.log()) ?? ''}`);
    await node?.remove();
  });
  return () => {
    invariant(node !== null, 'the node runs');
    return node;
  };
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.about}`);
  return result.value;
}

/** Of a seed from the name: m/84h/1h/0h or m/86h/1h/0h. */
export function accountOf(name: string, kind: AccountKind = 'wpkh'): Account {
  const chain = chains.regtest;
  const master = bip32.fromSeed(testSeed(name), chain.prefixes);
  const path = kind === 'wpkh' ? '84h/1h/0h' : '86h/1h/0h';
  const key = master.derivePath(`m/${path.replaceAll('h', "'")}`).neutered();
  const fingerprint = Buffer.from(master.fingerprint).toString('hex');
  return valueOf(parseAccount(`${kind}([${fingerprint}/${path}]${key.toBase58()}/0/*)`, chain));
}

export interface TestReceiving {
  readonly receiving: Receiving;
  readonly database: Database;
  readonly clock: DrivenClock;
  give(name: string): Promise<string>;
  /** All pages from `cursor` to the end, and where that is. */
  read(cursor?: string): Promise<{ payments: IncomingPayment[]; cursor: string; pages: number }>;
}

export interface ReceivingOptions {
  readonly gapLimit?: number;
  readonly shownFrom?: number;
  readonly database?: Database;
  readonly restore?: string | null;
}

/** Needs `afterEach(undoAll)`. */
export async function receivingOn(
  rpc: Rpc,
  account: Account,
  { gapLimit = 20, shownFrom = 0, database, restore = null }: ReceivingOptions = {},
): Promise<TestReceiving> {
  const own = database ?? (await openDatabase({ file: ':memory:' }, [{ name: '001-bitcoin', statements: bitcoinAddressTables }]));
  if (database === undefined) later(() => own.close());
  const clock = drivenClock(Math.floor(Date.now() / 1000));
  const receiving = bitcoinReceiving({ rpc, account, database: own, clock, gapLimit, shownFrom, restore });
  return {
    receiving,
    database: own,
    clock,
    give: async (name) => valueOf(await own.transaction((tx) => receiving.destination(tx, name))),
    async read(from = '') {
      let cursor = from;
      const payments: IncomingPayment[] = [];
      for (let pages = 1; ; pages += 1) {
        const page = valueOf(await receiving.incoming(cursor));
        payments.push(...page.payments);
        if (page.cursor === cursor) return { payments, cursor, pages };
        cursor = page.cursor;
      }
    },
  };
}

/** What a payment of the node's own wallet spends is spent again, at a higher fee and to itself: the payment is gone. */
export async function doubleSpend({ rpc, ask }: Bitcoind, txid: string): Promise<void> {
  const bank = rpc.wallet('bank');
  const own = valueOf(await bank.call('gettransaction', [txid, true, true], z.object({ decoded: spending })));
  const elsewhere = valueOf(await bank.call('getnewaddress', [], z.string()));
  const inputs = own.decoded.vin.map((one) => ({ txid: one.txid, vout: one.vout }));
  const raw = valueOf(await bank.call('createrawtransaction', [inputs, [{ [elsewhere]: '0.09' }]], z.string()));
  const signed = valueOf(await bank.call('signrawtransactionwithwallet', [raw], z.object({ hex: z.string() })));
  await ask('sendrawtransaction', signed.hex, 0);
}

const spending = z.object({ vin: z.array(z.object({ txid: hash, vout: integer })) });
