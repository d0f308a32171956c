/*
 * Which node a command speaks to: `--home DIR`, else PTG_HOME, else ~/.ptg; in a local network `--as NAME` is one of its nodes
 * (design §9). Options and environment in, a data folder out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ok, refuser, type Result } from '../core/refusal.ts';

export interface HomeOptions {
  readonly home?: string;
  readonly as?: string;
}

export const homeRefusals = {
  'home-missing': {
    retry: false,
    text: 'there is no node in this folder',
    remedy: 'name it with --home, or make one with ptg init',
  },
  'home-no-local': {
    retry: false,
    text: 'no local network was started here',
    remedy: 'start one with ptg up, or name a folder with --home',
  },
  'home-no-such-node': {
    retry: false,
    text: 'the local network has no node of this name',
    remedy: 'choose one of those that ptg up printed',
  },
} as const;
const refuse = refuser(homeRefusals);

/** The folder under which everything of this person lies. */
export function baseFolder(options: HomeOptions, environment: NodeJS.ProcessEnv): string {
  return resolve(options.home ?? environment['PTG_HOME'] ?? join(homedir(), '.ptg'));
}

/** Where `ptg up` keeps its networks, and the file that names the newest. */
export function localFolder(base: string): string {
  return join(base, 'local');
}
export const newestFile = 'newest';

export function nodeHome(options: HomeOptions, environment: NodeJS.ProcessEnv): Result<string> {
  const base = baseFolder(options, environment);
  if (options.as === undefined) return existsSync(join(base, 'ptg.toml')) ? ok(base) : refuse('home-missing', base);
  const network = localNetwork(base);
  if (network === null) return refuse('home-no-local', base);
  const home = join(network, options.as);
  return existsSync(join(home, 'ptg.toml')) ? ok(home) : refuse('home-no-such-node', home);
}

/** `base` itself when it is a local network's folder, else the newest under it. */
export function localNetwork(base: string): string | null {
  if (existsSync(join(base, 'local-network'))) return base;
  const pointer = join(localFolder(base), newestFile);
  return existsSync(pointer) ? join(localFolder(base), readFileSync(pointer, 'utf8').trim()) : null;
}
