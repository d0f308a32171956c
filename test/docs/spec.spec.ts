/*
 * The specification says what the code says: each schema of core has a field table with exactly its fields, each refusal table its
 * checks in the order in which the code declares them, and each numbered page its parts.
 */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { httpRefusals } from '../../host/http/refusals.ts';
import { clientRefusals } from '../../client/refusals.ts';
import { sealRefusals } from '../../host/seal.ts';
import { notice } from '../../settlement/receipt/flow.ts';
import { recallAnswer, recallQuery } from '../../settlement/recall/flow.ts';
import { transportRefusals } from '../../tor/transport/refusals.ts';
import { refusalsPage } from '../../docs/refusals.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const specFolder = `${root}docs/spec/`;
const names = readdirSync(specFolder).filter((name) => name.endsWith('.md'));
const pages = new Map(names.map((name) => [name, readFileSync(specFolder + name, 'utf8')]));

/** First cells of the tables behind each marker `<!-- kind:name -->`, with the pages they stand on. */
function tables(kind: 'fields' | 'refusals'): { name: string; page: string; cells: string[] }[] {
  const found = [];
  for (const [page, text] of pages) {
    const marker = new RegExp(`<!-- ${kind}:([A-Za-z.]+) -->\\n((?:\\|.*\\n)+)`, 'g');
    for (const match of text.matchAll(marker)) {
      const rows = match[2]!.trim().split('\n').slice(2);
      found.push({ name: match[1]!, page, cells: rows.map((row) => /^\| `([^`]+)`/.exec(row)?.[1] ?? row) });
    }
  }
  return found;
}

type Shape = Record<string, z.ZodType>;

async function exportsOf(folder: string): Promise<[string, unknown][]> {
  const files = readdirSync(root + folder).filter((name) => name.endsWith('.ts'));
  const modules = await Promise.all(files.map((name) => import(`${root}${folder}/${name}`) as Promise<Record<string, unknown>>));
  return modules.flatMap((one) => Object.entries(one));
}

/** Of the rooms whose messages leave a machine. */
async function everyExport(): Promise<[string, unknown][]> {
  // As the others are: a module that is imported under two names has two schemas of one object.
  const messages = (await import(`${root}tor/transport/message.ts`)) as Record<string, unknown>;
  const alone = Object.entries({ notice, recallQuery, recallAnswer, transportRefusals, ...messages });
  return [...(await exportsOf('core/wire')), ...(await exportsOf('core/local')), ...alone];
}

const shapeOf = (schema: unknown): Shape | null => (schema instanceof z.ZodObject ? (schema.shape as Shape) : null);

/** `{body, signature}` is written as "signed": it has no table of its own. */
const isSigned = (shape: Shape): boolean => 'body' in shape && ('signature' in shape || 'countersignature' in shape);

/** Through null, list and default to what is inside. */
function inside(schema: unknown): unknown {
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return inside(schema.unwrap());
  return schema instanceof z.ZodArray ? inside(schema.element) : schema;
}

/** Fields by name; those of an object that has no table of its own stand behind a dot. */
function fieldsOf(shape: Shape, own: ReadonlySet<unknown>): string[] {
  return Object.entries(shape).flatMap(([name, schema]) => {
    const value = inside(schema);
    const inner = own.has(value) ? null : shapeOf(value);
    return inner === null || isSigned(inner) ? [name] : fieldsOf(inner, own).map((field) => `${name}.${field}`);
  });
}

describe('the specification', () => {
  it('has a field table for every object, with exactly the fields of its schema', async () => {
    const all = await everyExport();
    const objects = all.filter(([, value]) => shapeOf(value) !== null && !isSigned(shapeOf(value)!));
    const own = new Set(objects.map(([, value]) => value));
    const due = objects.map(([name, value]) => ({ name, cells: fieldsOf(shapeOf(value)!, own).sort() }));
    expect(due.length).greaterThan(30);
    const shown = tables('fields').filter((one) => !one.name.includes('.'));
    const sorted = (list: { name: string; cells: string[] }[]) =>
      Object.fromEntries(list.map(({ name, cells }) => [name, [...cells].sort()]));
    expect(shown.map((one) => one.name).sort(), 'one table each').deep.equal(due.map((one) => one.name).sort());
    expect(sorted(shown)).deep.equal(sorted(due));
  });

  it('has the kinds of a request', async () => {
    const { request } = await import('../../core/wire/guard.ts');
    const kinds = request.shape.ask.options.map((one) => (one.shape.kind as z.ZodLiteral<string>).value);
    expect(tables('fields').find((one) => one.name === 'request.ask')?.cells).deep.equal(kinds);
    for (const option of request.shape.ask.options) {
      const kind = (option.shape.kind as z.ZodLiteral<string>).value;
      const row = pages
        .get('11-request-and-withdrawal.md')!
        .split('\n')
        .find((line) => line.startsWith(`| \`${kind}\``));
      const fields = [...(row?.split('|')[2] ?? '').matchAll(/`([a-z]+)`/g)].map((match) => match[1]);
      expect(fields.sort(), kind).deep.equal(
        Object.keys(option.shape)
          .filter((field) => field !== 'kind')
          .sort(),
      );
    }
  });

  it('has every refusal, in the order of the checks', async () => {
    const all = await everyExport();
    const declared = new Map(
      all.filter(([name]) => name.endsWith('Refusals')).map(([name, table]) => [name, Object.keys(table as object)]),
    );
    for (const [name, table] of Object.entries({ httpRefusals, sealRefusals })) declared.set(name, Object.keys(table));
    // Of the client's, what it checks of a guard's objects; the rest are words to its user.
    declared.set(
      'clientRefusals',
      Object.keys(clientRefusals).filter((code) => /^(account|tally|bill)-/.test(code)),
    );
    const shown = tables('refusals');
    for (const { name, page, cells } of shown) {
      const codes = declared.get(name);
      expect(codes, `${page}: ${name}`).not.equal(undefined);
      expect(cells, `${page}: ${name}`).deep.equal(codes!.filter((code) => cells.includes(code)));
    }
    for (const [name, codes] of declared) {
      const seen = new Set(shown.filter((one) => one.name === name).flatMap((one) => one.cells));
      expect(
        codes.filter((code) => !seen.has(code)),
        name,
      ).deep.equal([]);
    }
  });

  it('names the tag of every signed object', () => {
    const text = readFileSync(`${root}core/crypto/sign.ts`, 'utf8');
    const tags = [.../export type ObjectName =\n((?: {2}\| '[a-z]+'\n?)+)/.exec(text)![1]!.matchAll(/'([a-z]+)'/g)].map(
      (match) => match[1]!,
    );
    expect(tags.length).greaterThan(10);
    const whole = [...pages.values()].join('\n');
    expect(tags.filter((tag) => !whole.includes(`ptg/${tag}/v1`))).deep.equal([]);
  });

  it('is numbered without a gap, and its index names every page', () => {
    const numbered = names.filter((name) => name !== 'README.md').sort();
    expect(numbered.map((name) => Number(name.slice(0, 2)))).deep.equal(numbered.map((_, index) => index + 1));
    const index = pages.get('README.md')!;
    expect(numbered.filter((name) => !index.includes(`(${name})`))).deep.equal([]);
  });
});

describe('the documentation', () => {
  const every = readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));

  it('links to files that are there', () => {
    const broken = [];
    for (const name of every) {
      const folder = new URL(name, `file://${root}docs/`);
      for (const match of readFileSync(`${root}docs/${name}`, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (!existsSync(new URL(match[1]!, folder))) broken.push(`${name}: ${match[1]}`);
      }
    }
    expect(broken).deep.equal([]);
  });

  it('lists every refusal of every room: npm run docs', () => {
    const tables = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/^(node_modules|dist|test|docs)\//.test(name))
      .flatMap((name) => [
        ...readFileSync(root + name, 'utf8').matchAll(/export const \w+Refusals = \{([\s\S]*?)\n\} as const/g),
      ]);
    const codes = tables.flatMap((match) => [...match[1]!.matchAll(/^ {2}'?([a-z][a-z0-9-]*)'?: \{/gm)].map((code) => code[1]!));
    expect(codes.length).greaterThan(100);
    const page = refusalsPage();
    expect(codes.filter((code) => !page.includes(`| \`${code}\` |`))).deep.equal([]);
  });

  it('has a decision for every runtime dependency', () => {
    const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { dependencies: Record<string, string> };
    const decisions = every
      .filter((name) => name.startsWith('decisions/'))
      .map((name) => readFileSync(`${root}docs/${name}`, 'utf8'));
    const absent = Object.keys(dependencies).filter((one) => !decisions.some((text) => text.includes(`\`${one}\``)));
    expect(absent).deep.equal([]);
  });

  it('has decisions of one form: context, decision, consequence', () => {
    const pagesOf = every.filter((name) => name.startsWith('decisions/'));
    expect(pagesOf.map((name) => Number(name.slice(10, 14))).sort((a, b) => a - b)).deep.equal(
      pagesOf.map((_, index) => index + 1),
    );
    for (const name of pagesOf) {
      const heads = [...readFileSync(`${root}docs/${name}`, 'utf8').matchAll(/^## (.+)$/gm)].map((match) => match[1]);
      expect(heads, name).deep.equal(['Context', 'Decision', 'Consequence']);
    }
  });
});
