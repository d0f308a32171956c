/*
 * A line of `ptg doctor`: what was looked at and how it is in; the finding out. Called by whatever looks at a node.
 */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly seen: string;
  /** What to do; null where nothing is. */
  readonly remedy: string | null;
}

export const good = (what: string, seen: string): Finding => ({ what, state: 'ok', seen, remedy: null });
export const poor = (what: string, seen: string, remedy: string): Finding => ({ what, state: 'warn', seen, remedy });
export const bad = (what: string, seen: string, remedy: string): Finding => ({ what, state: 'fail', seen, remedy });
