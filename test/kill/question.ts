/*
 * The one who answers one kind of question that a transport asks of a role. Called by child.ts.
 */

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
