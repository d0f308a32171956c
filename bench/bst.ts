/*
 * `bst.8000`: a relay settles with 8000 neighbours, half of whom owe it and half of whom it owes: from the closed book to the last
 * payment batch that the rail is handed; seconds and peak memory. Their statements and signatures were made before and are not counted;
 * to read, check, net, sign and write is. Listed in main.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sodium from 'sodium-native';
import { rowOf, type Bench } from './bench.ts';
import { keyOf, makePeers } from './bst-peers.ts';
import type { BstTook } from './bst-run.ts';
import { inChild } from './child.ts';
import { median, timed } from './measure.ts';

const NAMES = ['bst.8000', 'bst.8000.memory'] as const;
/** A round of thousands takes long, and says as much. */
const ROUNDS_MAX = 3;

export const bst: Bench = {
  names: NAMES,
  work: 'neighbours',
  size: 8000,
  growth: [80, 800, 8000],
  async run(rounds, size) {
    // On a disk: a settlement that is not written is not made.
    const folder = mkdtempSync(join(tmpdir(), 'ptg-bst-'));
    try {
      await makePeers(folder, size);
      const took: BstTook[] = [];
      const limits: number[] = [];
      for (let round = 0; round < Math.min(rounds, ROUNDS_MAX); round += 1) {
        took.push(await inChild<BstTook>('bst-run.ts', [folder]));
        limits.push((await timed(() => bareSignatures(size))).wallSec);
      }
      const mib = (bytes: (one: BstTook) => number) => median(took.map(bytes)) / 2 ** 20;
      return [
        rowOf(NAMES[0], 's', median(took.map((one) => one.seconds)), median(limits)),
        // The program with the directory and nothing to settle.
        rowOf(
          NAMES[1],
          'MiB peak',
          mib((one) => one.peakBytes),
          mib((one) => one.beforeBytes),
        ),
      ];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** A statement and a settlement, of the length that they have: two IOUs stand in each. */
const LENGTHS = [1900, 2300];

/** The limit: each neighbour's statement and settlement checked once, and mine signed. */
function bareSignatures(neighbours: number): void {
  const { publicKey, secretKey } = keyOf('somebody');
  const [key, signature] = [Buffer.from(publicKey, 'hex'), Buffer.alloc(64)];
  for (const length of LENGTHS) {
    const message = Buffer.alloc(length, 1);
    for (let one = 0; one < neighbours; one += 1) {
      message.writeUInt32LE(one);
      sodium.crypto_sign_detached(signature, message, secretKey);
      if (!sodium.crypto_sign_verify_detached(signature, message, key)) throw new Error('a good signature was refused');
    }
  }
}
