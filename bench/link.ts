/*
 * What a link takes on a relay's disk: a thousand IOUs on it, then so many as are asked for, each signed and saved by a write of its
 * own; rows and bytes of the whole database, after it was closed, out. The limit of each is what it was after the thousand.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '../core/crypto/hash.ts';
import { signingKey } from '../core/crypto/keys.ts';
import { sign } from '../core/crypto/sign.ts';
import { openDatabase } from '../host/db/open.ts';
import { saveIou } from '../relay/iou/store.ts';
import { migrations } from '../relay/migrations.ts';
import type { Bench } from './bench.ts';
import { rowOf } from './bench.ts';
import { countRows } from './rows-store.ts';

const BEFORE = 1_000;
/** IOUs in one transaction. */
const TOGETHER = 500;

export const link: Bench = {
  names: ['link.rows', 'link.bytes'],
  work: 'IOUs on one link',
  size: 1_000_000,
  growth: [1_000, 10_000, 100_000],
  async run(_rounds, ious) {
    const folder = await mkdtemp(join(tmpdir(), 'ptg-bench-'));
    const file = join(folder, 'relay.db');
    const before = await growTo(file, 0, Math.min(BEFORE, ious));
    const after = await growTo(file, Math.min(BEFORE, ious), ious);
    await rm(folder, { recursive: true, force: true });
    return [
      rowOf('link.rows', `rows after ${ious} IOUs; limit: after ${BEFORE}`, after.rows, before.rows),
      rowOf('link.bytes', `bytes after ${ious} IOUs; limit: after ${BEFORE}`, after.bytes, before.bytes),
    ];
  },
};

/** Serials `from` + 1 to `to`. */
async function growTo(file: string, from: number, to: number): Promise<{ rows: number; bytes: number }> {
  const database = await openDatabase({ file }, migrations, 'relay');
  for (let done = from; done < to; done += TOGETHER) {
    await database.transaction(async (tx) => {
      for (let serial = done + 1; serial <= Math.min(done + TOGETHER, to); serial++) await saveIou(tx, 'held', iouOf(serial));
    });
  }
  const rows = await database.transaction(countRows);
  await database.close();
  return { rows, bytes: (await stat(file)).size };
}

const key = signingKey(Buffer.from(sha256Hex('bench link'), 'hex'));
const [issuer, holder, terms] = [sha256Hex('issuer'), sha256Hex('holder'), sha256Hex('terms')];

/** Totals as large as ever: what a number takes must not grow with it. */
function iouOf(serial: number) {
  const bytes = 2n ** 50n + 514n * BigInt(serial);
  const what = { issuer, issuerKey: 1, holder, interval: 0, terms };
  return sign(
    'iou',
    'bench-network',
    { ...what, serial: BigInt(serial), relayBytes: bytes, exitBytes: bytes, issuedAt: 1_700_000_000 },
    key,
  );
}
