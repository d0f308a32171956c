/*
 * Configuration: a TOML file and the schema of what may stand in it, in; the checked values out, or a refusal that names file,
 * key and remedy. Called once by node before it starts anything.
 */
import { readFile } from 'node:fs/promises';
import { parse } from 'smol-toml';
import type { ZodType } from 'zod';
import { ok, refuser, type Refusal, type Result } from '../core/refusal.ts';
import { errorText } from './log.ts';

export const configRefusals = {
  'config-missing': {
    retry: false,
    text: 'the configuration file cannot be read',
    remedy: 'name its folder with --home, or run ptg init',
  },
  'config-toml': { retry: false, text: 'the configuration file is not TOML', remedy: 'correct the line named above' },
  'config-key': {
    retry: false,
    text: 'a key of the configuration is missing, unknown or out of bounds',
    remedy: 'correct the key named above',
  },
} as const;
const refuse = refuser(configRefusals);

export async function readConfig<T>(file: string, schema: ZodType<T>): Promise<Result<T>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    return refuse('config-missing', `${file} (${errorText(thrown).split(':')[0]})`);
  }
  return parseConfig(text, schema, file);
}

export function parseConfig<T>(text: string, schema: ZodType<T>, file: string): Result<T> {
  let values: unknown;
  try {
    values = parse(text);
  } catch (thrown) {
    return refuse('config-toml', `${file}: ${errorText(thrown).split('\n')[0]}${lineOf(thrown)}`);
  }
  const checked = schema.safeParse(values);
  if (checked.success) return ok(checked.data);
  const issue = checked.error.issues[0];
  const key = issue?.path.map(String).join('.') || 'the whole file';
  return refuse('config-key', `${file}: ${key}: ${issue?.message ?? 'not valid'}`);
}

/** What happened, to what, what to do; then the code (design §10). */
export function refusalLines(refusal: Refusal): string {
  // Three lines, whatever the thing is called.
  const about = refusal.about.replace(/\s*\n\s*/g, ' ');
  return `${refusal.text}\n  ${about}\n  ${refusal.remedy} [${refusal.code}]`;
}

function lineOf(thrown: unknown): string {
  const line = (thrown as { line?: unknown } | null)?.line;
  return typeof line === 'number' ? `, line ${line}` : '';
}
