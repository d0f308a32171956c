/*
 * What a refusal is. Bad input is answered with one of these, returned and never thrown; bugs are thrown by invariant().
 * Each object's codes stand in its own file and are joined in refusals.ts; host/http alone maps them to status codes.
 */

/** One entry of an object's table of refusals, in the order in which the checks are made. */
export interface RefusalRule {
  /** Whether the same request may succeed later without being changed. */
  readonly retry: boolean;
  /** What is wrong, for a person. */
  readonly text: string;
  /** What to do next, for a person. */
  readonly remedy: string;
}

export type RefusalTable = Readonly<Record<string, RefusalRule>>;

/** A refusal as it is returned and sent: `about` names the thing refused (an id, a field). */
export interface Refusal {
  readonly code: string;
  readonly about: string;
  readonly retry: boolean;
  readonly text: string;
  readonly remedy: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** `refuser(table)` gives the function with which a file refuses: its codes are checked by the compiler. */
export function refuser<T extends RefusalTable>(table: T) {
  return (code: keyof T & string, about: string): { readonly ok: false; readonly refusal: Refusal } => {
    const rule = table[code] as RefusalRule;
    return { ok: false, refusal: { code, about: sayable(about), retry: rule.retry, text: rule.text, remedy: rule.remedy } };
  };
}

/** More than this of a stranger's text is not given back; whoever reads a refusal takes no more (host/http/refusals.ts). */
const ABOUT_CHARS_MAX = 1000;

/** A refusal is sent as JSON, which cannot say half a character: a stranger may have sent one, and cutting a text makes one. */
function sayable(about: string): string {
  return about.slice(0, ABOUT_CHARS_MAX).replace(/\p{Surrogate}/gu, '\ufffd');
}

/** Crashes on a bug: what must hold whatever anybody sends. */
export function invariant(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`invariant broken: ${what}`);
}
