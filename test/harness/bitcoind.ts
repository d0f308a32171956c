/*
 * A bitcoind for the specs: that of the testbed (lab/testbed/bitcoind.ts) in a folder of its own, removed with it. Its program is what
 * bin/bitcoind.sh installs, or PTG_BITCOIND. With CI=true a missing one is a failure.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBitcoind, startBitcoind as startIn, type Bitcoind as Running } from '../../lab/testbed/bitcoind.ts';

export interface Bitcoind extends Running {
  /** Ends the process and removes its folder. */
  remove(): Promise<void>;
}

const INSTALL = 'there is no bitcoind: sh bin/bitcoind.sh installs one into .bitcoind';

/** The program, or null where the stage is to be skipped. */
export function bitcoindProgram(): string | null {
  const program = findBitcoind(process.env);
  if (program !== null) return program;
  if (process.env['CI'] === 'true') throw new Error(INSTALL);
  console.log(`    skipped: ${INSTALL}`);
  return null;
}

export async function startBitcoind(program: string, args: readonly string[] = []): Promise<Bitcoind> {
  const folder = mkdtempSync(join(tmpdir(), 'ptg-bitcoind-'));
  const clear = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const node = await startIn(program, folder, args);
    return {
      ...node,
      async remove() {
        await node.close();
        clear();
      },
    };
  } catch (thrown) {
    clear();
    throw thrown;
  }
}
