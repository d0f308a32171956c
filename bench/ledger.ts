/*
 * `ledger.transfers`: transfers a second at the ledger role on a SQLite file: text to schema, signature, booking in the database, the
 * log's tree, answer to text; as many at once as there are payers. Beside bare libsodium verification. Listed in main.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '../core/crypto/hash.ts';
import { sign } from '../core/crypto/sign.ts';
import { TRANSFER_BYTES_MAX } from '../core/limits.ts';
import { invariant } from '../core/refusal.ts';
import { decode, encode } from '../core/wire/codec.ts';
import type { Transfer, TransferOutput } from '../core/wire/ledger.ts';
import { drivenClock } from '../host/clock.ts';
import { openDatabase } from '../host/db/open.ts';
import { silentLog } from '../host/log.ts';
import type { Endpoint, Role } from '../host/ports.ts';
import { sideBySide } from '../host/side-by-side.ts';
import { migrations, start } from '../ledger/main.ts';
import { networkId, testKey, testSeed } from '../test/harness/view.ts';
import { rowOf, type Bench } from './bench.ts';
import { bareVerification } from './bare.ts';
import { keyOf } from './bst-peers.ts';
import { alternating, perSecond, timed } from './measure.ts';

/** Each pays one after the other, because its transfers are numbered. */
const PAYERS = 64;

export const ledger: Bench = {
  names: ['ledger.transfers'],
  work: 'transfers booked before',
  size: 20_000,
  growth: [200, 2_000, 20_000],
  async run(rounds, size) {
    const folder = mkdtempSync(join(tmpdir(), 'ptg-ledger-'));
    const database = await openDatabase({ file: join(folder, 'ledger.sqlite') }, migrations, 'ledger');
    const clock = drivenClock(1_000_000);
    const role = await start(
      { clock, database, log: silentLog() },
      { networkId, logSeed: testSeed('log'), mintKey: testKey('mint').publicKey },
    );
    try {
      const payers = createPayers(role);
      await payers.fund();
      await payers.pay(payers.write(size));
      const count = 2_000;
      const verify = bareVerification(count, 400);
      const { value, limit } = await alternating(
        rounds,
        async () => {
          const texts = payers.write(count);
          return perSecond(count, await timed(() => payers.pay(texts)));
        },
        async () => perSecond(count, await timed(verify)),
      );
      return [rowOf('ledger.transfers', '1/s', value, limit)];
    } finally {
      await role.stop();
      await database.close();
      rmSync(folder, { recursive: true });
    }
  },
};

function transfersOf(role: Role): Endpoint {
  const endpoint = role.endpoints.find((one) => one.path === '/ledger/transfers');
  invariant(endpoint !== undefined, 'the ledger takes transfers');
  return endpoint;
}

function createPayers(role: Role) {
  const endpoint = transfersOf(role);
  const keys = Array.from({ length: PAYERS }, (_, place) => keyOf(`payer ${place}`));
  let number = 0;

  async function post(text: string): Promise<void> {
    const input = decode(text, endpoint.input, TRANSFER_BYTES_MAX);
    invariant(input.ok, 'a transfer is in form');
    const answer = await endpoint.answer(input.value as never, { kind: 'public' });
    invariant(answer.ok, 'a good transfer is booked');
    encode(answer.value);
  }

  const written = (from: (typeof keys)[number], at: bigint, id: string, outputs: readonly TransferOutput[]): string => {
    const body: Transfer = { from: from.publicKey, number: at, id, outputs: [...outputs] };
    const { signature } = sign('transfer', networkId, body, from);
    return encode({ body, signature });
  };
  const ref = sha256Hex('ref').slice(0, 32);
  return {
    fund: () =>
      post(
        written(
          testKey('mint'),
          1n,
          sha256Hex('fund'),
          keys.map((one) => ({ to: one.publicKey, ref, amount: 10n ** 12n })),
        ),
      ),
    /** The texts of so many transfers, a list a payer. */
    write(count: number): string[][] {
      const lists: string[][] = keys.map(() => []);
      for (let one = 0; one < count; one += PAYERS) {
        number += 1;
        for (const [place, key] of keys.entries()) {
          const to = (keys[(place + number) % PAYERS] as (typeof keys)[number]).publicKey;
          const outputs = [{ to, ref: sha256Hex('ref', String(number)).slice(0, 32), amount: BigInt(number) }];
          lists[place]?.push(written(key, BigInt(number), sha256Hex(key.publicKey, String(number)), outputs));
        }
      }
      return lists;
    },
    async pay(lists: readonly (readonly string[])[]): Promise<void> {
      await sideBySide(lists, PAYERS, async (texts) => {
        for (const text of texts) await post(text);
      });
    },
  };
}
