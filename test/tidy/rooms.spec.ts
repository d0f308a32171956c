/*
 * What the repository promises of itself: who imports whom, no clock or chance outside host, no SQL outside stores, no bigint
 * into knex, every refusal documented, files of a size that a person reads.
 */
import { expect } from 'chai';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { refusalTables } from '../../core/refusals.ts';
import { refusalsPage } from '../../docs/refusals.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What each room may import beside itself. */
const roles = ['guard', 'relay', 'directory', 'settlement', 'ledger', 'client'];
const below: Record<string, string[]> = {
  core: [],
  host: ['core'],
  tor: ['core', 'host'],
  rail: ['core', 'host'],
  ...Object.fromEntries(roles.map((role) => [role, ['core', 'host', 'tor', 'rail']])),
  node: ['core', 'host', 'tor', 'rail', ...roles],
  lab: ['core', 'host', 'tor', 'rail', ...roles, 'node'],
  cli: ['core', 'host', 'tor', 'rail', ...roles, 'node', 'lab'],
  // It measures on the same fixtures that the tests run on.
  bench: ['core', 'host', 'tor', 'rail', ...roles, 'node', 'lab', 'cli', 'test'],
};

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (path.endsWith('.ts')) yield path;
  }
}

const files = Object.keys(below).flatMap((room) => [...sources(join(root, room))].map((path) => relative(root, path)));
const text = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
const roomOf = (file: string): string => file.split('/')[0]!;
const code = (file: string): string => text.get(file)!.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

function importsOf(file: string): string[] {
  const found = [...text.get(file)!.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1]!);
  return found.map((path) => normalize(join(dirname(file), path)));
}

describe('the repository', () => {
  it('has its rooms, and they hold something', () => {
    for (const room of Object.keys(below)) {
      expect(
        files.filter((file) => roomOf(file) === room),
        room,
      ).not.empty;
    }
  });

  it('imports from left to right only, and roles never import each other', () => {
    const wrong: string[] = [];
    for (const file of files) {
      for (const path of importsOf(file)) {
        const target = roomOf(path);
        if (target !== roomOf(file) && !below[roomOf(file)]!.includes(target)) wrong.push(`${file} imports ${path}`);
      }
    }
    expect(wrong).deep.equal([]);
  });

  it('has no circle of imports', () => {
    const state = new Map<string, 'open' | 'done'>();
    const circles: string[] = [];
    const visit = (file: string, trail: string[]): void => {
      if (state.get(file) === 'done' || !text.has(file)) return;
      if (state.get(file) === 'open') return void circles.push([...trail, file].join(' > '));
      state.set(file, 'open');
      // Types alone make no circle when the program runs.
      const runtime = [...text.get(file)!.matchAll(/^(?:import|export)\s+(?!type)[^;]*?from\s+'(\.[^']+)'/gm)];
      for (const match of runtime) visit(normalize(join(dirname(file), match[1]!)), [...trail, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(circles).deep.equal([]);
  });

  it('has no folder without meaning, and no barrel', () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|misc|index)(\/|\.ts$)/.test(file))).deep.equal([]);
  });

  it('names clock and chance only in host, and what bench measures with in one file', () => {
    const allowed = /^(host\/(clock|entropy)\.ts|host\/http\/|bench\/measure\.ts)/;
    const names =
      /\b(Date\.now|new Date\(\)|setTimeout|setInterval|Math\.random|randomBytes|randomUUID|performance\.now|hrtime)\b/;
    expect(files.filter((file) => !allowed.test(file) && names.test(code(file)))).deep.equal([]);
  });

  it('reaches the disk, sockets and processes only from host, node, lab, cli and bench', () => {
    const outside = files.filter((file) => !['host', 'node', 'lab', 'cli', 'bench'].includes(roomOf(file)));
    expect(outside.filter((file) => /from 'node:(fs|net|http|https|child_process|dns|tls)/.test(text.get(file)!))).deep.equal([]);
  });

  it('gives knex to host alone, and its codec sees every parameter', () => {
    expect(files.filter((file) => roomOf(file) !== 'host' && /from '(knex|sqlite3|pg)'/.test(text.get(file)!))).deep.equal([]);
  });

  it('has SQL in stores and migrations alone', () => {
    const sql = /['"`]\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b/is;
    const allowed = /(^|\/)(store|.*-store|migrations)\.ts$|^host\/db\//;
    expect(files.filter((file) => !allowed.test(file) && sql.test(code(file)))).deep.equal([]);
  });

  it('greets its reader: every file begins with what comes in and what goes out', () => {
    expect(files.filter((file) => !file.endsWith('.d.ts') && !text.get(file)!.startsWith('/*'))).deep.equal([]);
  });

  it('keeps its files short enough to read', () => {
    const lines = files
      .map((file) => ({ file, count: text.get(file)!.split('\n').length }))
      .filter((one) => !one.file.includes('carried'));
    expect(lines.filter((one) => one.count > 420).map((one) => `${one.file}: ${one.count}`)).deep.equal([]);
    const sorted = lines.map((one) => one.count).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).lessThan(130);
  });

  it('documents each refusal once, and the page is current', () => {
    const codes = Object.values(refusalTables).flatMap((table) => Object.keys(table));
    expect(codes.filter((one, index) => codes.indexOf(one) !== index)).deep.equal([]);
    expect(readFileSync(join(root, 'docs/refusals.md'), 'utf8')).equal(refusalsPage());
  });

  it('joins every refusal table of core in core/refusals.ts', () => {
    const tables = files.filter((file) => roomOf(file) === 'core' && /export const \w+Refusals = /.test(text.get(file)!));
    const joined = text.get('core/refusals.ts')!;
    for (const file of tables) {
      for (const match of text.get(file)!.matchAll(/export const (\w+Refusals) = /g)) expect(joined, file).include(match[1]);
    }
  });
});
