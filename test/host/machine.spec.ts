/*
 * The small parts of the machine: clock, entropy, log, files, configuration, shutdown.
 */
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { drivenClock, systemClock } from '../../host/clock.ts';
import { refusalLines, readConfig } from '../../host/config.ts';
import { seededEntropy, systemEntropy } from '../../host/entropy.ts';
import { readKeyFile, readOrMakeKeyFile, writeFileAtomically } from '../../host/files.ts';
import { createLog } from '../../host/log.ts';
import type { LogFields, Role } from '../../host/ports.ts';
import { onSignals, shutDown } from '../../host/shutdown.ts';
import { folder, recordingLog, until } from './harness.ts';
import { undoAll } from '../harness/later.ts';

afterEach(undoAll);

describe('clocks', () => {
  it('the driven one stands still, goes forward only, and wakes who listens', () => {
    const clock = drivenClock(100);
    const heard: number[] = [];
    const undo = clock.onWake(() => heard.push(clock.now()));
    clock.advance(100);
    clock.advance(150);
    undo();
    clock.advance(200);
    expect([heard, clock.now()]).to.deep.equal([[100, 150], 200]);
    expect(() => clock.advance(199)).to.throw('forward');
  });

  it('the system’s counts whole seconds and wakes within about one', async () => {
    const clock = systemClock();
    expect(Number.isInteger(clock.now())).to.equal(true);
    await new Promise<void>((resolve) => {
      const undo = clock.onWake(() => {
        undo();
        resolve();
      });
    });
  });
});

describe('the system’s clock, set while somebody waits for it', () => {
  const RealDate = Date;
  afterEach(() => {
    globalThis.Date = RealDate;
  });
  /** As if the machine's clock had been set: every reading of the time of day is off by so many milliseconds. */
  function setBy(by: number): void {
    globalThis.Date = class extends RealDate {
      constructor(...given: [] | [number]) {
        super(given[0] ?? RealDate.now() + by);
      }
      static override now(): number {
        return RealDate.now() + by;
      }
    } as DateConstructor;
  }
  for (const [what, by] of [
    ['back by an hour', -3_600_000],
    ['forward by a year', 31_536_000_000],
  ] as const) {
    it(`wakes within a few seconds of the machine’s: ${what}`, async function () {
      const clock = systemClock();
      const heard: number[] = [];
      await new Promise<void>((resolve) => {
        const undo = clock.onWake(() => {
          heard.push(clock.now());
          // Set after the first; two more show that it goes on.
          if (heard.length === 1) setBy(by);
          if (heard.length < 3) return;
          undo();
          resolve();
        });
      });
      expect(Math.abs((heard[1] as number) - (heard[0] as number) - by / 1000)).below(10);
      expect((heard[2] as number) - (heard[1] as number)).within(0, 10);
    });
  }
});

describe('entropy', () => {
  it('of one seed is the same in whatever pieces it is taken, and of another differs', () => {
    const [a, b, c] = [seededEntropy('s'), seededEntropy('s'), seededEntropy('t')];
    const whole = Buffer.from(a.bytes(100)).toString('hex');
    const pieces = [1, 31, 40, 28].map((count) => Buffer.from(b.bytes(count)).toString('hex')).join('');
    expect(pieces).to.equal(whole);
    expect(Buffer.from(c.bytes(100)).toString('hex')).to.not.equal(whole);
  });

  it('of the system has the length asked for and does not repeat', () => {
    const entropy = systemEntropy();
    expect(entropy.bytes(32)).to.have.length(32);
    expect(Buffer.from(entropy.bytes(16)).equals(Buffer.from(entropy.bytes(16)))).to.equal(false);
  });
});

describe('log', () => {
  it('writes its vocabulary alone, as JSON or text', () => {
    const lines: string[] = [];
    const clock = drivenClock(86_400);
    const fields = { role: 'guard', count: 2, error: 'two words', client: '10.0.0.1' } as LogFields;
    createLog({ clock, format: 'json', write: (line) => lines.push(line) }).info('started', fields);
    createLog({ clock, format: 'text', write: (line) => lines.push(line) }).warn('started', fields);
    expect(JSON.parse(lines[0] as string)).to.deep.equal({
      level: 'info',
      time: 86_400,
      role: 'guard',
      count: 2,
      error: 'two words',
      msg: 'started',
    });
    expect(lines[1]).to.equal('1970-01-02T00:00:00Z warn  started role=guard count=2 error="two words"\n');
  });
});

describe('files', () => {
  it('are replaced whole', async () => {
    const file = join(await folder(), 'a.json');
    await writeFileAtomically(file, 'old');
    await writeFileAtomically(file, 'new');
    expect(await readFile(file, 'utf8')).to.equal('new');
  });

  it('with keys are made once, for their owner alone, and refused when others can read them', async () => {
    const file = join(await folder(), 'iou.key');
    const made = await readOrMakeKeyFile(file, seededEntropy('k'));
    const again = await readOrMakeKeyFile(file, seededEntropy('other'));
    expect(again).to.deep.equal(made);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    await chmod(file, 0o640);
    const open = await readKeyFile(file);
    await chmod(file, 0o600);
    await writeFile(file, 'short');
    const short = await readKeyFile(file);
    const missing = await readKeyFile(`${file}.not`);
    await mkdir(`${file}.folder`, { mode: 0o700 });
    const unreadable = await readOrMakeKeyFile(`${file}.folder`, seededEntropy('k'));
    expect([open, short, missing, unreadable].map((result) => !result.ok && result.refusal.code)).to.deep.equal([
      'key-open',
      'key-shape',
      'key-missing',
      'key-unreadable',
    ]);
  });
});

describe('configuration', () => {
  const schema = z.strictObject({ node: z.strictObject({ port: z.int().min(1) }) });

  it('is read, or refused in three lines that name file, key and remedy', async () => {
    const file = join(await folder(), 'ptg.toml');
    const read = async (content: string) => {
      await writeFile(file, content);
      const result = await readConfig(file, schema);
      return result.ok ? result.value : refusalLines(result.refusal).split('\n');
    };
    expect(await read('[node]\nport = 80\n')).to.deep.equal({ node: { port: 80 } });
    const wrong = (await read('[node]\nport = 0\n')) as string[];
    expect(wrong).to.have.length(3);
    expect(wrong[1]).to.contain(`${file}: node.port`);
    expect(wrong[2]).to.contain('[config-key]');
    expect(((await read('[node')) as string[])[2]).to.contain('[config-toml]');
    const missing = await readConfig(`${file}.not`, schema);
    expect(!missing.ok && missing.refusal.code).to.equal('config-missing');
  });
});

describe('shutdown', () => {
  it('goes in order: servers, roles, databases; a failing step keeps none from running', async () => {
    const order: string[] = [];
    const closes = (name: string) => ({ close: async () => void order.push(name) });
    const role = {
      stop: async () => {
        order.push('role');
        throw new Error('stuck');
      },
    } as unknown as Role;
    const database = { ...closes('database'), owner: 'x', transaction: async () => undefined as never };
    const log = recordingLog();
    await shutDown({ servers: [closes('server')], roles: [role], others: [closes('other')], databases: [database] }, log);
    expect(order).to.deep.equal(['server', 'role', 'other', 'database']);
    expect(log.events[0]?.fields).to.deep.equal({ code: 'role', error: 'stuck' });
  });

  it('follows the first signal; the second ends at once', async () => {
    const codes: number[] = [];
    let finish = () => {};
    const undo = onSignals(
      () => new Promise((resolve) => (finish = resolve)),
      (code) => codes.push(code),
    );
    process.emit('SIGTERM');
    expect(codes).to.deep.equal([]);
    process.emit('SIGINT');
    finish();
    await until(() => codes.length === 2);
    undo();
    expect(codes).to.deep.equal([1, 0]);
  });
});
