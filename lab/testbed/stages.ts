/*
 * The furniture of a testbed: its stages, each told when it begins and when it ends with the seconds that it took, and its checks of what
 * must add up. Used by the runs beside this file; printed by cli/testbed.ts.
 */
import { refuser } from '../../core/refusal.ts';
import { pause, stopwatch } from '../../host/clock.ts';
import { refusalLines } from '../../host/config.ts';

export interface TestbedOptions {
  /** An empty folder: its nodes, their logs, and the data of the other programs that it starts. */
  readonly home: string;
  /** Progress, for a person; null where nobody reads it. */
  readonly say: ((text: string) => void) | null;
  /** Becomes true when the person wants it to end. */
  readonly ended: () => boolean;
  /** It is taken down as soon as everything is shown. */
  readonly once: boolean;
}

/** A stage that is done. */
export interface StageLine {
  readonly stage: string;
  readonly seconds: number;
  /** What came of it, in words; empty where its name says it. */
  readonly told: string;
}

/** Something that was reckoned in two ways, or promised and seen. */
export interface CheckLine {
  readonly what: string;
  readonly expected: string;
  readonly found: string;
  readonly adds: boolean;
}

/** What every testbed gives; the ones beside this file add their tables. */
export interface TestbedOutcome {
  readonly stages: readonly StageLine[];
  readonly checks: readonly CheckLine[];
}

export interface Stages extends TestbedOutcome {
  /** One stage; what it throws ends the testbed. */
  run<T>(stage: string, work: () => Promise<T>, tell?: (value: T) => string): Promise<T>;
  /** One check: kept, whether it adds up or not, and told where it does not. */
  check(what: string, expected: bigint | number | string, found: bigint | number | string): void;
  /** Between the steps of a long stage: throws when the person wants it to end. */
  unlessEnded(what: string): void;
  /** The first answer of `look` that is not null; refused when it does not come within so many seconds. */
  awaited<T>(what: string, seconds: number, look: () => Promise<T | null>): Promise<T>;
}

export const testbedRefusals = {
  'testbed-late': {
    retry: true,
    text: 'the testbed waited for something that did not come',
    remedy: 'run it again with --keep DIR, and read the log in that folder',
  },
  'testbed-ended': { retry: true, text: 'the testbed was ended before it was done', remedy: 'run it again' },
} as const;
const refuse = refuser(testbedRefusals);

/** Between two looks. */
const LOOK_MS = 50;

export function createStages({ say, ended }: Pick<TestbedOptions, 'say' | 'ended'>): Stages {
  const stages: StageLine[] = [];
  const checks: CheckLine[] = [];
  const unlessEnded = (what: string): void => {
    if (ended()) throw new Error(refusalLines(refuse('testbed-ended', what).refusal));
  };
  return {
    stages,
    checks,
    unlessEnded,
    async run(stage, work, tell = () => '') {
      unlessEnded(stage);
      say?.(`${stage} ... `);
      const seconds = stopwatch();
      try {
        const value = await work();
        const line = { stage, seconds: seconds(), told: tell(value) };
        stages.push(line);
        say?.(`${secondsText(line.seconds)}${line.told === '' ? '' : `: ${line.told}`}\n`);
        return value;
      } catch (thrown) {
        say?.(`failed after ${secondsText(seconds())}\n`);
        throw thrown;
      }
    },
    check(what, expected, found) {
      const line = { what, expected: String(expected), found: String(found), adds: expected === found };
      checks.push(line);
      if (!line.adds) say?.(`NOT so: ${what}: expected ${line.expected}, found ${line.found}\n`);
    },
    async awaited(what, patience, look) {
      const seconds = stopwatch();
      for (;;) {
        unlessEnded(what);
        const found = await look();
        if (found !== null) return found;
        if (seconds() > patience) throw new Error(refusalLines(refuse('testbed-late', what).refusal));
        await pause(LOOK_MS);
      }
    },
  };
}

export function secondsText(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

/** Whether every check adds up; one that checked nothing does not. */
export function addsUp({ checks }: TestbedOutcome): boolean {
  return checks.length > 0 && checks.every((one) => one.adds);
}
