/*
 * The commands in README and in the guides: every line of a ```sh block is one that `ptg` understands (or npm, or the system), and
 * those of README are run, in order, by somebody who has just cloned: they found a network, join it, pay, and read.
 */
import { expect } from 'chai';
import { CommanderError, type Command } from 'commander';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ptgProgram } from '../../cli/main.ts';
import { freePorts } from '../../lab/ports.ts';
import { hurry, leftBehind, ptg, ptgJson, root, startPtg, until, type Running } from '../cli/ptg.ts';

const guides = readdirSync(join(root, 'docs', 'operating')).map((name) => `docs/operating/${name}`);
const pages = ['README.md', ...guides, 'docs/scenarios.md', 'docs/measurements.md'];

/** The lines of its ```sh blocks, in order. */
function commandsIn(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap((block) => block[1]!.trim().split('\n'));
}

function wordsOf(line: string): string[] | null {
  const found = /^(?:npx )?ptg (.+)$/.exec(line);
  return found === null ? null : found[1]!.split(' ');
}

/** What stands for a value in the text, and one that it may be. */
const samples: Readonly<Record<string, string>> = { ID: 'ab'.repeat(32), AMOUNT: '1', K: '0' };

/** A group of commands does nothing by itself: `wallet` alone is no command. */
function acts(command: Command): boolean {
  return (command as unknown as { _actionHandler: unknown })._actionHandler !== null;
}

/** Nothing is done: only whether the words are understood. */
async function misunderstood(words: readonly string[]): Promise<string | null> {
  const program = ptgProgram();
  const idle = (command: Command): void => {
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined, outputError: () => undefined });
    if (acts(command)) command.action(() => undefined);
    command.commands.forEach(idle);
  };
  idle(program);
  try {
    await program.parseAsync(
      words.map((word) => samples[word] ?? word),
      { from: 'user' },
    );
    return null;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? null : thrown.message;
    throw thrown;
  }
}

describe('the commands in the documents', function () {
  this.timeout(10 * 60_000);

  it('are understood', async () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    const wrong: string[] = [];
    let seen = 0;
    for (const page of pages) {
      for (const line of commandsIn(page)) {
        seen += 1;
        const words = wordsOf(line);
        const script = /^npm (?:run )?(\S+)/.exec(line)?.[1];
        if (words !== null) {
          const why = await misunderstood(words);
          if (why !== null) wrong.push(`${page}: ${line}: ${why}`);
        } else if (
          script !== undefined
            ? scripts[script] === undefined
            : !/^(sudo|git|time|cd|bitcoind|bitcoin-cli|(ba)?sh bin\/\S+\.sh$)( |$)/.test(line)
        ) {
          wrong.push(`${page}: ${line}: neither ptg nor npm`);
        }
      }
    }
    expect(wrong.join('\n')).equal('');
    expect(seen).greaterThan(80);
    // It can fail.
    expect(await misunderstood(['relay'])).not.equal(null);
    expect(await misunderstood(['ious', '--since', '3'])).not.equal(null);
  });

  it('name every command, and files that are there', () => {
    const text = pages.map((page) => readFileSync(join(root, page), 'utf8')).join('\n');
    const missing = ptgProgram()
      .commands.map((command) => command.name())
      .filter((name) => !new RegExp(`ptg ${name}\\b`).test(text));
    expect(missing).deep.equal([]);
    for (const [, script = ''] of text.matchAll(/^sh (bin\/\S+)/gm)) expect(existsSync(join(root, script)), script).equal(true);
    const files = [...text.matchAll(/\bexamples\/[a-z0-9-]+\.json/g)].map((match) => match[0]);
    expect([...new Set(files)].filter((file) => !existsSync(join(root, file)))).deep.equal([]);
    expect(readdirSync(join(root, 'examples')).filter((file) => !files.includes(`examples/${file}`))).deep.equal([]);
  });

  it('of README do what it says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ptg-doc-'));
    const nodes: Running[] = [];
    try {
      const lines = commandsIn('README.md');
      for (const start of Object.keys(promises)) expect(lines.join('\n'), start).include(`npx ptg ${start}`);
      await follow(lines, folder, nodes);
      for (const { child } of nodes) child.kill('SIGTERM');
      expect((await Promise.all(nodes.map((one) => one.ended))).map((one) => one.code)).deep.equal(nodes.map(() => 0));
      expect(await leftBehind(folder)).deep.equal([]);
    } finally {
      for (const { child } of nodes) if (child.exitCode === null) child.kill('SIGKILL');
      await Promise.all(nodes.map((one) => one.ended));
      await rm(folder, { recursive: true, force: true });
    }
  });
});

async function follow(lines: readonly string[], folder: string, nodes: Running[]): Promise<void> {
  const ports = await freePorts(3);
  for (const line of lines) {
    const words = wordsOf(line)?.map((word) => hereInstead(word, ports));
    // npm's are run by others: `npm start` is test/cli/up.spec.ts, `npm test` this; so are testbeds, where their programs are.
    if (words === undefined || words[0] === 'testbed') continue;
    if (words[0] === 'run') {
      nodes.push(await run(words, folder));
      continue;
    }
    if (words.includes('DESTINATION')) words[words.indexOf('DESTINATION')] = await destinationOf(folder);
    await succeed(words, folder, promised(line));
    if (words.includes('--trial'))
      await hurry(
        join(
          folder,
          words.find((word) => word.startsWith('net/'))!,
          'parameters.json',
        ),
      );
  }
}

function hereInstead(word: string, ports: readonly number[]): string {
  const port = /^http:\/\/127\.0\.0\.1:730(\d)$/.exec(word)?.[1];
  if (port !== undefined) return `http://127.0.0.1:${ports[Number(port) - 1]}`;
  return word.startsWith('examples/') ? join(root, word) : word;
}

async function run(words: readonly string[], folder: string): Promise<Running> {
  const node = startPtg(words, {}, folder);
  await until(words.join(' '), async () => {
    if (node.child.exitCode !== null) throw new Error(node.stderr());
    return /^running /.test(node.stdout()) ? true : null;
  });
  return node;
}

/** As a person would: again, until the network is so far, and it prints what the text promises. */
async function succeed(words: readonly string[], folder: string, promise: (printed: string) => void): Promise<void> {
  let why = '';
  const kept = until(words.join(' '), async () => {
    const { code, stdout, stderr } = await ptg(words, {}, folder);
    if (code === 2) throw new Error(`ptg ${words.join(' ')}: ${stderr}`);
    why = `exit code ${code}\n${stdout}${stderr}`;
    if (code !== 0) return null;
    try {
      promise(stdout);
      return true;
    } catch (thrown) {
      why = `${(thrown as Error).message}\n${why}`;
      return null;
    }
  });
  await kept.catch((thrown: Error) => {
    throw new Error(`${thrown.message}\n${why}`);
  });
}

async function destinationOf(folder: string): Promise<string> {
  const balance = await ptgJson<{ accounts: { account: { destination: string } }[] }>([
    'balance',
    '--home',
    join(folder, 'net/ann'),
  ]);
  return balance.accounts[0]!.account.destination;
}

/** What the text around them promises, by the first words of the command. */
const promises: Readonly<Record<string, (printed: string) => void>> = {
  status: (printed) => expect(printed).match(/Needs you:/),
  guards: (printed) => expect(printed).include('birch'),
  mint: (printed) => expect(printed).include('issued'),
  'wallet balance': (printed) => expect(printed).match(/ledger/),
  'statements --save': (printed) => expect(printed).match(/files are written in/),
  'contest list': (printed) => expect(printed).not.equal(''),
  docket: (printed) => expect(printed).include('The docket is empty'),
  'relay birch --explain': (printed) => expect(printed).include('1 of 2').include('the order is the same'),
  'earnings --csv': (printed) => expect(printed).match(/^interval,neighbour,/),
  scenario(printed) {
    const { intervals, subscribers } = JSON.parse(printed) as {
      intervals: { payments: { from: string; amount: string }[] }[];
      subscribers: { spent: string }[];
    };
    const payments = intervals[0]!.payments.map((one) => `${one.from} ${one.amount}`);
    expect(payments).deep.equal(['entry 4000000000', 'middle 3000000000']);
    expect(subscribers[0]!.spent).equal('5000000000');
  },
};

function promised(line: string): (printed: string) => void {
  const found = Object.keys(promises).find((start) => line.startsWith(`npx ptg ${start}`));
  return found === undefined ? () => undefined : promises[found]!;
}
