/*
 * Every endpoint and page of every role under structure-aware mutation, on a running network in which there is a contest: from the
 * open port by strangers, by insiders who sign and seal what they changed, and on the operator's own sockets. Each answer is a valid
 * one or a refusal with a known code; no role fails, memory stays bounded, and what a stranger sends changes no row of any database.
 *
 *   npm test                            7 000 of twenty thousand inputs; the others are of objects.spec.ts
 *   INPUTS=1000000 npx mocha 'test/fuzz/*.spec.ts'     a million in both; SEED=7 draws others
 */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decode } from '../../core/wire/codec.ts';
import { insiderFrom, type Insider } from './insider.ts';
import { chanceFrom, figures, inputsOf, mutate, SEED, type Chance } from './mutate.ts';
import { openTargets, type Target, type Targets } from './targets.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Inputs between two looks at the whole. */
const BATCH = 250;
const AT_ONCE = 8;
/** It draws a key from a passphrase, which takes a quarter of a second: a quarter of the inputs. */
const slow = new Set(['/client/backup', '/client/restore']);
const GROWTH_MAX = 512 * 1024 * 1024;

describe('endpoints under fuzz', function () {
  this.timeout(120_000 * Math.max(1, inputsOf(1, 20_000)));
  let targets: Targets;
  let insider: Insider;
  let memory = 0;

  before(async () => {
    targets = await openTargets();
    insider = await insiderFrom(targets);
  });
  after(async () => targets.stop());

  it('takes every endpoint that a role has, of a valid example', () => {
    const paths = new Set(targets.all.map((one) => one.path));
    const declared = ['guard', 'relay', 'directory', 'settlement', 'ledger', 'client'].flatMap((role) =>
      pathsIn(readFileSync(`${root}${role}/http.ts`, 'utf8'), role),
    );
    const pages = pathsIn(readFileSync(`${root}directory/pages/main.ts`, 'utf8'), 'directory');
    expect(declared.length).greaterThan(50);
    expect(pages.length).greaterThan(3);
    expect([...declared, ...pages].filter((path) => !paths.has(path))).deep.equal([]);
    for (const one of targets.all) {
      const good = one.samples.filter((sample) => decode(sample.text, one.input, one.bodyMax).ok);
      expect(one.method === 'GET' || good.length > 0, `${one.path}: a body that it takes; see targets.ts`).equal(true);
    }
  });

  it('strangers on the open port change nothing', async () => {
    await targets.network.idle();
    const before = await targets.rows();
    const all = targets.all.filter((one) => one.access !== 'local');
    await run(all, inputsOf(4_000, 20_000), SEED + 10, async () => {
      const now = await targets.rows();
      for (const [name, rows] of before) expect(now.get(name), `rows of ${name}`).equal(rows);
    });
  });

  it('insiders who sign what they changed are answered, and move no money', async () => {
    const all = targets.all.filter((one) => insider.signs(one));
    expect(all.length).greaterThan(8);
    await run(all, inputsOf(1_500, 20_000), SEED + 11, async () => undefined, insider);
    expect(await targets.ledger()).deep.equal({ sum: 0n, overdrawn: 0 });
  });

  it('an operator’s own sockets answer whatever they are told', async () => {
    const all = targets.all.filter((one) => one.access === 'local');
    await run(all, inputsOf(1_500, 20_000), SEED + 12, async () => undefined);
    expect(await targets.ledger()).deep.equal({ sum: 0n, overdrawn: 0 });
  });

  it('and in the end the books still explain every wallet', async () => {
    const found = await targets.network.differences();
    expect(Object.values(found).map(String)).deep.equal(['0', '0', '0']);
  });

  async function run(all: readonly Target[], count: number, seed: number, look: () => Promise<void>, signs?: Insider) {
    const chance = chanceFrom(seed);
    const donors = all.flatMap((one) => one.samples.map((sample) => sample.text));
    const begun = performance.now();
    memory ||= process.memoryUsage().rss;
    for (let first = 0; first < count; first += BATCH) {
      const sends: (() => Promise<void>)[] = [];
      for (let input = first; input < Math.min(count, first + BATCH); input++) {
        const at = Math.floor(input / all.length) % 4 > 0 && slow.has(all[input % all.length]?.path ?? '') ? input + 1 : input;
        const target = all[at % all.length] as Target;
        sends.push(sending(target, donors, chance, signs));
      }
      const next = sends.values();
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (const send of next) await send();
        }),
      );
      await targets.network.idle();
      expect(targets.failures(), 'what the roles logged as their own failure').deep.equal([]);
      await targets.alive();
      await look();
      expect(process.memoryUsage().rss - memory, 'bytes grown').lessThan(GROWTH_MAX);
    }
    console.log(figures(count, performance.now() - begun));
  }

  /** One input, drawn now and sent later. */
  function sending(target: Target, donors: readonly string[], chance: Chance, signs?: Insider): () => Promise<void> {
    if (target.method === 'GET') {
      const path = mutatedPath(target, chance);
      return async () => told(`GET ${path}`, () => targets.get(target, path));
    }
    const sample = chance.pick(target.samples);
    const mutant = mutate(sample.text, donors, chance);
    const bytes = signs === undefined ? mutant.bytes : signs.signed(target, sample, mutant);
    const garble = target.access === 'local' || target.access === 'public' ? null : garbled(chance);
    return async () =>
      told(`POST ${target.path}, ${mutant.how}\n  base64 of it: ${bytes.toString('base64').slice(0, 8_000)}`, () =>
        targets.post(target, sample, bytes, signs === undefined ? garble : null),
      );
  }
});

/** What the tables of the roles declare, by their sources. */
function pathsIn(source: string, role: string): string[] {
  const written = [...source.matchAll(/(?:path: |(?:read|page)\()'(\/[^']+)'/g)].map((match) => match[1] as string);
  const named = [...source.matchAll(/\b(?:local|command)\('([a-z-]+)'/g)].map((match) => `/${role}/${match[1]}`);
  return [...written, ...named];
}

/** Every third envelope is changed as a whole: what is inside is another matter. */
function garbled(chance: Chance): ((envelope: Buffer) => Buffer) | null {
  if (chance.below(3) !== 0) return null;
  const place = chance.below(1_000_000);
  const [kind, bit, other] = [chance.below(6), chance.below(8), chance.below(256)];
  return (envelope) => {
    if (kind === 0) return envelope.subarray(0, place % (envelope.length + 1));
    if (kind === 1) return Buffer.concat([envelope, Buffer.alloc(1 + (place % 2_000), other)]);
    if (kind === 2) return Buffer.alloc(place % 3_000, other);
    // The head, which is in the clear: version, sender and key numbers.
    const at = (kind === 3 ? place % 65 : place) % envelope.length;
    envelope[at] = kind === 4 ? other : (envelope[at] as number) ^ (1 << bit);
    return envelope;
  };
}

const words: readonly string[] = [
  ...['', '0', '-1', '1', '01', '1.5', '1e3', '4294967296', '9223372036854775807', '9223372036854775808', '9'.repeat(300)],
  ...['null', 'true', '[]', '{}', '%', '%ff', '%00', '%0a', '%2e%2e%2f', '..', '%F0%9F%98%80', '%ED%A0%80', '%E0%A4', '+', '%20'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '%3Cscript%3E',
    "';--",
    'a'.repeat(64),
    '0'.repeat(64),
    'f'.repeat(64),
    'k'.repeat(3_000),
  ],
];

/** The parameters in path and query, changed, doubled, left out, or more of them. */
function mutatedPath(target: Target, chance: Chance): string {
  const query: string[] = [];
  let path = target.path;
  for (const [name, values] of Object.entries(target.params)) {
    const value = encodeURIComponent(chance.pick(values));
    const cut = chance.below(value.length + 1);
    const changed = chance.pick([
      chance.pick(words),
      value.slice(0, cut) + chance.pick(words).slice(0, 5) + value.slice(cut + 1),
    ]);
    const now = chance.below(2) === 0 ? value : changed;
    if (path.includes(`:${name}`)) path = path.replace(`:${name}`, () => now);
    else if (chance.below(4) !== 0) query.push(`${name}=${now}`);
    if (chance.below(12) === 0) query.push(`${name}=${chance.pick(words)}`);
  }
  if (chance.below(6) === 0) query.push(`${chance.pick(words)}=${chance.pick(words)}`);
  if (chance.below(12) === 0) query.push(chance.pick(['a[b]=c', 'a[]=1', '&&&', '==', 'x='.repeat(500), 'x&'.repeat(1_500)]));
  if (chance.below(20) === 0) path += chance.pick(['/', '//', '/..', '/x', '%2f', ';x=1']);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}

/** What fails says by which input. */
async function told(input: string, check: () => Promise<unknown>): Promise<void> {
  try {
    await check();
  } catch (thrown) {
    throw new Error(`${input}\n  ${String(thrown)}`, { cause: thrown });
  }
}
