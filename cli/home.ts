/*
 * Which node a command speaks to: `--home DIR`, else PTG_HOME, else ~/.ptg; in a local network `--as NAME` is one of its nodes
 * (design §9). Options and environment in, a data folder out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ok, refuser, type Result } from '../core/refusal.ts';
import { readConfig } from '../host/config.ts';
import { nodeSpec } from '../node/spec.ts';

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
  'home-runs': {
    retry: false,
    text: 'this node runs already',
    remedy: 'stop the other process first, or look at it with ptg status',
  },
  'home-stopped': {
    retry: true,
    text: 'this node does not run, and only a running one knows this',
    remedy: 'start it with ptg run; what its disk holds is told by ptg ious and ptg earnings',
  },
  'home-no-role': {
    retry: false,
    text: 'the node of this folder does not run the role that this command asks',
    remedy: 'name another folder with --home, or another node with --as',
  },
} as const;
export const refuseHome = refuser(homeRefusals);

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
  if (options.as === undefined) return existsSync(join(base, 'ptg.toml')) ? ok(base) : refuseHome('home-missing', base);
  const network = localNetwork(base);
  if (network === null) return refuseHome('home-no-local', base);
  const home = join(network, options.as);
  return existsSync(join(home, 'ptg.toml')) ? ok(home) : refuseHome('home-no-such-node', home);
}

/** The network.json of the node that is meant; of the newest local network where no node is. */
export async function networkFileOf(options: HomeOptions, environment: NodeJS.ProcessEnv): Promise<Result<string>> {
  const home = nodeHome(options, environment);
  if (home.ok) {
    const spec = await readConfig(join(home.value, 'ptg.toml'), nodeSpec);
    return spec.ok ? ok(join(home.value, spec.value.network)) : spec;
  }
  const local = options.as === undefined ? localNetwork(baseFolder(options, environment)) : null;
  return local === null ? home : ok(join(local, 'network.json'));
}

/** `base` itself when it is a local network's folder, else the newest under it. */
export function localNetwork(base: string): string | null {
  if (existsSync(join(base, 'local-network'))) return base;
  const pointer = join(localFolder(base), newestFile);
  return existsSync(pointer) ? join(localFolder(base), readFileSync(pointer, 'utf8').trim()) : null;
}
