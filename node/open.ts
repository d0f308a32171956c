/*
 * A node from its data folder: ptg.toml, network.json, parameters and key files in; what startNode takes, out, or a refusal that
 * names file, key and remedy. Called by `ptg run` and by commands that read a node which does not run.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ZodType } from 'zod';
import { ok, refuser, type Result } from '../core/refusal.ts';
import { network, type Network } from '../core/wire/network.ts';
import { parameters, type Parameters } from '../core/wire/parameters.ts';
import { readConfig } from '../host/config.ts';
import { keysIn, type Keys } from './keys.ts';
import type { Entropy } from '../host/ports.ts';
import { nodeSpec, type NodeSpec } from './spec.ts';

export const homeFileRefusals = {
  'file-missing': {
    retry: false,
    text: 'a file of the node cannot be read',
    remedy: 'put it there, or correct its name in ptg.toml',
  },
  'file-shape': {
    retry: false,
    text: 'a file of the node does not hold what it should',
    remedy: 'get it anew from whoever runs the network',
  },
} as const;
const refuse = refuser(homeFileRefusals);

export interface OpenedHome {
  readonly spec: NodeSpec;
  readonly home: string;
  readonly network: Network;
  readonly parameters?: Parameters;
  readonly keys: Keys;
}

export async function openHome(home: string, entropy: Entropy): Promise<Result<OpenedHome>> {
  const spec = await readConfig(join(home, 'ptg.toml'), nodeSpec);
  if (!spec.ok) return spec;
  const known = await readJson(join(home, spec.value.network), network);
  if (!known.ok) return known;
  const opened = { spec: spec.value, home, network: known.value, keys: keysIn(join(home, 'keys'), entropy) };
  if (spec.value.parameters === undefined) return ok(opened);
  const founded = await readJson(join(home, spec.value.parameters), parameters);
  return founded.ok ? ok({ ...opened, parameters: founded.value }) : founded;
}

export async function readJson<T>(file: string, shape: ZodType<T>): Promise<Result<T>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return refuse('file-missing', file);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse('file-shape', `${file}: not JSON`);
  }
  const read = shape.safeParse(json);
  const issue = read.error?.issues[0];
  return read.success
    ? ok(read.data)
    : refuse('file-shape', `${file}: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`);
}
