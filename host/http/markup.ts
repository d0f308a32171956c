/*
 * Text into HTML and XML: a tagged template in which every value is escaped unless it is markup already. What comes off the wire is
 * never markup, so nothing that a relay or subscriber wrote is. Called by every page of every role.
 */
const text = Symbol('markup');

export interface Markup {
  readonly [text]: string;
}
export type Value = string | number | bigint | Markup | readonly Value[] | null;

export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return { [text]: parts.map((part, index) => (index === 0 ? part : textOf(values[index - 1] ?? null) + part)).join('') };
}

/** The whole document. */
export function documentOf(one: Markup): string {
  return one[text];
}

function textOf(value: Value): string {
  if (value === null) return '';
  if (isList(value)) return value.map(textOf).join('');
  return typeof value === 'object' ? value[text] : escapeText(String(value));
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** What no document may hold (XML 1.0), and what turns text around or hides in it, is shown by its number. */
const unseen =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]|[\ud800-\udfff]/gu;

export function escapeText(raw: string): string {
  const shown = raw.replace(unseen, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return shown.replace(/[&<>"'`]/g, (one) => `&#${one.charCodeAt(0)};`);
}
