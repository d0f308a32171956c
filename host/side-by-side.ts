/*
 * Many steps that mostly wait (a call each): items and how many at a time in, the answers in the items' order out. Called where
 * thousands of counterparts or payments are asked about at once.
 */

/** When one throws nothing more is begun; it is thrown once those that were begun have ended. */
export async function sideBySide<T, R>(items: readonly T[], most: number, step: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  let next = 0;
  const failures: unknown[] = [];

  async function takeTurns(): Promise<void> {
    while (next < items.length && failures.length === 0) {
      const place = next++;
      try {
        answers[place] = await step(items[place] as T);
      } catch (thrown) {
        failures.push(thrown);
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(most, items.length) }, takeTurns));
  if (failures.length > 0) throw failures[0];
  return answers;
}
