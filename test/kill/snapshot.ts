/*
 * A journey's beginning on disk: its network founded, driven to where the journey begins, and stopped. Every point starts on a copy of
 * it. Called by worker.ts, once a journey.
 */
import { mkdir, rm } from 'node:fs/promises';
import { drivenClock } from '../../host/clock.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import { authorityName, createWorld } from '../../lab/world.ts';
import { EPOCH, type Journey } from './journeys.ts';
import { openNetwork } from './network.ts';
import { subscriber } from './person.ts';

export interface Snapshot {
  readonly folder: string;
  readonly names: readonly string[];
  /** The second at which the journey begins. */
  readonly now: number;
}

export async function makeSnapshot(journey: Journey, folder: string): Promise<Snapshot> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { parameters, relays, purse } = journey;
  const names = [authorityName, ...relays.map((one) => one.name), subscriber];
  const world = await createWorld({
    ...{ home: folder, inMemory: false, networkId: `kill-${journey.name}`, parameters, relays },
    ...{ subscribers: [{ name: subscriber, purse }], clock: drivenClock(EPOCH), log: () => silentLog() },
    entropy: (name) => seededEntropy(`${journey.name} ${name}`),
  });
  await world.stop();
  const network = await openNetwork({ home: folder, names, now: EPOCH, parameters, under: null });
  try {
    await network.advance(parameters.genesis);
    await journey.prepare(network);
  } finally {
    await network.stop();
  }
  return { folder, names, now: network.now() };
}
