/*
 * What is undone after the test that asked for it, in the opposite order. A spec file that uses it says `afterEach(undoAll)`: mocha's
 * workers load this module once and run many files with it, so that a hook set here would serve the first of them alone.
 */
const undoings: (() => Promise<void>)[] = [];

export function later(undo: () => Promise<void>): void {
  undoings.push(undo);
}

export async function undoAll(): Promise<void> {
  for (const undo of undoings.splice(0).reverse()) await undo();
}
