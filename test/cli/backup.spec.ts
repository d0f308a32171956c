/*
 * `ptg backup` and `ptg restore`: a node of a running network is backed up while it works, lost, restored, and pays nobody twice.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readArchive, writeArchive, type EntryHead } from '../../host/archive.ts';
import { seededEntropy, systemEntropy } from '../../host/entropy.ts';
import { openDatabase } from '../../host/db/open.ts';
import { callLocal } from '../../lab/report.ts';
import { backUpNode } from '../../node/care/backup.ts';
import { readLastBackup } from '../../node/care/manifest.ts';
import { restoreNode } from '../../node/care/restore.ts';
import { changedSettings } from '../../node/care/settings.ts';
import { openHome } from '../../node/open.ts';
import { nodeSpec } from '../../node/spec.ts';
import type { RunningNode } from '../../node/start.ts';
import { migrations } from '../../settlement/migrations.ts';
import { readRestore } from '../../settlement/recall/store.ts';
import { ptg } from './captured.ts';
import { smallWorld, type SmallWorld } from './world.ts';

const passphrase = 'correct horse battery staple';
const GIB = 2n ** 30n;
/** For a GiB, at |N|/|E| = 1: to the middle for itself and for the last hop. */
const owed = 2_000_000_000n;

const earnings = z.object({ lines: z.array(z.object({ interval: z.int(), state: z.string(), paid: z.string() }).loose()) });
const linesOf = async (node: RunningNode) =>
  (await callLocal(node, 'settlement', '/settlement/earnings', { interval: null }, earnings)).lines.map(
    (one) => `${one.interval} ${one.state} ${one.paid}`,
  );

describe('a node that is lost and restored', () => {
  let small: SmallWorld;
  let file: string;
  let restored: RunningNode | null = null;
  before(async () => {
    small = await smallWorld();
    file = join(small.folder, 'r1.backup');
  });
  after(() => small.stop());

  const back = async (home: string) => backUpNode({ home, file, passphrase, now: small.clock.now(), entropy: systemEntropy() });

  it('is backed up while it runs, before it pays', async () => {
    await small.advance(small.schedule(0).start);
    await small.carry(GIB);
    await small.advance(small.schedule(0).bst - 1);
    const made = await back(small.home('R1'));
    if (!made.ok) throw new Error(made.refusal.about);
    expect(made.value.files).include.members(['guard.sqlite', 'keys/wallet.key', 'network.json', 'ptg.toml', 'relay.sqlite']);
    // Who asks before who is asked.
    expect(made.value.files.filter((name) => /^(guard|settlement|relay)\.sqlite$/.test(name))).deep.equal([
      'guard.sqlite',
      'settlement.sqlite',
      'relay.sqlite',
    ]);
    expect((await stat(file)).mode & 0o777).equal(0o600);
    expect((await readFile(file)).includes('PRIMARY KEY')).equal(false);
    expect(await readLastBackup(small.home('R1'))).equal(small.clock.now());
    expect((await readdir(small.home('R1'))).filter((name) => name.startsWith('.'))).deep.equal([]);
  });

  it('pays after the backup, and then its disk is gone', async () => {
    const before = await small.balance('R1');
    await small.advance(small.schedule(0).paymentEnd);
    expect(before - (await small.balance('R1'))).equal(owed);
    await small.world.stopNode('R1');
    await rm(small.home('R1'), { recursive: true });
  });

  it('is restored into an empty folder, readable by its owner, and told of it', async () => {
    const home = small.home('R1');
    const done = await restoreNode({ home, file, passphrase, entropy: systemEntropy() });
    if (!done.ok) throw new Error(done.refusal.about);
    expect(done.value.asksFirst).equal(true);
    for (const name of ['keys/wallet.key', 'settlement.sqlite']) expect((await stat(join(home, name))).mode & 0o777).equal(0o600);
    const opened = await openHome(home, systemEntropy());
    expect(opened.ok && opened.value.spec.settlement.restored).equal(true);
    expect(opened.ok && opened.value.spec.settlement.restore).match(/^[0-9a-f]{32}$/);
    expect(opened.ok && opened.value.spec.network).equal('network.json');
    expect(await readLastBackup(home)).equal(small.schedule(0).bst - 1);
    expect((await restoreNode({ home, file, passphrase, entropy: systemEntropy() })).ok).equal(false);
  });

  it('asks its counterpart, and does not pay what it had paid', async () => {
    const before = await small.balance('R1');
    restored = await small.run(small.home('R1'), 'R1');
    await small.advance(small.schedule(0).paymentEnd + 600);
    expect(await small.balance('R1')).equal(before);
    expect(await linesOf(restored)).deep.equal(['0 receipted 2000000000']);
  });

  it('settles the next interval once, and asks no more after another start', async () => {
    const before = await small.balance('R1');
    await restored!.stop();
    restored = await small.run(small.home('R1'), 'R1');
    await small.advance(Math.max(small.schedule(1).start, small.clock.now() + 1));
    await small.carry(GIB, false);
    await small.advance(small.schedule(1).paymentEnd);
    expect(before - (await small.balance('R1'))).equal(owed);
    expect(await linesOf(restored)).include('1 receipted 2000000000');
    const readings = async () => {
      const database = await openDatabase({ file: join(small.home('R1'), 'settlement.sqlite') }, migrations, 'settlement');
      const rows = await database.transaction(async (tx) => ({
        restore: await readRestore(tx),
        last: await tx.all('SELECT last_interval FROM recovery'),
        waiting: await tx.all('SELECT peer FROM pair WHERE recall = 1 AND state <> ?', ['receipted']),
      }));
      await database.close();
      return rows;
    };
    const seen = await readings();
    const opened = await openHome(small.home('R1'), systemEntropy());
    expect(seen.restore).equal(opened.ok ? opened.value.spec.settlement.restore : '');
    expect(seen.waiting).deep.equal([]);
    await restored.stop();
    restored = await small.run(small.home('R1'), 'R1');
    await small.advance(small.schedule(2).start + 60);
    expect(await readings()).deep.equal(seen);
  });
});

describe('ptg backup and ptg restore', () => {
  let folder: string;
  const at = (...names: string[]) => join(folder, ...names);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ptg-backup-'));
    await ptg('init', 'directory', 'ledger', at('authority'), '--url', 'http://127.0.0.1:7391', '--nickname', 'auth');
    const network = at('authority', 'network.json');
    await ptg('init', 'relay', 'settlement', at('node'), '--network', network, '--url', 'http://127.0.0.1:7392');
    await writeFile(at('right'), `${passphrase}\n`);
    await writeFile(at('wrong'), 'incorrect horse\n');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const restore = (home: string, file = 'b', secret = 'right') =>
    ptg('restore', at(file), '--home', at(home), '--passphrase-file', at(secret));

  it('write one file and read it back, byte by byte', async () => {
    // What the operator wrote stays as it is.
    await appendFile(at('node', 'ptg.toml'), '\n# my own words\n');
    await mkdir(at('node', 'notes'));
    await writeFile(at('node', 'notes', 'big'), Buffer.alloc(300_000, 7));
    await writeFile(at('node', 'empty'), '');
    const made = await ptg('backup', at('b'), '--home', at('node'), '--passphrase-file', at('right'), '--json');
    expect(made).deep.include({ code: 0, err: '' });
    const back = await restore('back');
    expect(back.code).equal(0);
    expect(back.out).include('ask its counterparts').and.include('old node runs nowhere');
    for (const name of ['keys/identity.key', 'network.json', 'notes/big', 'empty', 'torrc.lines']) {
      expect((await readFile(at('back', name))).equals(await readFile(at('node', name))), name).equal(true);
    }
    const [toml, unit] = [await readFile(at('back', 'ptg.toml'), 'utf8'), await readFile(at('back', 'ptg.service'), 'utf8')];
    expect(toml).include('# my own words').and.include('restored = true');
    expect(unit).include(at('back')).and.not.include(at('node'));
    expect((await ptg('config', 'check', '--home', at('back'))).code).equal(0);
  });

  it('a second restore has another name, so that settlement asks again', async () => {
    await rename(at('back'), at('first'));
    await restore('back');
    const name = async (home: string) => /restore = "([0-9a-f]+)"/.exec(await readFile(at(home, 'ptg.toml'), 'utf8'))![1];
    expect(await name('back')).not.equal(await name('first'));
  });

  it('refuse a wrong passphrase, and a folder that is not empty; nothing is left behind', async () => {
    const wrong = await restore('elsewhere', 'b', 'wrong');
    expect(wrong).deep.include({ code: 1, out: '' });
    expect(wrong.err).include('[archive-passphrase]');
    expect((await restore('node')).err).include('[restore-not-empty]');
    expect((await restore('elsewhere', 'nothing')).err).include('[archive-missing]');
    expect((await restore('elsewhere', 'right')).err).include('[archive-format]');
    expect((await ptg('restore', at('b'), '--home', at('elsewhere'))).err).include('[passphrase-none]');
    await mkdir(at('empty'));
    await restore('empty', 'b', 'wrong');
    expect(await readdir(at('empty'))).deep.equal([]);
    expect(await readdir(folder)).not.include('elsewhere');
  });

  it('says plainly which PostgreSQL databases are not in it', async () => {
    const toml = await readFile(at('node', 'ptg.toml'), 'utf8');
    await writeFile(
      at('node', 'ptg.toml'),
      toml.replace('[databases]', '[databases]\nsettlement = "postgres://u:secret@127.0.0.1/x"'),
    );
    const made = await ptg('backup', at('pg'), '--home', at('node'), '--passphrase-file', at('right'));
    expect(made.out).include('NOT in it: the PostgreSQL database of settlement').and.not.include('secret');
    expect((await restore('pg-back', 'pg')).out).include('NOT in it: the PostgreSQL database of settlement');
    await writeFile(at('node', 'ptg.toml'), toml);
  });

  it('keeps no half of a file that is cut off', async () => {
    const whole = await readFile(at('b'));
    for (const length of [whole.length - 1, whole.length - 70_000, 200]) {
      await writeFile(at('cut'), whole);
      await truncate(at('cut'), length);
      expect((await restore('elsewhere', 'cut')).err, String(length)).match(/\[archive-(damaged|passphrase)\]/);
    }
    expect(await readdir(folder)).not.include('elsewhere');
  });
});

describe('an archive', () => {
  let folder: string;
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'ptg-archive-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  const contents: readonly [EntryHead, Buffer][] = [0, 1, 65_535, 65_536, 200_000].map((bytes, index) => [
    { name: `f${index}`, mode: 0o600, bytes },
    Buffer.alloc(bytes, index),
  ]);
  const read = async (file: string) => {
    const seen: [EntryHead, Buffer][] = [];
    const outcome = await readArchive(file, passphrase, async (head, content) => {
      const parts: Uint8Array[] = [];
      for await (const part of content) parts.push(part);
      seen.push([head, Buffer.concat(parts)]);
      return { ok: true, value: undefined };
    });
    return { code: outcome.ok ? 'ok' : outcome.refusal.code, seen };
  };

  it('gives back what was put in, whatever the sizes', async () => {
    const file = join(folder, 'whole');
    await writeArchive(file, passphrase, seededEntropy('a'), async (add) => {
      for (const [head, content] of contents) await add(head, [content]);
    });
    expect(await read(file)).deep.equal({ code: 'ok', seen: contents });
  });

  it('is refused when any byte of it was changed, or one was added', async () => {
    const whole = await readFile(join(folder, 'whole'));
    const file = join(folder, 'changed');
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (place, bits) => {
        const changed = Buffer.from(whole);
        changed[place]! ^= bits;
        await writeFile(file, changed);
        return /^archive-(format|passphrase|damaged)$/.test((await read(file)).code);
      }),
      { numRuns: 12 },
    );
    await writeFile(file, Buffer.concat([whole, Buffer.of(0)]));
    expect((await read(file)).code).equal('archive-damaged');
    // Two frames exchanged.
    const [begin, frame] = [18 + 16 + 24, 65_553];
    const [one, two] = [whole.subarray(begin, begin + frame), whole.subarray(begin + frame, begin + 2 * frame)];
    await writeFile(file, Buffer.concat([whole.subarray(0, begin), two, one, whole.subarray(begin + 2 * frame)]));
    expect((await read(file)).code).equal('archive-passphrase');
    await writeFile(file, Buffer.concat([whole.subarray(0, begin + frame), whole.subarray(begin + 2 * frame)]));
    expect((await read(file)).code).equal('archive-damaged');
  });

  it('leaves no file when it is not finished', async () => {
    const file = join(folder, 'unfinished');
    const failing = writeArchive(file, passphrase, seededEntropy('a'), async () => {
      throw new Error('the disk is full');
    });
    expect(await failing.catch((thrown: Error) => thrown.message)).equal('the disk is full');
    expect((await readdir(folder)).filter((name) => name.includes('unfinished'))).deep.equal([]);
  });
});

describe('settings changed in the operator’s own words', () => {
  const spec = (toml: { roles: string[]; [more: string]: unknown }) => nodeSpec.parse(toml);
  const settlement = { payouts: 'manual', restored: true } as const;
  const settings = [{ table: 'settlement', key: 'restored', value: true }];

  it('keeps every other line', () => {
    const text =
      '# mine\nroles = ["client"]\n\n[settlement] # how\npayouts = "manual" # slowly\nrestored = false\n\n[guard]\nconfirmations = 2\n';
    const plain = text.replace(' # how', '');
    const wanted = spec({ roles: ['client'], settlement, guard: { confirmations: 2 } });
    expect(changedSettings(plain, wanted, settings)).equal(plain.replace('restored = false', 'restored = true'));
  });

  it('writes the file anew where a line cannot be changed', () => {
    const wanted = spec({ roles: ['settlement'], settlement });
    const text = 'roles = ["settlement"]\nsettlement = { payouts = "manual" }\n';
    expect(changedSettings(text, wanted, settings)).include(
      '[settlement]\npayouts = "manual"\ncontests = "auto"\nrestored = true',
    );
  });
});
