/*
 * A page of the guides as a person walks it: the lines of its ```sh blocks, run one after the other by a shell, with `ptg` and
 * `bitcoin-cli` of this machine; what stands for a value in the text is put in. Nodes run until they are ended. Used by walk.spec.ts.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasSurvivors, root, startPtg, until, type Ended, type Running } from '../cli/ptg.ts';
import type { Bitcoind } from '../harness/bitcoind.ts';

export interface Walk {
  readonly folder: string;
  /** What stands for a value, and the value. */
  readonly values: Map<string, string>;
  /** Runs what comes before the next line that begins so, and that line: again, until it succeeds and prints what is `shown`. */
  upTo(start: string, shown?: RegExp): Promise<string>;
  /** A command of ptg that the page does not have; the one object that it prints. */
  json<T>(words: string): Promise<T>;
  /** Ends the node of that folder in order, or as a power cut does. */
  end(home: string, signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again. */
  run(home: string): Promise<void>;
  /** Lines that are left. */
  rest(): readonly string[];
  endAll(): Promise<void>;
}

/** Of the section of that heading. */
export async function linesOf(page: string, heading: string): Promise<{ readonly lines: string[]; readonly text: string }> {
  const whole = await readFile(join(root, page), 'utf8');
  const text = whole.split(/^## /m).find((one) => one.startsWith(`${heading}\n`));
  if (text === undefined) throw new Error(`${page} has no ${heading}`);
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)];
  return { text, lines: blocks.flatMap((block) => block[1]!.trim().split('\n')) };
}

export async function beginWalk(folder: string, lines: readonly string[], node: Bitcoind, cli: string): Promise<Walk> {
  const home = dirname(dirname(node.cookie));
  await mkdir(join(folder, 'bin'));
  await symlink(home, join(folder, '.bitcoin'));
  const programs = {
    ptg: `exec '${process.execPath}' '${join(root, 'bin', 'ptg.mjs')}' "$@"`,
    'bitcoin-cli': `exec '${cli}' -datadir='${home}' -rpcport=${node.port} "$@"`,
  };
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`);
    await chmod(join(folder, 'bin', name), 0o700);
  }
  const environment = { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, HOME: folder };
  const values = new Map<string, string>();
  const nodes = new Map<string, Running>();
  let next = 0;

  function shell(line: string): Promise<Ended> {
    const child = spawn('sh', ['-c', line], { cwd: folder, env: { ...process.env, ...environment } });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return new Promise((resolve, reject) => {
      child.once('error', reject).once('close', (code) => resolve({ code, stdout, stderr }));
    });
  }

  async function run(home: string): Promise<void> {
    const started = startPtg(['run', '--home', home], environment, folder);
    nodes.set(home, started);
    await until(`${home} runs`, async () => {
      if (started.child.exitCode !== null) throw new Error(started.stderr());
      return /^running /.test(started.stdout()) ? true : null;
    });
  }

  async function perform(line: string, shown: RegExp | null): Promise<string> {
    const words = [...values].reduce((text, [name, value]) => text.replaceAll(name, value), line);
    const home = /^ptg run --home (\S+)$/.exec(words)?.[1];
    if (home !== undefined) return run(home).then(() => '');
    const again = !/^(bitcoin-cli|ptg init|ptg account|ptg backup|ptg restore)/.test(line);
    let last = '';
    return until(words, async () => {
      const { code, stdout, stderr } = await shell(words);
      last = `${stdout}${stderr}`;
      if (code !== 0 && (!again || code === 2)) throw new Error(`${words}: ${code}\n${last}`);
      return code === 0 && (shown === null || shown.test(stdout)) ? stdout : null;
    }).catch((thrown: Error) => {
      throw new Error(`${thrown.message}\n${last}${[...nodes.values()].map((one) => one.stderr().slice(-1500)).join('\n')}`);
    });
  }

  return {
    folder,
    values,
    run,
    async upTo(start, shown) {
      for (;;) {
        const line = lines[next];
        if (line === undefined) throw new Error(`no more line begins with ${start}`);
        next += 1;
        // It runs already: the harness's own.
        if (line.startsWith('bitcoind ')) continue;
        const isLast = line.startsWith(start);
        const printed = await perform(line, isLast ? (shown ?? null) : null);
        if (isLast) return printed;
      }
    },
    async json<T>(words: string) {
      const { code, stdout, stderr } = await shell(`ptg ${words} --json`);
      if (code !== 0) throw new Error(`ptg ${words}: ${code}\n${stderr}`);
      return JSON.parse(stdout) as T;
    },
    async end(home, signal = 'SIGTERM') {
      const running = nodes.get(home);
      if (running === undefined) throw new Error(`${home} does not run`);
      nodes.delete(home);
      running.child.kill(signal);
      const { code, stderr } = await running.ended;
      if (signal === 'SIGTERM' && (code !== 0 || hasSurvivors(running))) throw new Error(`${home} ended with ${code}: ${stderr}`);
    },
    rest: () => lines.slice(next),
    async endAll() {
      for (const { child } of nodes.values()) if (child.exitCode === null) child.kill('SIGTERM');
      await Promise.all([...nodes.values()].map((one) => one.ended));
      nodes.clear();
    },
  };
}
