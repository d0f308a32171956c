/*
 * Electrum, the independent wallet, offline and in a folder of its own: its commands as a person types them. With CI=true a missing one is
 * a failure, elsewhere its tests are skipped.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const INSTALL = 'there is no electrum: apt-get install --no-install-recommends electrum';

/** The program, or null where its tests are to be skipped. */
export function electrumProgram(): string | null {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'electrum'));
  const program = places.find(isProgram);
  if (program !== undefined) return program;
  if (process.env['CI'] === 'true') throw new Error(INSTALL);
  console.log(`    skipped: ${INSTALL}`);
  return null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface Electrum {
  /** What a command prints, of a wallet where one is named. Each takes half a second. */
  ask(words: readonly string[], wallet?: string): Promise<string>;
  remove(): void;
}

export function openElectrum(program: string): Electrum {
  const folder = mkdtempSync(join(tmpdir(), 'ptg-electrum-'));
  return {
    async ask(words, wallet) {
      const where = wallet === undefined ? [] : ['-w', join(folder, wallet)];
      // It knows no other place for some of its files than HOME.
      const options = { env: { ...process.env, HOME: folder }, maxBuffer: 2 ** 24 };
      const { stdout } = await run(program, ['--offline', '--regtest', '-D', folder, ...words, ...where], options);
      return stdout.trim();
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
