import { expect } from 'chai';
import fc from 'fast-check';
import type { Flag } from '../../core/wire/consensus.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import { judgeAll, type GuardReason } from '../../directory/flags/decide.ts';
import { explain } from '../../directory/flags/explain.ts';
import { observe, neverAsked, type Uptime } from '../../directory/state/uptime.ts';
import type { KnownRelay } from '../../directory/state/decide.ts';
import { GENESIS, givenParameters, givenRelay, stateOf, upFor } from './given.ts';

const DAY = 24 * 3600;
const now = GENESIS;
const parameters = givenParameters();
const thresholds = parameters.flags;

const judged = (relays: readonly KnownRelay[]) => judgeAll(stateOf(relays), parameters, now);
const flagsOf = (relays: readonly KnownRelay[], at = 0): readonly Flag[] => judged(relays)[at]!.flags;
const missing = (relays: readonly KnownRelay[], at = 0): GuardReason[] =>
  explain(judged(relays)[at]!).guard.missing.map((one) => one.code);

/** A relay that by itself has every flag. */
const good = (name: string, changes: Partial<KnownRelay> = {}, said: Partial<Descriptor> = {}) =>
  givenRelay(name, { firstSeen: now - 9 * DAY, uptime: upFor(9 * DAY, now), ...changes }, said);
/** Enough better ones that no relative rule helps the first relay. */
const better = (said: Partial<Descriptor> = {}, changes: Partial<KnownRelay> = {}) =>
  Array.from({ length: 16 }, (_, index) =>
    good(
      `better${index}`,
      { firstSeen: now - 10 * DAY, uptime: upFor(10 * DAY, now), ...changes },
      { bandwidth: 90_000_000, ...said },
    ),
  );

describe('directory/flags', () => {
  it('gives every flag to a relay alone, however young: the relative rules are about the others', () => {
    const young = givenRelay('a', { firstSeen: now, uptime: upFor(0, now) }, { bandwidth: 4000 });
    const uptime = observe(neverAsked, { reached: true, at: now, knownSince: now, halfLifeSec: 100, spanMaxSec: 40 });
    expect(flagsOf([{ ...young, uptime }])).deep.equal(['Exit', 'Fast', 'Guard', 'Running', 'Stable', 'Valid']);
  });

  it('takes Exit and the wish for Guard from the descriptor', () => {
    expect(flagsOf([good('a', {}, { isExit: false })])).deep.equal(['Fast', 'Guard', 'Running', 'Stable', 'Valid']);
    expect(flagsOf([good('a', {}, { wantsGuard: false })])).deep.equal(['Exit', 'Fast', 'Running', 'Stable', 'Valid']);
    expect(missing([good('a', {}, { wantsGuard: false })])).deep.equal(['not-wanted']);
  });

  it('gives Running for runningSec after it was reached, and nothing that needs it later', () => {
    const reached = (ago: number) => good('a', { uptime: { ...upFor(9 * DAY, now), reachedAt: now - ago } });
    expect(flagsOf([reached(thresholds.runningSec)])).include('Running');
    expect(flagsOf([reached(thresholds.runningSec + 1)])).deep.equal(['Exit', 'Valid']);
    expect(flagsOf([givenRelay('a')])).deep.equal(['Exit', 'Valid']);
  });

  it('gives Fast to the top seven eighths, or from fastBandwidth on', () => {
    const at = (bandwidth: number) => flagsOf([good('a', {}, { bandwidth }), ...better()]);
    expect(at(thresholds.fastBandwidth)).include('Fast');
    expect(at(thresholds.fastBandwidth - 1)).not.include('Fast');
    // Eight relays, all slow: only the slowest is not in the top seven eighths.
    const slow = Array.from({ length: 8 }, (_, index) => good(`slow${index}`, {}, { bandwidth: 4000 + index }));
    expect(judged(slow).map((one) => one.flags.includes('Fast'))).deep.equal([false, ...Array(7).fill(true)]);
  });

  it('gives Stable from the median on, or from stableMtbfSec on', () => {
    const at = (seconds: number) => flagsOf([good('a', { uptime: upFor(seconds, now) }), ...better()]);
    expect(at(thresholds.stableMtbfSec)).include('Stable');
    expect(at(thresholds.stableMtbfSec - 1)).not.include('Stable');
    const young = [1, 2, 3, 4].map((hours) => good(`young${hours}`, { uptime: upFor(hours * 3600, now) }));
    expect(judged(young).map((one) => one.flags.includes('Stable'))).deep.equal([false, true, true, true]);
  });

  it('gives Guard to the familiar: an eighth came later, or known for guardKnownSec', () => {
    const at = (seconds: number) => missing([good('a', { firstSeen: now - seconds }), ...better()]);
    expect(at(thresholds.guardKnownSec)).deep.equal([]);
    expect(at(thresholds.guardKnownSec - 1)).deep.equal(['not-familiar']);
    const young = Array.from({ length: 8 }, (_, index) => good(`young${index}`, { firstSeen: now - index }));
    expect(judged(young).map((one) => one.flags.includes('Guard'))).deep.equal([false, ...Array(7).fill(true)]);
  });

  it('gives Guard by weighted uptime: the median of the familiar, or guardUptimeThousandths', () => {
    const of = (up: bigint, total: bigint): Uptime => ({ ...upFor(9 * DAY, now), up, total });
    const at = (up: bigint) => missing([good('a', { uptime: of(up, 1_000_000n) }), ...better()]);
    expect(at(980_000n)).deep.equal([]);
    expect(at(979_999n)).deep.equal(['uptime']);
    const bad = [1n, 2n, 3n, 4n].map((up) => good(`bad${up}`, { uptime: of(up, 10n) }));
    expect(judged(bad).map((one) => one.flags.includes('Guard'))).deep.equal([false, true, true, true]);
  });

  it('gives Guard by bandwidth: the top quarter, or guardBandwidth', () => {
    const at = (bandwidth: number) => missing([good('a', {}, { bandwidth }), ...better()]);
    expect(at(thresholds.guardBandwidth)).deep.equal([]);
    expect(at(thresholds.guardBandwidth - 1)).deep.equal(['bandwidth']);
    const slow = Array.from({ length: 8 }, (_, index) => good(`slow${index}`, {}, { bandwidth: 200_000 + index }));
    expect(judged(slow).map((one) => one.flags.includes('Guard'))).deep.equal([...Array(6).fill(false), true, true]);
  });

  it('says with numbers what is missing', () => {
    const one = explain(judged([good('a', {}, { bandwidth: 1_999_999 }), ...better()])[0]!);
    expect(one.guard.has).equal(false);
    expect(one.guard.missing).deep.equal([
      { code: 'bandwidth', text: one.guard.missing[0]!.text, has: 1_999_999, needs: 2_000_000 },
    ]);
  });

  it('does not let relays that are down set thresholds', () => {
    const down = better({}, { uptime: { ...upFor(10 * DAY, now), reachedAt: now - DAY } });
    expect(flagsOf([good('a', { firstSeen: now, uptime: upFor(1, now) }, { bandwidth: 4000 }), ...down])).include('Guard');
  });

  it('does not let a crowd of relays that carry nothing lower them', () => {
    const crowd = (bandwidth: number) => Array.from({ length: 99 }, (_, index) => good(`crowd${index}`, {}, { bandwidth }));
    const slow = (more: readonly KnownRelay[]) => missing([good('a', {}, { bandwidth: 50_000 }), ...better(), ...more]);
    expect(slow(crowd(3_999))).deep.equal(['not-fast', 'bandwidth']);
    expect(slow(crowd(4_000))).deep.equal([]);
  });

  it('never takes Guard from a relay for more uptime or bandwidth', () => {
    const relay = fc.record({
      up: fc.integer({ min: 0, max: 1000 }),
      run: fc.integer({ min: 0, max: 12 * DAY }),
      known: fc.integer({ min: 0, max: 12 * DAY }),
      bandwidth: fc.integer({ min: 0, max: 4_000_000 }),
    });
    const make = (one: { up: number; run: number; known: number; bandwidth: number }, index: number) =>
      good(
        `r${index}`,
        { firstSeen: now - one.known, uptime: { ...upFor(one.run, now), up: BigInt(one.up), total: 1000n } },
        { bandwidth: one.bandwidth },
      );
    let guards = 0;
    fc.assert(
      fc.property(fc.array(relay, { minLength: 1, maxLength: 8 }), relay, (all, more) => {
        const first = all[0]!;
        const raised = {
          up: Math.max(first.up, more.up),
          run: Math.max(first.run, more.run),
          // Being known longer changes of whom the median is taken, and so what uptime is asked for.
          known: first.known,
          bandwidth: Math.max(first.bandwidth, more.bandwidth),
        };
        if (!flagsOf(all.map(make)).includes('Guard')) return;
        guards += 1;
        expect(flagsOf([raised, ...all.slice(1)].map(make))).include('Guard');
      }),
      { seed: 1, numRuns: 300 },
    );
    expect(guards).greaterThan(20);
  });

  it('gives a relay that was always there every flag that it has with some probes missed', () => {
    const rounds = (missed: readonly boolean[]): Uptime =>
      missed.reduce<Uptime>(
        (before, miss, index) =>
          observe(before, {
            reached: !miss,
            at: now - (missed.length - 1 - index) * 600,
            knownSince: now - missed.length * 600,
            halfLifeSec: 43_200,
            spanMaxSec: 1200,
          }),
        neverAsked,
      );
    const others = Array.from({ length: 3 }, (_, index) => good(`other${index}`, { uptime: upFor((index + 1) * 3600, now) }));
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 2, maxLength: 30 }), (missed) => {
        const some = flagsOf([good('a', { uptime: rounds(missed) }), ...others]);
        const always = flagsOf([good('a', { uptime: rounds(missed.map(() => false)) }), ...others]);
        expect(always).include.members([...some]);
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});
