/*
 * Drives a network under a driven clock: from one due time to the next, and only when every node is idle. Called by scenario.
 */
import type { DrivenClock } from '../host/clock.ts';
import { soonest } from '../node/start.ts';

/** Whatever has rows with due times: nodes. */
export interface Driven {
  busy(): boolean;
  nextDue(): number | null;
}

/** Waits until nothing runs, is in flight, or is due. */
export async function untilIdle(all: () => readonly Driven[]): Promise<void> {
  // A request may lie in a socket between two nodes that both look idle: several quiet turns in a row are idleness.
  for (let quiet = 0; quiet < 4;) {
    quiet = all().some((one) => one.busy()) ? 0 : quiet + 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Moves the clock to `until`, stopping at each due time on the way. */
export async function advanceTo(clock: DrivenClock, until: number, all: () => readonly Driven[]): Promise<void> {
  await untilIdle(all);
  for (;;) {
    const next = soonest(all().map((one) => one.nextDue()));
    if (next === null || next > until) break;
    clock.advance(Math.max(next, clock.now() + 1));
    await untilIdle(all);
  }
  if (clock.now() < until) clock.advance(until);
  await untilIdle(all);
}
