/*
 * Who listens to something that is told: what every meter and every transport is made of. Used by both rooms of this folder, by the
 * lab's traffic source, and by tests that stand in for a tor.
 */

export interface Listeners<T> {
  /** Returns its own undoing. */
  listen(take: (value: T) => void): () => void;
  tell(value: T): void;
}

export function createListeners<T>(): Listeners<T> {
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
