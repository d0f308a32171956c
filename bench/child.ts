/*
 * Work in a process of its own, so that the memory it takes is its own: a file of this folder and arguments in; what it printed, read as
 * JSON, out. Called where a bench says how much memory something takes.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function inChild<T>(file: string, args: readonly (string | number)[]): Promise<T> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const flags = ['--import', 'tsx', '--expose-gc'];
  const { stdout } = await run(process.execPath, [...flags, path, ...args.map(String)], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout) as T;
}
