/*
 * Listeners of one kind of event, and the one who answers one kind of question: what a transport is made of. Called by child.ts.
 */

export interface Ear<T> {
  readonly listen: (take: (value: T) => void) => () => void;
  tell(value: T): void;
}

export function createEar<T>(): Ear<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    listen(take) {
      listeners.add(take);
      return () => void listeners.delete(take);
    },
    tell(value) {
      for (const take of [...listeners]) take(value);
    },
  };
}

export interface Question<T, A> {
  readonly answerBy: (take: (value: T) => Promise<A>) => () => void;
  ask(value: T): Promise<A>;
}

/** `otherwise` is the answer of nobody. */
export function createQuestion<T, A>(otherwise: A): Question<T, A> {
  let asked: ((value: T) => Promise<A>) | null = null;
  return {
    answerBy(take) {
      asked = take;
      return () => void (asked = null);
    },
    ask: async (value) => (asked === null ? otherwise : asked(value)),
  };
}
