/*
 * `money.deposits.10k`: how long a guard takes to notice the deposits of one block, with so many subscribers' addresses watched, beside the
 * bare reading of that block from the node. Listed in main.ts.
 */
import { Block } from 'bitcoinjs-lib';
import { openDatabase } from '../host/db/open.ts';
import { drivenClock } from '../host/clock.ts';
import { invariant } from '../core/refusal.ts';
import { derivation } from '../rail/bitcoin/derive.ts';
import { RECEIVING } from '../rail/bitcoin/descriptor.ts';
import { bitcoinReceiving } from '../rail/bitcoin/receiving.ts';
import { insertAddress } from '../rail/bitcoin/store.ts';
import { bitcoinAddressTables } from '../rail/bitcoin/tables.ts';
import { accountOf, valueOf } from '../test/bitcoin/fixture.ts';
import { bankPays } from '../test/bitcoin/paying.ts';
import type { Bitcoind } from '../test/harness/bitcoind.ts';
import { rowOf, type Bench, type Row } from './bench.ts';
import { median, timed } from './measure.ts';
import { bareCall, missingBitcoind, withNode } from './money-node.ts';

const DEPOSITS = 100;
const GAP = 1000;

export const moneyDeposits: Bench = {
  names: ['money.deposits.10k'],
  work: 'subscribers',
  size: 10_000,
  growth: [100, 1_000, 10_000],
  missing: missingBitcoind,
  run: (rounds, size) => withNode((node) => measure(node, rounds, size)),
};

async function measure(node: Bitcoind, rounds: number, size: number): Promise<Row[]> {
  const account = accountOf(`deposits ${size}`);
  const derive = derivation(account, RECEIVING);
  const database = await openDatabase({ file: ':memory:' }, [{ name: '001-bitcoin', statements: bitcoinAddressTables }]);
  try {
    const clock = drivenClock(1_700_000_000);
    const receiving = bitcoinReceiving({ rpc: node.rpc, account, database, clock, gapLimit: GAP, shownFrom: 1 });
    const addresses = Array.from({ length: size }, (_, index) => derive(index + 1).address);
    await database.transaction(async (tx) => {
      for (const [index, address] of addresses.entries()) {
        const row = { position: index + 1, name: `subscriber ${index}`, address, given: clock.now(), used: true };
        await insertAddress(tx, receiving.fallback(), row);
      }
    });
    let cursor = valueOf(await receiving.incoming('')).cursor;
    const login = await node.login();
    const [values, limits]: [number[], number[]] = [[], []];
    // The first round does not count.
    for (let round = 0; round <= rounds; round += 1) {
      const outputs = Array.from({ length: DEPOSITS }, (_, index) => ({
        destination: addresses[(round * DEPOSITS + index) % size] as string,
        amount: 10_000n + BigInt(index),
      }));
      await bankPays(node, [...new Map(outputs.map((one) => [one.destination, one])).values()]);
      const [hash = ''] = await node.mine(1);
      let seen = 0;
      const took = await timed(async () => {
        for (;;) {
          const page = valueOf(await receiving.incoming(cursor));
          seen += page.payments.length;
          if (page.cursor === cursor) break;
          cursor = page.cursor;
        }
      });
      invariant(seen === Math.min(DEPOSITS, size), 'every deposit is seen');
      const bare = await timed(async () => {
        const { result } = JSON.parse(await bareCall(node, login, 'getblock', [hash, 0])) as { result: string };
        Block.fromHex(result);
      });
      if (round === 0) continue;
      values.push(took.wallSec * 1000);
      limits.push(bare.wallSec * 1000);
    }
    return [rowOf('money.deposits.10k', `ms a block, ${Math.min(DEPOSITS, size)} in it`, median(values), median(limits))];
  } finally {
    await database.close();
  }
}
