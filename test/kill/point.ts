/*
 * One point: a journey from its snapshot, in which one node dies at the k-th point after the journey's beginning, is started again,
 * and runs on to the end; then what the auditor and the comparison with an unkilled run say. Called by worker.ts.
 */
import { cp, rm } from 'node:fs/promises';
import { authorityName } from '../../lab/world.ts';
import { audit } from '../audit/audit.ts';
import { atRisk, differences } from './bounds.ts';
import type { Journey } from './journeys.ts';
import { openNetwork } from './network.ts';
import { subscriber } from './person.ts';
import type { UnderTest } from './nodes.ts';
import type { Snapshot } from './snapshot.ts';
import { readState, type State } from './state.ts';

export interface PointGiven {
  readonly journey: Journey;
  readonly part: string;
  /** Null: it lives, and its points are counted. */
  readonly at: number | null;
  readonly snapshot: Snapshot;
  readonly under: Omit<UnderTest, 'name'>;
  /** A folder of this point's own. */
  readonly home: string;
  /** Of an unkilled run. */
  readonly expected: State | null;
}

export interface PointTried {
  /** What it was at when it died, each time; none where this run had fewer points. */
  readonly deaths: readonly string[];
  /** Points of a run in which nobody died. */
  readonly count: number | null;
  readonly faults: readonly string[];
  /** It lost the one step that was at risk. */
  readonly lost: boolean;
  readonly state: State;
}

export async function tryPoint(given: PointGiven): Promise<PointTried> {
  const { journey, part, at, snapshot, home, expected } = given;
  const name = journey.parts[part] as string;
  await rm(home, { recursive: true, force: true });
  await cp(snapshot.folder, home, { recursive: true });
  const { names, now } = snapshot;
  const under = { name, ...given.under };
  const network = await openNetwork({ home, names, now, parameters: journey.parameters, under }).catch(
    async (thrown: unknown) => {
      await under.process.end();
      await under.again?.process.end();
      throw thrown;
    },
  );
  const faults: string[] = [];
  let count: number | null = null;
  try {
    await network.arm(at);
    await journey.run(network);
    count = await network.disarm();
    await journey.finish(network);
  } catch (thrown) {
    faults.push(thrown instanceof Error ? thrown.message : String(thrown));
  } finally {
    await network.stop().catch((thrown: unknown) => faults.push(`does not stop: ${String(thrown)}`));
  }
  const deaths = network.deaths();
  const state = await readState(home);
  const relays = journey.relays.map((one) => one.name);
  const issued = journey.relays.reduce((sum, one) => sum + one.opening, journey.purse);
  faults.push(...(await audit({ home, authority: authorityName, relays, subscribers: [subscriber], issued })));
  const allowed = expected === null || journey.name !== 'tick' ? expected : atRisk(part, expected, state, deaths.length);
  if (allowed !== null) faults.push(...differences(allowed, state));
  const lost = expected !== null && faults.length === 0 && differences(expected, state).length > 0;
  return { deaths, count, faults, lost, state };
}
