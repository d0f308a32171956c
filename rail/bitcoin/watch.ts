/*
 * The output scripts that are a wallet's own: those of every address given out, and of the next ones up to the gap limit, since books
 * that came from a backup do not know what was given out after it. Called by receiving.ts.
 */
import type { Tx } from '../../host/ports.ts';
import { scriptOf } from './address.ts';
import type { Derived } from './derive.ts';
import type { Chain } from './network.ts';
import { insertAddress, markUsed, readAddresses } from './store.ts';

export interface Own {
  readonly position: number;
  readonly address: string;
}

export interface Watch {
  /** Takes up what was given out since. */
  load(tx: Tx): Promise<void>;
  find(script: Uint8Array): Own | null;
  /** Paid to: the next ones are watched too. */
  use(one: Own): void;
  /** Writes down what `use` was told. */
  save(tx: Tx, now: number): Promise<void>;
}

export interface Watched {
  readonly chain: Chain;
  readonly wallet: string;
  readonly gapLimit: number;
  derive(index: number): Derived;
}

export function createWatch({ chain, wallet, gapLimit, derive }: Watched): Watch {
  const own = new Map<string, Own>();
  const unsaved = new Map<number, Own>();
  /** Rows below it are taken up; scripts below `ahead` are watched. */
  let loaded = 0;
  let ahead = 0;
  const key = (script: Uint8Array) => Buffer.from(script).toString('latin1');

  function lookAhead(highest: number, stored: ReadonlyMap<number, string>): void {
    for (; ahead <= highest + gapLimit; ahead += 1) {
      // Reading back what was derived once is ten times as fast.
      const known = stored.get(ahead);
      const script = known === undefined ? null : scriptOf(known, chain);
      const { address, script: derived } = script === null ? derive(ahead) : { address: known ?? '', script };
      own.set(key(derived), { position: ahead, address });
    }
  }

  return {
    async load(tx) {
      const rows = await readAddresses(tx, wallet, loaded);
      loaded = (rows.at(-1)?.position ?? loaded - 1) + 1;
      lookAhead(Math.max(loaded - 1, 0), new Map(rows.map(({ position, address }) => [position, address])));
    },
    find: (script) => own.get(key(script)) ?? null,
    use(one) {
      unsaved.set(one.position, one);
      lookAhead(one.position, new Map());
    },
    async save(tx, now) {
      for (const { position, address } of unsaved.values()) {
        if (await markUsed(tx, wallet, position)) continue;
        await insertAddress(tx, wallet, { position, name: null, address, given: now, used: true });
      }
      tx.onCommit(() => unsaved.clear());
    },
  };
}
