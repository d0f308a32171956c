/*
 * What a relay does by the clock: the tick of all its links together, its descriptor, and forgetting.
 */
import type { Job } from '../host/jobs.ts';
import type { Database, Log, NetworkView } from '../host/ports.ts';
import type { Circuits } from './circuit/table.ts';
import type { Publisher } from './descriptor/flow.ts';
import { openOf, type Issuer } from './iou/issue.ts';
import { forgetOld } from './iou/retention.ts';
import { tellClosed } from './link/compared.ts';
import { intervalNow, nextTick, openPeriods, periodOf } from './period.ts';
import type { TellShortfalls } from './session/shortfall.ts';

export interface JobParts {
  readonly ports: { readonly database: Database; readonly log: Log; readonly network: NetworkView };
  readonly issuer: Issuer;
  readonly circuits: Circuits;
  readonly publisher: Publisher;
  /** Null where no guard of the same operator takes them. */
  readonly tellShortfalls: TellShortfalls | null;
}

export interface JobTable {
  readonly table: readonly Job[];
  /** True while there are no terms to tick by: the next consensus brings the tick back. */
  waitsForTerms(): boolean;
}

export function jobTable({ ports, issuer, circuits, publisher, tellShortfalls }: JobParts): JobTable {
  let waiting = false;
  /** The next tick of the running interval; before it, only intervals in grace are looked after. */
  let planned = -1;

  async function tick(now: number): Promise<number | null> {
    const periods = openPeriods(ports.network, now);
    // Planned further ahead than a tick: by a clock that was ahead.
    const tickSec = periods[0]?.terms.parameters.iouTickSec ?? 0;
    const due = now >= planned || planned - now > tickSec;
    await issuer.tick(
      periods.filter((period) => due || now >= period.schedule.cutOff),
      now,
    );
    const open = periods.map(openOf);
    tellShortfalls?.(open);
    tellClosed(ports.log, circuits.purge(open));
    const running = intervalNow(ports.network, now);
    const period = running === null ? null : periodOf(ports.network, running);
    waiting = period === null;
    if (period === null) return null;
    if (due) planned = nextTick(period, now);
    return planned;
  }

  return {
    table: [
      { name: 'tick', run: tick },
      { name: 'publish', run: (now) => publisher.run(now) },
      { name: 'forget', run: (now) => forgetOld(ports, now) },
    ],
    waitsForTerms: () => waiting,
  };
}
