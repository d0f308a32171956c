/*
 * A transfer's journey: signature · its turn · what the ledger has of the account · decision · rows · leaves · answer. A
 * repetition, also after a crash between rows and answer, finds the rows and gets the same answer. Called by http.ts.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { ledgerRefusals, type Transfer, type TransferAnswer } from '../../core/wire/ledger.ts';
import { inTurn } from '../../host/in-turn.ts';
import type { Ports, Tx } from '../../host/ports.ts';
import { readBalance, readNextNumber, readOutputs } from '../account/store.ts';
import type { EntryLog } from '../log/flow.ts';
import { contentOf, decideTransfer, floorOf } from './decide.ts';
import { readNextPosition, readTransfer, saveTransfer } from './store.ts';

export interface Transfers {
  take(signed: Signed<Transfer>): Promise<Result<TransferAnswer>>;
  busy(): boolean;
  /** Waits for those that have begun. */
  drain(): Promise<void>;
}

const refuse = refuser(ledgerRefusals);

export function createTransfers(
  ports: Pick<Ports, 'clock' | 'database'>,
  config: { readonly networkId: string; readonly mintKey: string },
  log: EntryLog,
): Transfers {
  const { clock, database } = ports;
  const turn = inTurn();
  let waiting = 0;

  async function book(signed: Verified<Transfer>): Promise<Result<TransferAnswer>> {
    const answer = await database.transaction((tx) => bookOrRepeat(tx, signed, config.mintKey, clock.now()));
    await log.follow();
    return answer;
  }

  return {
    async take(signed) {
      const verified = verify('transfer', config.networkId, signed, signed.body.from);
      if (verified === null) return refuse('transfer-signature', signed.body.id);
      waiting += 1;
      try {
        return await turn(() => book(verified));
      } finally {
        waiting -= 1;
      }
    },
    busy: () => waiting > 0,
    drain: () => turn(async () => undefined),
  };
}

async function bookOrRepeat(tx: Tx, signed: Verified<Transfer>, mintKey: string, now: number): Promise<Result<TransferAnswer>> {
  const { from, id, number } = signed.body;
  const earlier = await readTransfer(tx, from, id);
  const state = {
    earlier,
    nextNumber: await readNextNumber(tx, from),
    balance: await readBalance(tx, from),
    floor: floorOf(from, mintKey),
    nextPosition: await readNextPosition(tx),
  };
  const outcome = decideTransfer(signed, state, now);
  if (!outcome.ok) return outcome;
  if (outcome.value.kind === 'again') {
    return ok({ id, number: earlier?.number ?? number, entries: await readOutputs(tx, from, id) });
  }
  const entries = [...outcome.value.entries];
  await saveTransfer(tx, signed, contentOf(signed.body), entries);
  return ok({ id, number, entries });
}
