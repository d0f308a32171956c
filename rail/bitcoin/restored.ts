/*
 * Books that came from a backup do not know which addresses were given out after it. All of them lie within the gap limit of the
 * last one that was paid to: once the chain is read, those are left out. Called by receiving.ts.
 */
import type { Tx } from '../../host/ports.ts';
import type { Derived } from './derive.ts';
import { insertAddress, isCaughtUp, markUsed, readHighest, saveCaughtUp } from './store.ts';

export interface Restored {
  readonly wallet: string;
  readonly gapLimit: number;
  /** Names the restore: it is done once for each. */
  readonly restore: string;
  derive(index: number): Derived;
}

/** Within the transaction that has marked what was paid to, up to the newest block. */
export async function leaveOutGiven(tx: Tx, { wallet, gapLimit, restore, derive }: Restored, now: number): Promise<void> {
  if (await isCaughtUp(tx, wallet, restore)) return;
  const { used } = await readHighest(tx, wallet);
  const position = (used ?? 0) + gapLimit;
  const { address } = derive(position);
  // Counted as used, so that the gap begins anew behind it.
  if (!(await markUsed(tx, wallet, position)))
    await insertAddress(tx, wallet, { position, name: null, address, given: now, used: true });
  await saveCaughtUp(tx, wallet, restore);
}
