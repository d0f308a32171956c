/*
 * Which terms a consensus fixes and carries. State, the time it becomes valid and the relays counted in; terms out. Those of an
 * interval are fixed once, before it begins; of interval 0 by each consensus anew until genesis. Pure; called by decide.ts.
 */
import { invariant } from '../../core/refusal.ts';
import { encode } from '../../core/wire/codec.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Terms } from '../../core/wire/terms.ts';
import { intervalAt, intervalEnd, nextTermsFrom } from '../../core/rule/interval.ts';
import type { DirectoryState } from '../state/decide.ts';

/** |N| and |E|. */
export interface Counts {
  readonly relays: bigint;
  readonly exits: bigint;
}

/** `counts` is null when no ratio can be made of the relays that run. */
export function termsToFix(state: DirectoryState, parameters: Parameters, slot: number, counts: Counts | null): Terms[] {
  const running = intervalAt(parameters, slot);
  const fixed: Terms[] = [];
  const before = newestTerms(state, running);
  const fix = (interval: number, numbers: Counts | null): void => {
    invariant(numbers !== null, 'a consensus is made only when its terms can be');
    fixed.push({ networkId: state.networkId ?? '', interval, parameters, relays: numbers.relays, exits: numbers.exits });
  };
  if (slot < parameters.genesis) fix(running, counts ?? before);
  // Nobody fixed them in time: what held before holds on, prices too, whoever happens to be up after a long silence.
  else if (!state.terms.has(running) && before !== null) fixed.push({ ...before, interval: running });
  else if (!state.terms.has(running)) fix(running, counts);
  if (carriesNext(parameters, slot) && !state.terms.has(running + 1)) fix(running + 1, counts ?? fixed[0] ?? before);
  return fixed.filter((one) => !same(one, state.terms.get(one.interval)));
}

/** Of the running interval, and in its last quarter of the next. */
export function termsToCarry(state: DirectoryState, parameters: Parameters, slot: number): Terms[] {
  const running = intervalAt(parameters, slot);
  const wanted = carriesNext(parameters, slot) ? [running, running + 1] : [running];
  return wanted.flatMap((interval) => state.terms.get(interval) ?? []);
}

export function fixedRatio(parameters: Parameters): Counts | null {
  const ratio = parameters.exitRatio;
  return ratio === null ? null : { relays: ratio[0], exits: ratio[1] };
}

/** In the last quarter; and where no consensus falls into it, in the last one before the interval's end. */
function carriesNext(parameters: Parameters, slot: number): boolean {
  if (slot < parameters.genesis) return false;
  const running = intervalAt(parameters, slot);
  return slot >= nextTermsFrom(parameters, running) || slot + parameters.consensusSec >= intervalEnd(parameters, running);
}

function newestTerms(state: DirectoryState, upTo: number): Terms | null {
  let newest: Terms | null = null;
  for (const one of state.terms.values()) {
    if (one.interval <= upTo && (newest === null || one.interval > newest.interval)) newest = one;
  }
  return newest;
}

function same(a: Terms, b: Terms | undefined): boolean {
  return b !== undefined && encode(a) === encode(b);
}
