/*
 * A node's backup: its data folder in, whether the node runs or not; one sealed file out, and what is not in it. Called by
 * `ptg backup`.
 */
import { createReadStream } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { ok, type Result } from '../../core/refusal.ts';
import { encode } from '../../core/wire/codec.ts';
import { isArchive, writeArchive, type Add } from '../../host/archive.ts';
import { copyDatabase } from '../../host/db/copy.ts';
import type { Entropy, RoleName } from '../../host/ports.ts';
import { openHome } from '../open.ts';
import { lastBackupName, manifestName, saveLastBackup, type Manifest } from './manifest.ts';

export interface BackupOptions {
  readonly home: string;
  readonly file: string;
  readonly passphrase: string;
  readonly now: number;
  readonly entropy: Entropy;
}

export interface BackedUp {
  readonly file: string;
  readonly at: number;
  readonly files: readonly string[];
  /** Roles whose PostgreSQL database must be backed up by itself. */
  readonly elsewhere: readonly RoleName[];
  /** Files whose names a backup does not take. */
  readonly leftOut: readonly string[];
}

export async function backUpNode(options: BackupOptions): Promise<Result<BackedUp>> {
  const { home, file, passphrase, now, entropy } = options;
  const opened = await openHome(home, entropy);
  if (!opened.ok) return opened;
  const { spec, network } = opened.value;
  const elsewhere = spec.roles.filter((role) => spec.databases[role] !== undefined);
  const outside = [spec.network, ...(spec.parameters === undefined ? [] : [spec.parameters])];
  const found = await filesOf(home, new Set([resolve(file)]));
  const sources = new Map(found.taken.map((path) => [relative(home, path), path]));
  const nameOf = (path: string, name: string): string => {
    const inside = relative(home, resolve(home, path));
    if (sources.has(inside)) return inside;
    sources.set(name, resolve(home, path));
    return name;
  };
  const [networkName, parametersName] = outside.map((path, index) =>
    nameOf(path, index === 0 ? 'network.json' : 'parameters.json'),
  );
  const manifest: Manifest = {
    networkId: network.networkId,
    at: now,
    home,
    network: networkName as string,
    parameters: parametersName ?? null,
    elsewhere,
  };
  const names = [...sources.keys()].sort(inOrder);
  await writeArchive(file, passphrase, entropy, async (add) => {
    const text = Buffer.from(encode(manifest), 'utf8');
    await add({ name: manifestName, mode: 0o600, bytes: text.length }, [text]);
    const staging = await mkdtemp(join(home, '.backup-'));
    try {
      for (const name of names) await addFile(add, name, sources.get(name) as string, staging);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  });
  await saveLastBackup(home, now);
  return ok({ file: resolve(file), at: now, files: names, elsewhere, leftOut: found.leftOut });
}

/**
 * Who asks another role is copied before whom it asks: what the copy of the asker still wants, it asks again; never the other way
 * round, that it counts on an answer which the other's copy does not remember.
 */
const databases = ['client', 'guard', 'settlement', 'relay', 'directory', 'ledger', 'network'].map((name) => `${name}.sqlite`);

function inOrder(a: string, b: string): number {
  return databases.indexOf(a) - databases.indexOf(b) || (a < b ? -1 : 1);
}

async function addFile(add: Add, name: string, path: string, staging: string): Promise<void> {
  const isDatabase = name.endsWith('.sqlite');
  const source = isDatabase ? join(staging, basename(name)) : path;
  if (isDatabase) await copyDatabase(path, source);
  if (isDatabase) await chmod(source, 0o600);
  const { size, mode } = await stat(source);
  // A file that grows meanwhile is taken as long as it was.
  const content = size === 0 ? [] : createReadStream(source, { end: size - 1 });
  await add({ name, mode: mode & 0o777, bytes: size }, content);
  if (isDatabase) await rm(source);
}

interface Found {
  readonly taken: string[];
  readonly leftOut: string[];
}

/** Everything but sockets, what SQLite keeps beside its files, half-written files, networks of `ptg up`, and earlier backups. */
async function filesOf(home: string, except: ReadonlySet<string>): Promise<Found> {
  const found: Found = { taken: [], leftOut: [] };
  const walk = async (folder: string, depth: number): Promise<void> => {
    for (const name of (await readdir(folder)).sort()) {
      const path = join(folder, name);
      const isOurs = /^\..*\.new$|^\.backup-|\.sqlite-(wal|shm|journal)$/.test(name) || except.has(path);
      if (isOurs || (depth === 0 && (name === 'local' || name === lastBackupName || name === manifestName))) continue;
      const kind = await stat(path).catch(() => null);
      if (kind?.isDirectory() === true && depth < 6) await walk(path, depth + 1);
      else if (kind?.isFile() === true && !(await isArchive(path))) {
        const list = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/.test(relative(home, path));
        (list ? found.taken : found.leftOut).push(path);
      }
    }
  };
  await walk(home, 0);
  return found;
}
