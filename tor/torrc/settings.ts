/*
 * What a torrc sets: its lines, or what a running tor answers to GETCONF, in; the values of each option, in order, out. Pure. Called by
 * check.ts and by `ptg doctor`.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import type { Reply } from '../control/reply.ts';
import { unquoted } from '../control/words.ts';

export interface Setting {
  readonly value: string;
  /** As a person finds it: file and line; null of a running tor. */
  readonly at: string | null;
}

/** Tor takes an option's name in any case: here it is lower. */
export interface Settings {
  of(option: string): readonly Setting[];
  /** The files that it takes in besides, which were not read. */
  readonly includes: readonly Setting[];
}

export interface TorrcText {
  readonly name: string;
  readonly text: string;
}

export const torrcRefusals = {
  'torrc-unreadable': {
    retry: false,
    text: 'a torrc cannot be read, or is larger than any',
    remedy: 'correct its name; run ptg as a user who may read it',
  },
  'torrc-line': {
    retry: false,
    text: 'a line of a torrc is none that tor would take',
    remedy: 'correct it: tor --verify-config says what it has against it',
  },
} as const;
export const refuseTorrc = refuser(torrcRefusals);

/** A torrc of a thousand families has some hundred kilobytes. */
export const TORRC_BYTES_MAX = 1024 * 1024;

/** Files in the order in which tor reads them: `--defaults-torrc` first. An option in a later one replaces those of an earlier. */
export function readTorrc(files: readonly TorrcText[]): Result<Settings> {
  const found = new Map<string, Setting[]>();
  const includes: Setting[] = [];
  for (const { name, text } of files) {
    const own = new Map<string, Setting[]>();
    for (const line of linesOf(text)) {
      const at = `${name}:${line.number}`;
      const read = readLine(line.text);
      if (read === null) return refuseTorrc('torrc-line', `${at}: ${line.text.slice(0, 80)}`);
      const { sign, option, value } = read;
      if (option === '%include') {
        includes.push({ value, at });
        continue;
      }
      // `+Option` adds to what was set before, `/Option` takes that away.
      const before = own.get(option) ?? (sign === '+' ? (found.get(option) ?? []) : []);
      own.set(option, sign === '/' ? [] : [...before, { value, at }]);
    }
    for (const [option, settings] of own) found.set(option, settings);
  }
  return ok(settingsIn(found, includes));
}

/** GETCONF's answer: an option that is not set stands there without a value. */
export function settingsOf({ lines }: Reply): Settings {
  const found = new Map<string, Setting[]>();
  for (const { text } of lines) {
    const [, option, value] = /^([A-Za-z0-9_]+)=(.*)$/.exec(text) ?? [];
    if (option === undefined || value === undefined || value === '') continue;
    const name = option.toLowerCase();
    found.set(name, [...(found.get(name) ?? []), { value: unquoted(value), at: null }]);
  }
  return settingsIn(found, []);
}

function settingsIn(found: ReadonlyMap<string, readonly Setting[]>, includes: readonly Setting[]): Settings {
  return { of: (option) => found.get(option.toLowerCase()) ?? [], includes };
}

interface Numbered {
  readonly number: number;
  readonly text: string;
}

/** A line ends with a backslash where it goes on in the next; comments may stand between. */
function linesOf(text: string): Numbered[] {
  const lines: Numbered[] = [];
  let isOpen = false;
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line.startsWith('#') || (line === '' && !isOpen)) continue;
    const before = isOpen ? lines.pop() : undefined;
    isOpen = line.endsWith('\\');
    // White space before what goes on is a part of the value.
    const text = (before === undefined ? line : before.text + raw.trimEnd()).replace(/\\$/, '');
    lines.push({ number: before?.number ?? at + 1, text });
  }
  return lines;
}

interface Line {
  readonly sign: string;
  readonly option: string;
  readonly value: string;
}

/** Null for what is no line. A value in quotes ends with them; any other at a `#`. */
function readLine(text: string): Line | null {
  const [, sign = '', option, rest = ''] = /^([+/]?)(%?[A-Za-z_][A-Za-z0-9_]*)(?:\s+(.*))?$/.exec(text) ?? [];
  if (option === undefined) {
    const [bare, comment] = text.split(/\s*#/, 2);
    return comment === undefined || bare === undefined ? null : readLine(bare);
  }
  const value = rest.startsWith('"') ? /^"(?:[^"\\]|\\[\s\S])*"(?=\s*(?:#|$))/.exec(rest)?.[0] : rest.replace(/#.*$/, '').trim();
  return value === undefined ? null : { sign, option: option.toLowerCase(), value: unquoted(value) };
}
