/*
 * docs/claims.md against the documents and the tests: each claim stands in the file that it names, and has a test of that title; each
 * sentence that promises something is in one of the two lists; each failure of the peers is tested, or is said not to apply.
 *
 * A new sentence with one of the words below fails here until it has a row. With a test: `| its words | its file | its test |` under its
 * reader. Else, where it promises nothing: `| its words | its file | why |` in the last table.
 */
import { expect } from 'chai';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../cli/ptg.ts';

const operating = readdirSync(join(root, 'docs', 'operating')).filter((name) => name.endsWith('.md'));
const pages = [
  ...['README.md', 'docs/privacy.md', 'docs/threats.md', 'docs/rules.md'],
  ...operating.map((name) => `docs/operating/${name}`),
];

/** Whoever writes one of these has promised something, or has to say why not. `at once` is no promise. */
const promising =
  'never|always|cannot|only|at most|at least|no other|no more|no longer|nobody|no one|nothing|none|(?<!at )once|refuse[sd]?|' +
  'surviv\\w*|every\\w*|alone|for good|by itself|exactly|must not|may not|whole or not';
/** What is not learned is what the page on privacy is about. */
const promisingMore: Readonly<Record<string, string>> = { 'docs/privacy.md': 'no|not' };

interface Row {
  readonly words: string;
  readonly where: string;
  /** The tests, or why there is none. */
  readonly rest: string;
}

const claimsPage = readFileSync(join(root, 'docs', 'claims.md'), 'utf8');

/** Rows of the tables whose head is this. */
function rowsUnder(head: string): string[][] {
  const rows: string[][] = [];
  let isIn = false;
  for (const line of claimsPage.split('\n')) {
    if (!line.startsWith('|')) isIn = false;
    else if (line === head) isIn = true;
    else if (isIn && !line.startsWith('|---'))
      rows.push(
        line
          .replace(/^\| | \|$/g, '')
          .split(/ \| /)
          .map((cell) => cell.replaceAll('\\|', '|')),
      );
  }
  return rows;
}

const claims = rowsUnder('| claim | where | test |').map(rowOf);
const noPromises = rowsUnder('| words | where | why not |').map(rowOf);

function rowOf(cells: string[]): Row {
  const [words = '', where = '', rest = ''] = cells;
  return { words: plain(words), where, rest };
}

/** Without code blocks, marks of emphasis, link targets and line ends. */
function plain(text: string): string {
  return text
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/\]\([^)]*\)/g, ']')
    .replace(/[`*[\]]/g, '')
    .replace(/\s+/g, ' ');
}

const texts = new Map<string, string>();
function textOf(page: string): string {
  const known = texts.get(page) ?? plain(readFileSync(join(root, page), 'utf8'));
  texts.set(page, known);
  return known;
}

/** Where these words begin, each time. */
function placesOf(words: string, text: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1)) places.push(at);
  return places;
}

/** `word: the sentence around it`, of each promising word that no row covers. */
function uncovered(page: string, text: string, rows: readonly Row[]): string[] {
  const covered = rows.flatMap(({ words }) => placesOf(words, text).map((at) => [at, at + words.length] as const));
  const words = [promising, ...(promisingMore[page] === undefined ? [] : [promisingMore[page]])].join('|');
  return [...text.matchAll(new RegExp(`\\b(?:${words})\\b`, 'gi'))]
    .filter(({ index }) => !covered.some(([from, to]) => index >= from && index < to))
    .map(({ 0: word, index }) => {
      const from = Math.max(0, ...['. ', ': ', '; ', ' | '].map((end) => text.lastIndexOf(end, index)));
      return `${page}: ${word}: …${text.slice(from, index + 80)}…`;
    });
}

/** `test/a.spec.ts: title`, several after semicolons. */
function testsOf(cell: string): { file: string; title: string }[] {
  return cell.split(/; (?=test\/)/).map((one) => {
    const [file = '', ...title] = one.split(': ');
    return { file, title: title.join(': ') };
  });
}

/** The title of an `it`, or of a row of a table of them. */
function isTitleIn(source: string, title: string): boolean {
  const written = source.replaceAll("\\'", "'");
  return ["'", '"', '`'].some((quote) => written.includes(`${quote}${title}${quote}`));
}

describe('docs/claims.md', () => {
  it('names words that stand in the file, once', () => {
    expect(claims.length).above(150);
    const wrong = [...claims, ...noPromises].flatMap(({ words, where }) => {
      if (!existsSync(join(root, where))) return [`no file ${where}: ${words}`];
      const count = placesOf(words, textOf(where)).length;
      return count === 1 ? [] : [`${where} has it ${count} times: ${words}`];
    });
    expect(wrong.join('\n')).equal('');
  });

  it('names tests that are there', () => {
    const wrong = claims.flatMap(({ words, rest }) =>
      testsOf(rest).flatMap(({ file, title }) => {
        if (!existsSync(join(root, file))) return [`no file ${file}: ${words}`];
        return isTitleIn(readFileSync(join(root, file), 'utf8'), title) ? [] : [`${file} has no test "${title}": ${words}`];
      }),
    );
    expect(wrong.join('\n')).equal('');
  });

  it('has a row for every sentence that promises something, and a reason for every one that does not', () => {
    const rows = [...claims, ...noPromises];
    const wrong = pages.flatMap((page) =>
      uncovered(
        page,
        textOf(page),
        rows.filter(({ where }) => where === page),
      ),
    );
    expect(wrong.join('\n')).equal('');
    expect(noPromises.filter(({ rest }) => rest.length < 3)).deep.equal([]);
    // It can fail.
    const added = uncovered('README.md', `${textOf('README.md')} A relay never loses a coin.`, claims.concat(noPromises));
    expect(added.length).equal(1);
    expect(added[0]).include('never loses a coin');
    expect(isTitleIn("it('holds', () => 1)", 'hold')).equal(false);
  });

  it('has each of the 32 failures of the peers, tested or said not to apply, and none both', () => {
    const folder = join(root, 'test', 'peers');
    const tested = new Set<string>();
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.spec.ts'))) {
      const source = readFileSync(join(folder, file), 'utf8');
      for (const [, number] of source.matchAll(/\bit\('peers (\d\d): /g)) tested.add(`${number} test/peers/${file}`);
    }
    const rows = rowsUnder('| # | failure | where it is tested, or why it does not apply |');
    expect(rows.map(([number]) => number)).deep.equal(Array.from({ length: 32 }, (_, place) => `${place + 1}`.padStart(2, '0')));
    const named = rows.flatMap(([number, , where = '']) => where.split(', ').map((one) => `${number} ${one}`));
    expect(named.filter((one) => one.includes(' test/peers/')).sort()).deep.equal([...tested].sort());
    const untested = named.filter((one) => !one.includes(' test/peers/'));
    expect(untested.filter((one) => [...tested].some((each) => each.startsWith(one.slice(0, 3))))).deep.equal([]);
  });
});
