/*
 * A node from its backup: the sealed file and an empty folder in; the folder as it was, told that it comes out of a backup, out.
 * ptg.toml is written last: until then there is no node that could be started. Called by `ptg restore`.
 */
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { decode } from '../../core/wire/codec.ts';
import { readArchive, type EntryHead } from '../../host/archive.ts';
import { parseConfig } from '../../host/config.ts';
import { asDiskFault, writeFileAtomically } from '../../host/files.ts';
import type { Entropy, RoleName } from '../../host/ports.ts';
import { nodeSpec, type NodeSpec } from '../spec.ts';
import { manifest, manifestName, saveLastBackup, type Manifest } from './manifest.ts';
import { changedSettings, type Setting } from './settings.ts';

export interface RestoreOptions {
  readonly home: string;
  readonly file: string;
  readonly passphrase: string;
  readonly entropy: Entropy;
}

export interface RestoredNode {
  readonly home: string;
  readonly networkId: string;
  readonly at: number;
  readonly roles: readonly RoleName[];
  readonly files: readonly string[];
  /** Whether settlement will ask its counterparts before it pays (rule 8). */
  readonly asksFirst: boolean;
  /** Roles whose PostgreSQL database was not in the backup. */
  readonly elsewhere: readonly string[];
}

export const restoreRefusals = {
  'restore-not-empty': {
    retry: false,
    text: 'a backup is restored into an empty folder only',
    remedy: 'name another one with --home, or move away what is in it',
  },
  'restore-contents': {
    retry: false,
    text: 'the backup does not hold what a node needs',
    remedy: 'restore it with the version of ptg that made it',
  },
} as const;
const refuse = refuser(restoreRefusals);

export async function restoreNode(options: RestoreOptions): Promise<Result<RestoredNode>> {
  const { home, file, passphrase, entropy } = options;
  const before = await readdir(home).catch(() => null);
  if (before !== null && before.length > 0) return refuse('restore-not-empty', home);
  await mkdir(home, { recursive: true, mode: 0o700 });
  let restored: Result<RestoredNode> | null = null;
  try {
    restored = await unpack(home, file, passphrase, entropy);
    return restored;
  } catch (thrown) {
    throw asDiskFault(thrown, home);
  } finally {
    // Half of a node is none.
    if (restored?.ok !== true) await emptyAgain(home, before === null);
  }
}

async function unpack(home: string, file: string, passphrase: string, entropy: Entropy): Promise<Result<RestoredNode>> {
  let about: Manifest | null = null;
  let toml: string | null = null;
  const files: string[] = [];
  const read = await readArchive(file, passphrase, async (head, content) => {
    if (about === null) {
      const told = head.name === manifestName ? decode((await whole(content)).toString('utf8'), manifest) : null;
      if (told?.ok !== true) return refuse('restore-contents', `${file}: ${manifestName}`);
      about = told.value;
    } else if (head.name === 'ptg.toml') toml = (await whole(content)).toString('utf8');
    else if (head.name === 'ptg.service') await writeAll(home, head, [adapted(await whole(content), about.home, home)]);
    else await writeAll(home, head, content);
    if (head.name !== manifestName) files.push(head.name);
    return ok(undefined);
  });
  if (!read.ok) return read;
  const told = about as Manifest | null;
  const spec = toml === null ? null : parseConfig(toml, nodeSpec, 'ptg.toml');
  if (told === null || toml === null || spec === null) return refuse('restore-contents', `${file}: ptg.toml`);
  if (!spec.ok) return spec;
  const { text, asksFirst } = settingsAfter(toml, spec.value, told, entropy);
  await saveLastBackup(home, told.at);
  await writeFileAtomically(join(home, 'ptg.toml'), text);
  const { networkId, at, elsewhere } = told;
  return ok({ home, networkId, at, roles: spec.value.roles, files: files.sort(), asksFirst, elsewhere });
}

/** A new name for each restore: settlement asks once for each, and needs nobody to tell it to stop. */
function settingsAfter(toml: string, spec: NodeSpec, told: Manifest, entropy: Entropy): { text: string; asksFirst: boolean } {
  const asksFirst = spec.roles.includes('settlement');
  const settings: Setting[] = [];
  let wanted: NodeSpec = spec;
  if (spec.network !== told.network) {
    settings.push({ table: '', key: 'network', value: told.network });
    wanted = { ...wanted, network: told.network };
  }
  if (told.parameters !== null && spec.parameters !== told.parameters) {
    settings.push({ table: '', key: 'parameters', value: told.parameters });
    wanted = { ...wanted, parameters: told.parameters };
  }
  if (asksFirst) {
    const restore = Buffer.from(entropy.bytes(16)).toString('hex');
    settings.push({ table: 'settlement', key: 'restore', value: restore });
    settings.push({ table: 'settlement', key: 'restored', value: true });
    wanted = { ...wanted, settlement: { ...wanted.settlement, restored: true, restore } };
  }
  return { text: settings.length === 0 ? toml : changedSettings(toml, wanted, settings), asksFirst };
}

async function whole(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const bytes of content) parts.push(bytes);
  return Buffer.concat(parts);
}

function adapted(unit: Buffer, from: string, to: string): Buffer {
  return Buffer.from(unit.toString('utf8').replaceAll(from, to), 'utf8');
}

async function writeAll(home: string, head: EntryHead, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const path = join(home, head.name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, 'wx', head.mode);
  try {
    for await (const bytes of content) await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function emptyAgain(home: string, wasMade: boolean): Promise<void> {
  if (wasMade) return rm(home, { recursive: true, force: true });
  for (const name of await readdir(home)) await rm(join(home, name), { recursive: true, force: true });
}
