/*
 * The words of a control line: `METHODS=COOKIE,SAFECOOKIE COOKIEFILE="/a b"` in; its arguments by name and those without one, out.
 * Quoted strings both ways (control-spec, QuotedString). Pure. Called by control/authenticate.ts, reading/cells.ts
 * and torrc/settings.ts.
 */

export interface Words {
  readonly plain: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

/** Null where the text is not words apart by one space, a quote does not end, or a name stands twice. */
export function wordsOf(text: string): Words | null {
  const plain: string[] = [];
  const named = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    const [, name] = matchAt(/([A-Za-z][A-Za-z0-9_-]*)=/y, text, at) ?? [];
    if (name !== undefined) at += name.length + 1;
    const value = text[at] === '"' ? quotedAt(text, at) : bareAt(text, at);
    if (value === null || (name === undefined && value.end === at)) return null;
    at = value.end;
    if (name === undefined) plain.push(value.text);
    else if (named.has(name)) return null;
    else named.set(name, value.text);
    if (at < text.length && text[at] !== ' ') return null;
    if (at === text.length - 1) return null;
    at += 1;
  }
  return { plain, named };
}

export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')}"`;
}

/** What the quotes hold; what stands in none as it is. */
export function unquoted(text: string): string {
  const value = text.startsWith('"') ? quotedAt(text, 0) : null;
  return value === null ? text : value.text;
}

interface Value {
  readonly text: string;
  readonly end: number;
}

function bareAt(text: string, at: number): Value | null {
  const [bare = ''] = matchAt(/[^ "]*/y, text, at) ?? [];
  return { text: bare, end: at + bare.length };
}

function quotedAt(text: string, at: number): Value | null {
  const [whole] = matchAt(/"(?:[^"\\]|\\[\s\S])*"/y, text, at) ?? [];
  if (whole === undefined) return null;
  const plain = whole.slice(1, -1).replace(/\\([0-7]{1,3}|[\s\S])/g, (_, escaped: string) => unescaped(escaped));
  return { text: plain, end: at + whole.length };
}

function unescaped(escaped: string): string {
  if (/^[0-7]/.test(escaped)) return String.fromCharCode(parseInt(escaped, 8) & 0xff);
  return { n: '\n', r: '\r', t: '\t' }[escaped] ?? escaped;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
