/*
 * One seed from beginning to end: its plan carried out under a driven clock, looked at every half an hour and audited after each BST
 * and at the end. A number in; what happened, and what is wrong, out. Called by main.ts, worker.ts and the specs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scheduleOf } from '../../core/rule/interval.ts';
import { audit } from '../audit/audit.ts';
import { createDeeds } from './deeds.ts';
import { liarOf } from './liar.ts';
import { planOf, relayNames, type SeedPlan } from './plan.ts';
import { auditRecord } from './record.ts';
import { replay } from './replay.ts';
import { authorityName, openTown, type Town } from './town.ts';
import { auditEnds, countSettled } from './ends.ts';
import { auditSubscribers } from './subscribers.ts';
import { createWatch } from './watch.ts';

export interface SeedOutcome {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  readonly home: string;
}

export interface SeedOptions {
  /** Takes the roles' logs. */
  readonly log?: (line: string) => void;
  /** Leaves the disks where they are, for whoever looks for a reason. */
  readonly keep?: boolean;
}

/** Memory is faster than a disk, and holds a seed easily. */
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const LOOK_SEC = 1800;

/** One for all seeds of a process, and gone with it. */
function templatesOfProcess(): string {
  const folder = join(place, `ptg-seed-templates-${process.pid}`);
  if (!existsSync(folder)) process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedOutcome> {
  const plan = planOf(seed);
  const home = await mkdtemp(join(place, 'ptg-seed-'));
  const town = await openTown(plan, {
    ...{ home, templates: templatesOfProcess(), ...options },
    tamper: (name, count) => liarOf(home, plan, name, count),
  });
  try {
    const faults = await live(plan, town);
    return { seed, faults: [...new Set([...town.faults, ...faults])], counts: town.counts, home };
  } catch (thrown) {
    return { seed, faults: [`thrown: ${(thrown as Error).stack ?? String(thrown)}`], counts: town.counts, home };
  } finally {
    await town.close();
    if (options.keep !== true) await rm(home, { recursive: true, force: true });
  }
}

async function live(plan: SeedPlan, town: Town): Promise<string[]> {
  const { parameters, intervals } = plan;
  const faults: string[] = [];
  const deeds = createDeeds(plan, town);
  const watch = createWatch();
  const note = (when: string, found: readonly string[]): void => void faults.push(...found.map((fault) => `${when}: ${fault}`));
  const lenient = (): Set<string> => new Set([...plan.liars.keys(), ...town.restored]);
  const look = async (): Promise<void> => {
    const found = await watch.look({
      ...{ home: town.home, relays: relayNames, parameters, lenient: lenient() },
      clockOf: (name) => town.clock.now() + (plan.offsets.get(name) ?? 0),
      nameOf: (id) => town.world.relayName(id),
      isFamily: (a, b) => isFamily(plan, a, b),
      isFirstHop: (name) => plan.relays.some((one) => one.name === name && one.guard),
    });
    note(`at ${town.clock.now() - parameters.genesis}`, found);
    town.count('look');
  };
  const auditNow = async (when: string): Promise<void> => {
    // The docket is asked of the authority, which may be slow.
    if (!town.isUp(authorityName)) return town.plan(town.clock.now() + 300, () => auditNow(when));
    const issued = [...plan.relays.map((one) => one.opening), ...plan.subscribers.map((one) => one.purse)].reduce(
      (a, b) => a + b,
      0n,
    );
    const subscribers = plan.subscribers.map((one) => one.name);
    const given = { home: town.home, authority: authorityName, relays: relayNames, subscribers, issued, lenient: lenient() };
    note(
      when,
      (await audit(given)).filter((fault) => !isForgotten(plan, town, fault)),
    );
    await look();
    note(when, await auditRecord(plan, town));
    town.count('audit');
  };

  await town.advance(parameters.genesis);
  town.wire.begin();
  for (const { at, deed } of plan.deeds) town.plan(at, () => deeds.run(deed));
  const last = scheduleOf(parameters, intervals - 1);
  for (let at = parameters.genesis + LOOK_SEC; at < last.bst; at += LOOK_SEC) town.plan(at, look);
  for (let interval = 0; interval < intervals; interval += 1) {
    const { bst } = scheduleOf(parameters, interval);
    town.plan(bst + 1200, () => auditNow(`after BST ${interval}`));
  }
  await town.advance(last.paymentEnd + 1800);
  await town.calm();
  await town.advance(last.appealEnd + 2 * parameters.consensusSec);
  await countSettled(plan, town);
  await auditNow('at the end');
  note('at the end', await auditEnds(town, new Set(plan.liars.keys())));
  note('at the end', await auditSubscribers(plan, town, lenient(), deeds.carried));
  note('at the end', await replay(town, town.wire.kept, { liars: [...plan.liars.keys()].map(town.world.relayId) }));
  return faults;
}

/** Rule 14: an issuer that was there has deleted what a holder that was away has not yet. */
function isForgotten(plan: SeedPlan, town: Town, fault: string): boolean {
  const interval = / of interval ([0-9]+) with .* was never issued$/.exec(fault)?.[1];
  const { parameters } = plan;
  return interval !== undefined && town.clock.now() + parameters.skewSec >= scheduleOf(parameters, Number(interval)).appealEnd;
}

function isFamily(plan: SeedPlan, a: string, b: string): boolean {
  const familyOf = (name: string) => plan.relays.find((one) => one.name === name)?.family ?? null;
  return familyOf(a) !== null && familyOf(a) === familyOf(b);
}
