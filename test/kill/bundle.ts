/*
 * The processes of the matrix as one file each, so that a node starts in a third of a second: a file of this folder in, its bundle in
 * the folder given, out. What is native stays where it is installed. Called by matrix.ts.
 */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

/** Native, or beside a file of its own, or of databases that nobody here has. */
const external = [
  ...['sqlite3', 'sodium-native', 'tiny-secp256k1', 'pg', 'pg-native', 'pg-query-stream'],
  ...['better-sqlite3', 'libsql', 'mariadb', 'mysql', 'mysql2', 'oracledb', 'tedious'],
];

export async function makeBundles(folder: string, names: readonly string[]): Promise<void> {
  const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  await symlink(here('../../node_modules'), join(folder, 'node_modules'));
  await build({
    entryPoints: names.map((name) => here(`${name}.ts`)),
    ...{ outdir: folder, outExtension: { '.js': '.cjs' } },
    ...{ bundle: true, platform: 'node', format: 'cjs', target: 'node20', logLevel: 'error' },
    external,
    // Of a module that looks for files beside itself; none of those is asked for here.
    define: { 'import.meta.url': '__here' },
    banner: { js: "const __here = require('node:url').pathToFileURL(__filename).href;" },
  });
  // Else its service stays.
  await stop();
}
