/*
 * Evidence on disk: what settlement tells of its pairs in; each signed object in a file of its own, as `ptg verify` reads it and
 * anybody can be shown it, out. Called by operator.ts.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { encode } from '../core/wire/codec.ts';
import { writeFileAtomically } from '../host/files.ts';
import { short } from './output.ts';

export interface Evidence {
  readonly folder: string;
  readonly files: readonly (readonly [name: string, object: unknown])[];
}

const signed = z.unknown();
const told = z.object({
  statements: z.array(
    z.object({
      ...{ interval: z.int(), peer: z.string(), nickname: z.string().nullable() },
      ...{ mine: signed, theirs: signed, settlement: signed, receipt: signed },
    }),
  ),
});
const kinds = { mine: 'statement-mine', theirs: 'statement-theirs', settlement: 'settlement', receipt: 'receipt' } as const;

export function evidenceOf(value: unknown, folder: string): Evidence {
  const files = told
    .parse(value)
    .statements.flatMap((pair) =>
      (['mine', 'theirs', 'settlement', 'receipt'] as const)
        .filter((name) => pair[name] !== null && pair[name] !== undefined)
        .map((name) => [`${pair.interval}-${pair.nickname ?? short(pair.peer)}-${kinds[name]}.json`, pair[name]] as const),
    );
  return { folder: resolve(folder), files };
}

export async function writeEvidence({ folder, files }: Evidence): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, object] of files) await writeFileAtomically(join(folder, name), `${encode(object)}\n`, 0o600);
  return `${files.length} files are written in ${folder}. What one proves: ptg verify FILE\n`;
}
