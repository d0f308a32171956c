/*
 * Transactions beside each other, and one alone where it must be: steps in, their outcomes out. Called by postgres.ts, whose
 * long transactions would else be overtaken by short ones for ever.
 */
export interface Beside {
  /** With any others that run so. */
  together<T>(step: () => Promise<T>): Promise<T>;
  /** When those under way have ended; whoever comes later waits for it. */
  alone<T>(step: () => Promise<T>): Promise<T>;
}

export function beside(): Beside {
  const underWay = new Set<Promise<unknown>>();
  let last: Promise<unknown> | null = null;

  async function begin<T>(step: () => Promise<T>, isAlone: boolean): Promise<T> {
    while (last !== null) await last;
    const others = isAlone ? [...underWay] : [];
    const outcome = Promise.all(others).then(step);
    const ended = outcome.then(
      () => undefined,
      () => undefined,
    );
    underWay.add(ended);
    if (isAlone) last = ended;
    try {
      return await outcome;
    } finally {
      underWay.delete(ended);
      if (isAlone) last = null;
    }
  }

  return { together: (step) => begin(step, false), alone: (step) => begin(step, true) };
}
