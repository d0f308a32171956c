/*
 * Who has Guard in the newest consensus (rule 12 asks whether a relay had it), and who had it in the terms of each interval (rule 10,
 * policy `guards`). Consensus entries in, sets of ids out. Called by the fold.
 */
import { scheduleOf } from '../../core/rule/interval.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { LogEntry } from '../log/entry.ts';

export interface GuardsDraft {
  readonly parameters: Parameters | null;
  readonly terms: ReadonlyMap<number, Terms>;
  guards: ReadonlySet<string>;
  readonly guardsOf: Map<number, ReadonlySet<string>>;
}

type ConsensusEntry = Extract<LogEntry, { kind: 'consensus' }>;

export function takeGuards(draft: GuardsDraft, { guards, validAfter, at }: ConsensusEntry): void {
  if (guards !== undefined && guards.gained.length + guards.lost.length > 0) {
    const lost = new Set(guards.lost);
    draft.guards = new Set([...draft.guards, ...guards.gained].filter((id) => !lost.has(id)));
  }
  const genesis = draft.parameters?.genesis ?? 0;
  for (const [interval, { parameters }] of draft.terms) {
    if (scheduleOf(parameters, interval).contestEnd <= at) draft.guardsOf.delete(interval);
    // The first consensus that carries the terms; those of interval 0 are fixed anew by each until genesis.
    else if (!draft.guardsOf.has(interval) || (interval === 0 && validAfter <= genesis)) {
      draft.guardsOf.set(interval, draft.guards);
    }
  }
}

/** What a consensus in which these have Guard changes. */
export function changeOfGuards(before: ReadonlySet<string>, after: ReadonlySet<string>): { gained: string[]; lost: string[] } {
  return {
    gained: [...after].filter((id) => !before.has(id)).sort(),
    lost: [...before].filter((id) => !after.has(id)).sort(),
  };
}
