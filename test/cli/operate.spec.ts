/*
 * A network of several machines, as its people run it: founded with `ptg init`, each node a process of its own with `ptg run`, a
 * subscriber that pays in and out, and an orderly end by SIGTERM.
 */
import { expect } from 'chai';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeSpec } from '../../node/spec.ts';
import { readConfig } from '../../host/config.ts';
import { freePorts } from '../../lab/ports.ts';
import { hasSurvivors, hurry, leftBehind, ptg, ptgJson, startPtg, until, type Running } from './ptg.ts';

interface Account {
  readonly accounts: readonly { readonly account: { readonly destination: string; readonly [amount: string]: unknown } }[];
}
interface Wallets {
  readonly wallets: readonly { readonly balance: string; readonly address: string }[];
}
interface Seen {
  readonly node: { readonly running: readonly string[]; readonly roles: readonly string[] };
  readonly relay: { readonly flags: readonly string[] } | null;
  readonly listed: { readonly relays: number } | null;
  readonly guard: { readonly subscribers: number } | null;
  readonly needsYou: readonly { readonly code: string }[];
}

describe('a network of several machines', () => {
  let folder: string;
  let urls: string[];
  const nodes = new Map<string, Running>();
  const home = (name: string): string[] => ['--home', join(folder, name)];
  const networkFile = (): string[] => ['--network', join(folder, 'dawn', 'network.json')];
  const json = <T>(name: string, command: string): Promise<T> => ptgJson<T>([...command.split(' '), ...home(name)]);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ptg-op-'));
    urls = (await freePorts(4)).map((port) => `http://127.0.0.1:${port}`);
  });
  after(async () => {
    for (const { child, ended } of nodes.values()) {
      if (child.exitCode === null) child.kill('SIGKILL');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  });

  async function init(name: string, roles: string, url: string, ...rest: string[]): Promise<void> {
    const made = await ptg(['init', ...roles.split(' '), join(folder, name), '--nickname', name, '--url', url, ...rest]);
    expect(made.code, made.stderr).equal(0);
  }

  async function run(name: string): Promise<void> {
    const node = startPtg(['run', ...home(name)]);
    nodes.set(name, node);
    await until(`${name} runs`, async () => {
      if (node.child.exitCode !== null) throw new Error(node.stderr());
      return /^running /.test(node.stdout()) ? true : null;
    });
  }

  it('is founded: keys for their owner alone, a commented ptg.toml, parameters, a service', async () => {
    await init('dawn', 'directory ledger', urls[0]!, '--trial');
    await Promise.all([
      init('birch', 'relay settlement guard', urls[1]!, ...networkFile(), '--bandwidth', '3_000_000'.replaceAll('_', '')),
      init('cedar', 'relay settlement', urls[2]!, ...networkFile(), '--exit'),
      init('elder', 'relay settlement', urls[3]!, ...networkFile(), '--exit'),
    ]);
    const spec = await readConfig(join(folder, 'birch', 'ptg.toml'), nodeSpec);
    expect(spec.ok && [spec.value.url, spec.value.relay?.guard, spec.value.relay?.bandwidth]).deep.equal([
      urls[1],
      true,
      3_000_000,
    ]);
    expect(await readFile(join(folder, 'birch', 'ptg.toml'), 'utf8')).match(/^# Which roles/);
    expect(await readFile(join(folder, 'birch', 'ptg.service'), 'utf8')).match(/ExecStart=\/\S+ \S+ptg\.mjs run --home \//);
    expect(await readFile(join(folder, 'cedar', 'torrc.lines'), 'utf8')).match(/ContactInfo ptg:[0-9a-f]{64} ciissversion:2/);
    const again = await ptg(['init', 'relay', join(folder, 'birch'), ...networkFile()]);
    expect([again.code, /\[init-exists\]/.test(again.stderr)]).deep.equal([1, true]);
  });

  it('runs: an authority and three relays, and one of them has Guard', async () => {
    await hurry(join(folder, 'dawn', 'parameters.json'));
    await run('dawn');
    await Promise.all(['birch', 'cedar', 'elder'].map(run));
    await until('three relays are listed, one is a guard', async () => {
      const answer = await fetch(`${urls[0]}/directory/consensus`);
      const text = await answer.text();
      return answer.ok && (text.match(/"nickname"/g) ?? []).length === 3 && text.includes('"Guard"') ? true : null;
    });
    const twice = await ptg(['run', ...home('birch')]);
    expect([twice.code, /\[home-runs\]/.test(twice.stderr)]).deep.equal([1, true]);
  });

  it('tells its operators how things are', async () => {
    const [birch, dawn, cedar] = await Promise.all([
      until('birch has Guard', async () => {
        const seen = await json<Seen>('birch', 'status');
        return seen.relay?.flags.includes('Guard') === true ? seen : null;
      }),
      json<Seen>('dawn', 'status'),
      json<{ guard: { has: boolean; missing: { code: string }[] } }>('birch', 'relay cedar'),
    ]);
    expect(birch.node.running).deep.equal(birch.node.roles);
    expect(birch.needsYou).deep.equal([]);
    expect(dawn.listed?.relays).equal(3);
    expect(cedar.guard.missing.map((one) => one.code)).include('not-wanted');
    const [screen, words] = await Promise.all([ptg(['status', ...home('birch')]), ptg(['relay', 'cedar', ...home('birch')])]);
    expect(screen.stdout)
      .match(/^flags +.*Guard/m)
      .match(/^consensus +\d+ s old/m)
      .match(/^next BST +in /m);
    expect(screen.stdout).match(/Needs you:\n {2}nothing\n$/);
    expect(words.stdout).match(/^Guard +no: its descriptor does not ask for Guard/m);
  });

  it('has one object for each reading command', async () => {
    const commands = [
      'links',
      'ious',
      'statements',
      'earnings',
      'payouts',
      'wallet balance',
      'wallet address',
      'reconcile',
      'consensus',
    ];
    const read = [...commands, 'settle --dry-run'].map((command) => json('birch', command));
    expect((await Promise.all(read)).map((one) => typeof one)).deep.equal(read.map(() => 'object'));
  });

  it('serves a subscriber: account, guard, money in, money out', async () => {
    const made = await ptg(['account', 'new', ...home('ann'), ...networkFile()]);
    expect(made.code, made.stderr).equal(0);
    const { guards } = await json<{ guards: { nickname: string }[] }>('ann', 'guards');
    expect(guards.map((one) => one.nickname)).deep.equal(['birch']);
    const subscribed = await ptg(['subscribe', 'birch', ...home('ann')]);
    expect(subscribed.code, subscribed.stderr).equal(0);

    const { destination } = (await json<Account>('ann', 'balance')).accounts[0]!.account;
    const poor = await ptg(['mint', '5_000', destination, ...home('birch')]);
    expect([poor.code, /\[mint-key\]/.test(poor.stderr)]).deep.equal([1, true]);
    await json('dawn', `mint 5_000 ${destination}`);
    await until('the deposit counts', async () => {
      const { account } = (await json<Account>('ann', 'balance')).accounts[0]!;
      return account['balance'] === '5000' ? account : null;
    });

    await json('ann', 'withdraw 2_000');
    const wallet = await until('the withdrawal arrives', async () => {
      const [one] = (await json<Wallets>('ann', 'wallet balance')).wallets;
      return one?.balance === '2000' ? one : null;
    });
    expect(wallet.address).match(/^[0-9a-f]{64}\./);
    await json('ann', 'deposit 500');
    const listed = await ptg(['deposit', ...home('ann')]);
    expect(listed.stdout, listed.stderr)
      .match(/^ *amount +state +to +payment/m)
      .match(/^ *500 ledger +paid +[0-9a-f]{64}/m);
    const bills = await json('ann', 'bills');
    const [seen, guard] = await Promise.all([json<Seen>('ann', 'status'), json<Seen>('birch', 'status')]);
    expect(bills).property('bills');
    expect(seen.needsYou).deep.equal([]);
    expect(guard.guard?.subscribers).equal(1);
    const books = await ptg(['reconcile', ...home('birch')]);
    expect([books.code, books.stdout.includes('every unit is explained')], books.stdout).deep.equal([0, true]);
  });

  it('keeps the account in a backup, and restores it', async () => {
    await writeFile(join(folder, 'secret'), 'correct horse\n');
    const file = join(folder, 'ann.backup');
    const secret = ['--passphrase-file', join(folder, 'secret')];
    const saved = await ptg(['account', 'backup', file, ...secret, ...home('ann')]);
    expect(saved.code, saved.stderr).equal(0);
    const restored = await ptg(['account', 'restore', file, ...secret, ...networkFile(), ...home('ann2')]);
    expect(restored.code, restored.stderr).equal(0);
    const [before, after] = [
      await json<{ subscriber: string }>('ann', 'account'),
      await json<{ subscriber: string }>('ann2', 'account'),
    ];
    expect(after.subscriber).equal(before.subscriber);
    expect((await readFile(file, 'utf8')).includes('correct horse')).equal(false);
  });

  it('ends by SIGTERM: code 0, no process, no socket, no locked database; and its disks still answer', async () => {
    for (const { child } of nodes.values()) child.kill('SIGTERM');
    const ends = await Promise.all([...nodes.values()].map((one) => one.ended));
    expect(ends.map((one) => one.code)).deep.equal([0, 0, 0, 0]);
    expect([...nodes.values()].filter(hasSurvivors)).deep.equal([]);
    expect(await leftBehind(folder)).deep.equal([]);
    const seen = await json<Seen>('birch', 'status');
    expect(seen.node.running).deep.equal([]);
    expect(seen.guard?.subscribers).equal(1);
    expect(seen.needsYou.map((one) => one.code)).include('node-down');
  });
});
