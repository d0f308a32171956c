/*
 * One after the other: `inTurn()` gives a function that runs each step only when the one before it has ended, however that
 * ended. Called where two steps at once would spoil each other: numbered transfers, a log that is read on.
 */
export type InTurn = <T>(step: () => Promise<T>) => Promise<T>;

export function inTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (step) => {
    const turn = last.then(step);
    last = turn.catch(() => undefined);
    return turn;
  };
}
