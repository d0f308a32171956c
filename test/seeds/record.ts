/*
 * What the public record says of honest relays: whatever others file, no contest against one that was there costs it anything, and a
 * guard that was always there keeps its flag. A plan and its town in; faults in words out. Called by run.ts.
 */
import { z } from 'zod';
import { scheduleOf } from '../../core/rule/interval.ts';
import { need, readContests, type Contested } from '../../lab/report.ts';
import type { SeedPlan } from './plan.ts';
import type { Absence, Town } from './town.ts';

/** So long away around its payments, or while it should answer, and a contest is its own fault. */
const AWAY_MAX = 300;

const shown = z.object({
  relays: z.array(z.object({ nickname: z.string(), guard: z.object({ missing: z.array(z.object({ code: z.string() })) }) })),
});

export async function auditRecord(plan: SeedPlan, town: Town): Promise<string[]> {
  const contests = await readContests(town.world);
  return [...contests.flatMap((one) => auditContest(plan, town, one)), ...(await auditFlags(plan, town))];
}

function isHonest(plan: SeedPlan, name: string): boolean {
  // Who has no capital is late when its debtors are.
  return !plan.poor.has(name) && !plan.liars.has(name) && !plan.defaulters.has(name);
}

/** Dismissed and withdrawn cost the accused nothing; what is open may still be answered. */
export function auditContest(plan: SeedPlan, town: Town, one: Contested): string[] {
  const { contestant, accused, interval, amount, state } = one;
  const costs = state === 'upheld' || state === 'late';
  const { cutOff, appealEnd } = scheduleOf(plan.parameters, interval);
  const away = awaySec(town.absences.get(accused) ?? [], cutOff, Math.min(appealEnd, town.clock.now()));
  if (!costs || away > AWAY_MAX || !isHonest(plan, accused)) return [];
  return [`honest ${accused} is contested by ${contestant} for ${amount} of interval ${interval}: ${state}`];
}

/** Who is not reached by the authority's probes loses it as in Tor: that is no fault of the world's. */
async function auditFlags(plan: SeedPlan, town: Town): Promise<string[]> {
  const { world } = town;
  const { relays } = need(await world.authority.http.get(`${world.network.authorities[0]!.url}/directory/relays`, shown));
  const { drop, lose, late } = plan.rates;
  const isReached = drop + lose + late === 0;
  return relays.flatMap(({ nickname, guard }) => {
    const isGuard = plan.relays.some((one) => one.name === nickname && one.guard);
    const isSteady = isHonest(plan, nickname) && (town.absences.get(nickname) ?? []).length === 0;
    const codes = guard.missing.map(({ code }) => code).filter((code) => code === 'contested' || isReached);
    return isGuard && isSteady && codes.length > 0
      ? [`honest ${nickname} was always there, and has no Guard flag: ${codes.join(', ')}`]
      : [];
  });
}

export function awaySec(absences: readonly Absence[], from: number, until: number): number {
  return absences.reduce((sum, one) => sum + Math.max(0, Math.min(one.until, until) - Math.max(one.from, from)), 0);
}
