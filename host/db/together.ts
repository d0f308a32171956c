/*
 * Transactions in line for one connection: those that wait together are committed together, so that one write to the disk makes all of
 * them durable. Work in; its value out once that commit is done. Called by sqlite.ts.
 */
import type { Tx } from '../ports.ts';

/** The connection, held for one commit. */
export interface Session {
  begin(): Promise<void>;
  /** Throws what the work threw, and also where it caught the failure of a statement. */
  work<T>(work: (tx: Tx) => Promise<T>, committed: (() => void)[]): Promise<T>;
  commit(): Promise<void>;
  rollBack(): Promise<void>;
}

export interface Line {
  run<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** When all that is in line is done. */
  last(step: () => Promise<void>): Promise<void>;
}

interface Waiting {
  work(tx: Tx): Promise<unknown>;
  resolve(value: unknown): void;
  reject(thrown: unknown): void;
}

/** At most so many wait for one another's commit. */
const TOGETHER_MAX = 64;

/** `hold` gives the connection to a step and takes it back. */
export function createLine(hold: (step: (session: Session) => Promise<void>) => Promise<void>): Line {
  const waiting: Waiting[] = [];
  let emptying: Promise<void> | null = null;

  async function empty(): Promise<void> {
    // Whoever asks in this turn of the loop is in line before the first is taken.
    await null;
    while (waiting.length > 0) {
      const [first] = waiting;
      await hold((session) => commitTogether(session, waiting)).catch((thrown: unknown) => {
        // There is no connection: nobody waits for it for ever. Who was taken has been answered.
        if (first === waiting[0]) waiting.shift()?.reject(thrown);
      });
    }
    emptying = null;
  }

  return {
    run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        waiting.push({ work, resolve: resolve as (value: unknown) => void, reject });
        emptying ??= empty();
      });
    },
    async last(step) {
      while (emptying !== null) await emptying;
      await step();
    },
  };
}

interface Taken {
  readonly one: Waiting;
  readonly value: unknown;
  readonly committed: readonly (() => void)[];
}

/** Takes the first of the line, and whoever waits by the time that its work is done. */
async function commitTogether(session: Session, waiting: Waiting[]): Promise<void> {
  const begun: Waiting[] = [];
  const taken: Taken[] = [];
  try {
    for (let one = waiting.shift(); one !== undefined; one = begun.length < TOGETHER_MAX ? waiting.shift() : undefined) {
      begun.push(one);
      if (begun.length === 1) await session.begin();
      const committed: (() => void)[] = [];
      taken.push({ one, value: await session.work(one.work, committed), committed });
    }
    await session.commit();
  } catch (thrown) {
    await session.rollBack();
    // What one throws is nobody else's fault: each once more, by itself. As on a conflict, their work only touches the database.
    if (begun.length === 1) begun[0]?.reject(thrown);
    else for (const one of begun) await commitTogether(session, [one]);
    return;
  }
  // Before anybody's caller goes on: what they start may open transactions.
  taken.forEach(answer);
}

function answer({ one, value, committed }: Taken): void {
  try {
    for (const run of committed) run();
    one.resolve(value);
  } catch (thrown) {
    one.reject(thrown);
  }
}
