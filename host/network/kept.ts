/*
 * What a node's view of the network has kept on disk: every relay's newest descriptor and the terms of every interval. Its file in;
 * both out. Called by `ptg verify`, which asks nobody, and by doctor.
 */
import { existsSync } from 'node:fs';
import type { Verified } from '../../core/crypto/sign.ts';
import type { Consensus } from '../../core/wire/consensus.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import type { Terms } from '../../core/wire/terms.ts';
import { openDatabase } from '../db/open.ts';
import { networkMigrations } from './migrations.ts';
import { readConsensus, readDescriptors, readTerms } from './store.ts';

export interface KeptNetwork {
  readonly descriptors: readonly Verified<Descriptor>[];
  readonly terms: readonly Terms[];
  /** The newest that was seen, however old. */
  readonly consensus: Consensus | null;
}

const leftOut = () => undefined;

/** Nothing where the node never ran. */
export async function readKeptNetwork(file: string): Promise<KeptNetwork> {
  if (!existsSync(file)) return { descriptors: [], terms: [], consensus: null };
  const database = await openDatabase({ file }, networkMigrations, 'network');
  try {
    return await database.transaction(async (tx) => ({
      descriptors: await readDescriptors(tx, leftOut),
      terms: (await readTerms(tx, leftOut)).map((one) => one.terms),
      consensus: (await readConsensus(tx, leftOut))?.body ?? null,
    }));
  } finally {
    await database.close();
  }
}
