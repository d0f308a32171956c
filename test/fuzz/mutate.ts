/*
 * Structure-aware mutations: a valid canonical text and a source of chance in, a changed text or bytes out. A text is read into a
 * tree that keeps what JSON.parse forgets (order, keys twice, the form of a number), changed in one to three places, and written
 * again. Deterministic: the same seed gives the same inputs on every machine. Called by the fuzzers.
 */

/** Numbers from 0 up to, not including, `below`. */
export interface Chance {
  below(count: number): number;
  /** Among `from`, which is not empty. */
  pick<T>(from: readonly T[]): T;
}

/** xorshift32, as good as a test needs. */
export function chanceFrom(seed: number): Chance {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ 0x5bd1e995) | 0 || 1;
  const below = (count: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
  for (let warm = 0; warm < 8; warm++) below(2);
  return { below, pick: (from) => from[below(from.length)] as (typeof from)[number] };
}

/** The seed of all: SEED=7 draws others, as for the properties (test/hooks.ts). */
export const SEED = Number(process.env['SEED'] ?? 20_261_122);

/** How many inputs in all, when `npm test` takes `usual`: INPUTS=1000000 by hand. */
export function inputsOf(usual: number, whole: number): number {
  return Math.max(1, Math.round((usual * Number(process.env['INPUTS'] ?? whole)) / whole));
}

/** What a fuzzer prints when it is done. */
export function figures(count: number, ms: number): string {
  return `      ${count} inputs, ${Math.round((1000 * count) / ms)} a second, seed ${SEED}`;
}

export interface Mutant {
  readonly bytes: Buffer;
  /** As a receiver reads them; null where they are no UTF-8. */
  readonly text: string | null;
  /** The steps, for who has to find out what went wrong. */
  readonly how: string;
}

/** One input: `donors` are other valid texts, parts of which are put in. */
export function mutate(text: string, donors: readonly string[], chance: Chance): Mutant {
  // Half of the inputs keep the canonical form and, as far as can be, the shape: they come as far as the rules.
  const steps: string[] = [];
  let now = text;
  for (let rounds = 1 + (chance.below(4) === 0 ? chance.below(3) : 0); rounds > 0; rounds--) {
    const tree = parsed(now);
    if (tree === null || chance.below(8) === 0) {
      const [how, change] = chance.pick(onText);
      steps.push(how);
      now = change(now, chance).slice(0, CHARS_MAX);
    } else {
      const [how, change] = chance.pick(chance.below(2) === 0 ? keepingShape : onTree);
      steps.push(how);
      now = written(change(tree, placesIn(tree), chance, donors));
    }
  }
  if (chance.below(12) === 0) {
    const [how, change] = chance.pick(onBytes);
    steps.push(how);
    const bytes = change(Buffer.from(now, 'utf8'), chance);
    return { bytes, text: utf8(bytes), how: steps.join(', ') };
  }
  const bytes = Buffer.from(now, 'utf8');
  // Half a character has no UTF-8: what a receiver over HTTP reads is another text. Where text goes in, it goes as it is.
  return { bytes, text: now, how: steps.join(', ') };
}

export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** No input grows beyond what a body may be, and a little. */
const CHARS_MAX = 300_000;

type Node =
  | { kind: 'object'; entries: [key: string, value: Node][] }
  | { kind: 'array'; items: Node[] }
  /** A number, string, or whatever else, as it stands. */
  | { kind: 'raw'; text: string };

const raw = (text: string): Node => ({ kind: 'raw', text });

function parsed(text: string): Node | null {
  try {
    return treeOf(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Deeper, it is changed as a text. */
const DEPTH_MAX = 200;

function treeOf(json: unknown, depth = 0): Node {
  if (depth > DEPTH_MAX) throw new Error('too deep');
  if (Array.isArray(json)) return { kind: 'array', items: json.map((item) => treeOf(item, depth + 1)) };
  if (json === null || typeof json !== 'object') return raw(JSON.stringify(json));
  const entries = Object.entries(json).map(([key, value]): [string, Node] => [JSON.stringify(key), treeOf(value, depth + 1)]);
  return { kind: 'object', entries };
}

function written(node: Node): string {
  if (node.kind === 'raw') return node.text;
  if (node.kind === 'array') return `[${node.items.map(written).join(',')}]`;
  return `{${node.entries.map(([key, value]) => `${key}:${written(value)}`).join(',')}}`;
}

/** Where a node stands: what is there, and how another is put there. */
interface Place {
  readonly node: Node;
  put(other: Node): void;
}

interface Places {
  readonly all: readonly Place[];
  readonly leaves: readonly Place[];
  readonly objects: readonly Extract<Node, { kind: 'object' }>[];
  readonly arrays: readonly Extract<Node, { kind: 'array' }>[];
}

/** The root can be changed inside, and is put in nowhere. */
function placesIn(root: Node): Places {
  const found = { all: [] as Place[], leaves: [] as Place[], objects: [] as Places['objects'][number][] };
  const arrays: Places['arrays'][number][] = [];
  const visit = (node: Node): void => {
    if (node.kind === 'object') found.objects.push(node);
    if (node.kind === 'array') arrays.push(node);
    const inner =
      node.kind === 'object' ? node.entries.map((_, at) => at) : node.kind === 'array' ? node.items.map((_, at) => at) : [];
    for (const at of inner) {
      const child = (node.kind === 'object' ? node.entries[at]?.[1] : node.kind === 'array' ? node.items[at] : node) as Node;
      const put = (other: Node): void => {
        if (node.kind === 'object') (node.entries[at] as [string, Node])[1] = other;
        else if (node.kind === 'array') node.items[at] = other;
      };
      const place = { node: child, put };
      found.all.push(place);
      if (child.kind === 'raw') found.leaves.push(place);
      visit(child);
    }
  };
  visit(root);
  return { ...found, arrays };
}

type OnTree = readonly [string, (tree: Node, places: Places, chance: Chance, donors: readonly string[]) => Node];

/** Changes at a place, where there is one. */
function at(
  name: string,
  which: 'all' | 'leaves',
  change: (node: Node, chance: Chance, donors: readonly string[]) => Node,
): OnTree {
  return [
    name,
    (tree, places, chance, donors) => {
      if (places[which].length === 0) return change(tree, chance, donors);
      const place = chance.pick(places[which]);
      place.put(change(place.node, chance, donors));
      return tree;
    },
  ];
}

function inObject(
  name: string,
  change: (entries: [string, Node][], chance: Chance, donors: readonly string[]) => [string, Node][],
): OnTree {
  return [
    name,
    (tree, places, chance, donors) => {
      if (places.objects.length === 0) return tree;
      const one = chance.pick(places.objects);
      one.entries = change(one.entries, chance, donors);
      return tree;
    },
  ];
}

function inArray(name: string, change: (items: Node[], chance: Chance) => Node[]): OnTree {
  return [
    name,
    (tree, places, chance) => {
      if (places.arrays.length === 0) return tree;
      const one = chance.pick(places.arrays);
      one.items = change(one.items, chance);
      return tree;
    },
  ];
}

const strange: readonly string[] = [
  ...['null', 'true', 'false', '0', '-0', '-1', '1', '""', '"0"', '"-1"', '"null"', '[]', '{}', '[[]]', '[null]', '[{}]'],
  ...['1.5', '1e0', '1E400', '-1e400', '1e-400', '0.1e1', '9007199254740993', '18446744073709551616', '4294967296'],
  ...['65537', '1099511627777', '01', '+1', '.5', 'NaN', 'Infinity', 'undefined', `1${'0'.repeat(400)}`, `0.${'1'.repeat(400)}`],
  ...['"9223372036854775807"', '"9223372036854775808"', '"-9223372036854775808"', `"${'9'.repeat(300)}"`, '"00"', '"1e3"'],
  ...['"0x10"', '"１"', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\ud83d\ude00"', '"e\\u0301"', '"\\u202e"', '"\u2028"'],
  ...['"__proto__"', '"constructor"', '"../../etc/passwd"', '"\'; DROP TABLE entries; --"', '"<script>"', '"%00"', '"\\/"'],
  ...[
    `"${'a'.repeat(70_000)}"`,
    `"${'ab'.repeat(32)}"`,
    `"${'00'.repeat(32)}"`,
    `"${'ff'.repeat(64)}"`,
    `"${'\ud83d\ude00'.repeat(99)}"`,
  ],
  ...[
    '{"__proto__":{"body":1}}',
    '{"toString":1}',
    '{"then":1}',
    '{"toJSON":null}',
    '{"length":4294967295}',
    '{"kind":"agreed"}',
  ],
];

const keys: readonly string[] = [
  ...['"__proto__"', '"constructor"', '"toJSON"', '"hasOwnProperty"', '""', '"\\u0000"', '"\\ud800"', '"kind"', '"body"', '"z"'],
  ...[
    '"Body"',
    '"body "',
    '"\\u0062ody"',
    `"${'k'.repeat(300)}"`,
    `"${'\ud83d\ude00'.repeat(150)}"`,
    '"signature"',
    '"0"',
    '"-1"',
  ],
];

function nested(chance: Chance): string {
  const depth = chance.pick([2, 20, 500, 5_000, 30_000]);
  return chance.below(2) === 0 ? '['.repeat(depth) + ']'.repeat(depth) : `${'{"body":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

/** Some node of some other valid text. */
function part(chance: Chance, donors: readonly string[]): Node {
  const tree = parsed(donors.length === 0 ? '{}' : chance.pick(donors)) ?? raw('{}');
  const { all } = placesIn(tree);
  return all.length === 0 || chance.below(6) === 0 ? tree : chance.pick(all).node;
}

/** Of a string of JSON, inside its quotes. */
function inString(text: string, chance: Chance): string {
  const inner = text.slice(1, -1);
  const place = chance.below(inner.length + 1);
  const cut = (insert: string, drop = 0): string => `"${inner.slice(0, place)}${insert}${inner.slice(place + drop)}"`;
  const other = chance.pick(['0', '9', 'a', 'f', 'A', 'g', '-', '.', ' ', '\u00e9', '\\u0000', '\\n', '\ud83d\ude00', '\\ud800']);
  const all = [cut(other), cut(other, 1), cut('', 1), `"${inner}${inner}"`, `" ${inner}"`, `"${inner.toUpperCase()}"`, '""'];
  return chance.pick([
    ...all,
    `"${inner.slice(0, place)}"`,
    `"\\u${inner.charCodeAt(0).toString(16).padStart(4, '0')}${inner.slice(1)}"`,
  ]);
}

/** Another value of the same form: digit for digit, hex for hex. */
function alike(text: string, chance: Chance): string {
  if (text === 'true' || text === 'false') return text === 'true' ? 'false' : 'true';
  if (text === 'null') return chance.pick(['"0"', '0', '{}', '[]']);
  if (/^-?[0-9]+$/.test(text))
    return String(BigInt(text) + chance.pick([1n, -1n, 2n, 1000n, -1000n, 2n ** 31n, 2n ** 40n, 3600n]));
  if (/^"-?[0-9]{1,19}"$/.test(text)) {
    const value = BigInt(text.slice(1, -1));
    return `"${chance.pick([value + 1n, value - 1n, -value, value * 2n, 0n, 2n ** 63n - 1n, 2n ** 63n, value + 10n ** 9n])}"`;
  }
  if (text.length < 3 || text[0] !== '"') return chance.pick(strange);
  const place = 1 + chance.below(text.length - 2);
  const is = text[place] as string;
  const others = /[0-9a-f]/.test(is) ? '0123456789abcdef' : /[A-Z]/.test(is) ? 'ABZ' : /[a-z]/.test(is) ? 'ghz' : is;
  return text.slice(0, place) + chance.pick([...others]) + text.slice(place + 1);
}

const keepingShape: readonly OnTree[] = [
  at('another value alike', 'leaves', (node, chance) => raw(alike(written(node), chance))),
  at('flipped digit', 'leaves', (node, chance) => raw(alike(alike(written(node), chance), chance))),
  at('part of another', 'all', (_, chance, donors) => part(chance, donors)),
  [
    'two places change their values',
    (tree, { leaves }, chance) => {
      if (leaves.length < 2) return tree;
      const [one, other] = [chance.pick(leaves), chance.pick(leaves)];
      one.put(other.node);
      other.put(one.node);
      return tree;
    },
  ],
  at('null for it', 'all', () => raw('null')),
  inArray('an item twice', (items, chance) => (items.length === 0 ? items : [...items, chance.pick(items)])),
  inArray('items in another order', (items) => [...items].reverse()),
  inArray('an item less', (items, chance) => items.filter((_, place) => place !== chance.below(items.length))),
];

const onTree: readonly OnTree[] = [
  at('a strange value', 'all', (_, chance) => raw(chance.pick(strange))),
  at('a strange value at a leaf', 'leaves', (_, chance) => raw(chance.pick(strange))),
  at('a changed string', 'leaves', ({ ...node }, chance) => {
    const text = written(node);
    return raw(text.startsWith('"') ? inString(text, chance) : `"${text}"`);
  }),
  at('deep nesting', 'all', (_, chance) => raw(nested(chance))),
  at('wrapped in a list', 'all', (node) => ({ kind: 'array', items: [node] })),
  at('wrapped in an object', 'all', (node) => ({ kind: 'object', entries: [['"body"', node]] })),
  at('white space', 'all', (node, chance) => raw(chance.pick([' ', '\n', '\t', '\u00a0']) + written(node))),
  inObject('a key less', (entries, chance) => {
    const gone = chance.below(Math.max(1, entries.length));
    return entries.filter((_, place) => place !== gone);
  }),
  inObject('a key twice', (entries, chance) => {
    if (entries.length === 0) return entries;
    const [key, value] = chance.pick(entries);
    return [...entries, [key, chance.below(2) === 0 ? value : raw(chance.pick(strange))]];
  }),
  inObject('a key more', (entries, chance, donors) => {
    const entry: [string, Node] = [chance.pick(keys), chance.below(2) === 0 ? raw('1') : part(chance, donors)];
    return chance.below(2) === 0 ? [...entries, entry] : [entry, ...entries];
  }),
  inObject('a key by another name', (entries, chance) => {
    const which = chance.below(Math.max(1, entries.length));
    return entries.map(([key, value], place) => [place === which ? chance.pick(keys) : key, value]);
  }),
  inObject('keys in another order', (entries, chance) => {
    const from = chance.below(Math.max(1, entries.length));
    return [...entries.slice(from), ...entries.slice(0, from)];
  }),
  inArray('very many items', (items, chance) => {
    if (items.length === 0) return Array.from({ length: 1 + chance.below(2_000) }, () => raw('0'));
    const one = chance.pick(items);
    const count = Math.min(chance.pick([50, 500, 5_000]), Math.ceil(CHARS_MAX / (written(one).length + 1)));
    return Array.from({ length: count }, () => one);
  }),
];

const onText: readonly (readonly [string, (text: string, chance: Chance) => string])[] = [
  ['cut', (text, chance) => text.slice(0, chance.below(text.length + 1))],
  ['cut at the front', (text, chance) => text.slice(chance.below(text.length + 1))],
  ['extended', (text, chance) => text + chance.pick(['}', ']', ',', ' ', '\n', '\0', '{}', '//', text, '\ufeff', '1'])],
  ['something before it', (text, chance) => chance.pick(['\ufeff', ' ', '[', '{', ',', '"', '\u2028']) + text],
  [
    'a piece repeated',
    (text, chance) => {
      const from = chance.below(text.length + 1);
      return text.slice(0, from) + text.slice(from - chance.below(from + 1), from) + text.slice(from);
    },
  ],
  [
    'a character for another',
    (text, chance) => {
      const place = chance.below(text.length + 1);
      const other = chance.pick([
        '"',
        '\\',
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '\0',
        '\x7f',
        '\u00e9',
        '\ud83d',
        '\ude00',
        '\ud83d\ude00',
        'e',
        '-',
      ]);
      return text.slice(0, place) + other + text.slice(place + 1);
    },
  ],
  ['nothing but nesting', (_, chance) => nested(chance)],
  ['half a nesting', (_, chance) => nested(chance).slice(0, 1 + chance.below(70_000))],
  ['nothing but a value', (_, chance) => chance.pick(strange)],
  // Its refusal tells of its beginning, which ends within a character.
  ['a character where it is cut for the refusal', (text, chance) => `${text.slice(0, 38 + chance.below(3))}\ud83d\ude00${text}`],
];

const onBytes: readonly (readonly [string, (bytes: Buffer, chance: Chance) => Buffer])[] = [
  [
    'flipped bits',
    (bytes, chance) => {
      for (let flips = 1 + chance.below(4); flips > 0 && bytes.length > 0; flips--) {
        const place = chance.below(bytes.length);
        bytes[place] = (bytes[place] as number) ^ (1 << chance.below(8));
      }
      return bytes;
    },
  ],
  [
    'bytes that are no text',
    (bytes, chance) => Buffer.concat([bytes, Buffer.from(chance.pick(['ff', 'c0af', 'eda080', 'f8888080', '00']), 'hex')]),
  ],
  [
    'noise',
    (bytes, chance) => {
      const noise = Buffer.alloc(chance.below(bytes.length + 2));
      for (let place = 0; place < noise.length; place++) noise[place] = chance.below(256);
      return noise;
    },
  ],
];
