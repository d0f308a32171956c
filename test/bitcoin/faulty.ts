/*
 * A port that breaks at a step: every call of the node and every transaction of the database is counted, and one of them throws, before
 * it happens or after. What it left behind is what a process leaves that was killed there.
 */
import type { Database } from '../../host/ports.ts';
import { refuseBitcoin } from '../../rail/bitcoin/refusals.ts';
import type { Rpc } from '../../rail/bitcoin/rpc.ts';

export class Killed extends Error {}

export interface Steps {
  readonly rpc: Rpc;
  readonly database: Database;
  taken(): number;
}

/** `at` from 1; 0: none breaks. */
/** Every call of the node is counted; the answer of one of them does not come back. */
export function unanswered(rpc: Rpc, at: number): Pick<Steps, 'rpc' | 'taken'> {
  let taken = 0;
  const lost = () => ({ ...refuseBitcoin('bitcoin-down', `call ${at}`), rpcCode: null });
  const around = (inner: Rpc): Rpc => ({
    async call(...call) {
      const isHere = (taken += 1) === at;
      const answer = await inner.call(...call);
      return isHere ? lost() : answer;
    },
    async batch(...calls) {
      const isHere = (taken += 1) === at;
      const answer = await inner.batch(...calls);
      return isHere ? lost() : answer;
    },
    wallet: (name) => around(inner.wallet(name)),
    close: () => inner.close(),
  });
  return { rpc: around(rpc), taken: () => taken };
}

export function breaking(rpc: Rpc, database: Database, at: number, when: 'before' | 'after'): Steps {
  let taken = 0;
  async function step<T>(run: () => Promise<T>): Promise<T> {
    taken += 1;
    const isHere = taken === at;
    if (isHere && when === 'before') throw new Killed(`before step ${at}`);
    const answer = await run();
    if (isHere) throw new Killed(`after step ${at}`);
    return answer;
  }
  const around = (inner: Rpc): Rpc => ({
    call: (...call) => step(() => inner.call(...call)),
    batch: (...calls) => step(() => inner.batch(...calls)),
    wallet: (name) => around(inner.wallet(name)),
    close: () => inner.close(),
  });
  return {
    rpc: around(rpc),
    database: {
      owner: database.owner,
      transaction: (work) => step(() => database.transaction(work)),
      close: () => database.close(),
    },
    taken: () => taken,
  };
}
