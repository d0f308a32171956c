/*
 * The directory's jobs. `probe` and `consensus` run each consensusSec; `greet` when somebody has published; `verdict` at the end of
 * each case's appeal window; `middle-only` after each consensus, beside a Tor authority.
 */
import type { Parameters } from '../core/wire/parameters.ts';
import type { Job } from '../host/jobs.ts';
import type { Consensuses } from './consensus/flow.ts';
import { notAskedSince, roundAt, secondLook, toGreet } from './probe/decide.ts';
import type { Probes } from './probe/flow.ts';
import type { TorSide } from './tor/flow.ts';
import type { Verdicts } from './verdict/flow.ts';

export interface Worked {
  readonly probes: Probes;
  readonly consensuses: Consensuses;
  readonly verdicts: Verdicts;
  readonly torSide: TorSide;
}

export function directoryJobs(parameters: Parameters, { probes, consensuses, verdicts, torSide }: Worked): readonly Job[] {
  return [
    {
      name: 'probe',
      async run(now) {
        const round = roundAt(parameters, now);
        if (now < round) return round;
        const again = secondLook(parameters, round);
        await probes.ask((state) => notAskedSince(state, round, now), now < again ? 'asked again' : 'written');
        return now < again ? again : round + parameters.consensusSec;
      },
    },
    {
      name: 'greet',
      async run(now) {
        await probes.ask((state) => toGreet(state, now));
        return null;
      },
    },
    { name: 'consensus', run: (now) => consensuses.make(now) },
    { name: 'verdict', run: (now) => verdicts.decideDue(now) },
    { name: 'middle-only', run: (now) => torSide.put(now) },
  ];
}
