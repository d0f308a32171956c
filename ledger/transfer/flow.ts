/*
 * A transfer's journey: signature · its turn · what the ledger has of the account · decision · rows · leaves · answer. A
 * repetition, also after a crash between rows and answer, finds the rows and gets the same answer. Called by http.ts.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { ledgerRefusals, type Transfer, type TransferAnswer } from '../../core/wire/ledger.ts';
import type { Ports, Tx } from '../../host/ports.ts';
import { readNextPosition, readOutputs } from '../account/store.ts';
import type { Sums } from '../account/sums.ts';
import type { EntryLog } from '../log/flow.ts';
import { contentOf, decideTransfer, floorOf } from './decide.ts';
import { readPaying, saveTransfers, type Booked } from './store.ts';

export interface Transfers {
  take(signed: Signed<Transfer>): Promise<Result<TransferAnswer>>;
  busy(): boolean;
  /** Waits for those that have begun. */
  drain(): Promise<void>;
}

const refuse = refuser(ledgerRefusals);

/** Booked in one transaction, which is one write to the disk. */
const TOGETHER_MAX = 64;
const OUTPUTS_TOGETHER_MAX = 1000;

interface Waiting {
  readonly signed: Verified<Transfer>;
  resolve(answer: Result<TransferAnswer>): void;
  reject(thrown: unknown): void;
}

export function createTransfers(
  ports: Pick<Ports, 'clock' | 'database'>,
  config: { readonly networkId: string; readonly mintKey: string },
  log: EntryLog,
  sums: Sums,
): Transfers {
  const { clock, database } = ports;
  const waiting: Waiting[] = [];
  let emptying: Promise<void> | null = null;

  async function empty(): Promise<void> {
    // Those that come in the same turn of the loop are booked together.
    await null;
    while (waiting.length > 0) await book(takeSome(waiting));
    emptying = null;
  }

  async function book(some: readonly Waiting[]): Promise<void> {
    try {
      const sheet = { mintKey: config.mintKey, now: clock.now(), sums };
      const answers = await database.transaction((tx) =>
        bookAll(
          tx,
          some.map((one) => one.signed),
          sheet,
        ),
      );
      await log.follow();
      for (const [place, one] of some.entries()) one.resolve(answers[place] as Result<TransferAnswer>);
    } catch (thrown) {
      // What one throws is not the others' fault.
      if (some.length === 1) some[0]?.reject(thrown);
      else for (const one of some) await book([one]);
    }
  }

  return {
    async take(signed) {
      const verified = verify('transfer', config.networkId, signed, signed.body.from);
      if (verified === null) return refuse('transfer-signature', signed.body.id);
      return new Promise((resolve, reject) => {
        waiting.push({ signed: verified, resolve, reject });
        emptying ??= empty();
      });
    },
    busy: () => emptying !== null,
    async drain() {
      await emptying;
    },
  };
}

function takeSome(waiting: Waiting[]): Waiting[] {
  let outputs = 0;
  const over = waiting.findIndex(({ signed }, place) => {
    outputs += signed.body.outputs.length;
    return place === TOGETHER_MAX || (place > 0 && outputs > OUTPUTS_TOGETHER_MAX);
  });
  return waiting.splice(0, over < 0 ? waiting.length : over);
}

interface Sheet {
  readonly mintKey: string;
  readonly now: number;
  readonly sums: Sums;
}

/** One after the other; each sees what those before it have booked. */
async function bookAll(tx: Tx, list: readonly Verified<Transfer>[], sheet: Sheet): Promise<Result<TransferAnswer>[]> {
  const begin = await readNextPosition(tx);
  const page = createPage(begin);
  const answers: Result<TransferAnswer>[] = [];
  for (const signed of list) {
    const { from, id, number } = signed.body;
    const before = sheet.sums.of(from);
    const stored = await readPaying(tx, from, id, before.upTo);
    const amount = before.amount + stored.since;
    sheet.sums.remember(tx, from, { upTo: begin, amount });
    const here = page.booked(from, id);
    const state = {
      earlier: here ?? stored.earlier,
      nextNumber: page.numberAfter(from, stored.lastNumber) + 1n,
      balance: amount + page.change(from),
      floor: floorOf(from, sheet.mintKey),
      nextPosition: page.nextPosition(),
    };
    const outcome = decideTransfer(signed, state, sheet.now);
    if (!outcome.ok) answers.push(outcome);
    else if (outcome.value.kind === 'book') {
      const entries = [...outcome.value.entries];
      page.add({ signed, content: contentOf(signed.body), entries });
      answers.push(ok({ id, number, entries }));
    } else {
      const entries = here === null ? await readOutputs(tx, from, id) : [...here.entries];
      answers.push(ok({ id, number: here?.signed.body.number ?? stored.earlier?.number ?? number, entries }));
    }
  }
  await saveTransfers(tx, page.all());
  return answers;
}

/** What is booked in one transaction, before it is written. */
function createPage(begin: bigint) {
  const booked = new Map<string, Booked>();
  const numbers = new Map<string, bigint>();
  const changes = new Map<string, bigint>();
  let position = begin;
  const change = (account: string): bigint => changes.get(account) ?? 0n;
  return {
    booked: (from: string, id: string): Booked | null => booked.get(`${from} ${id}`) ?? null,
    numberAfter: (from: string, stored: bigint): bigint => numbers.get(from) ?? stored,
    change,
    nextPosition: () => position,
    add(one: Booked): void {
      const { from, id, number } = one.signed.body;
      booked.set(`${from} ${id}`, one);
      numbers.set(from, number);
      for (const { to, amount } of one.entries) {
        changes.set(from, change(from) - amount);
        changes.set(to, change(to) + amount);
      }
      position += BigInt(one.entries.length);
    },
    all: () => [...booked.values()],
  };
}
