/*
 * A passphrase: from a file, or asked for on the terminal without showing it. Never an argument, so that it stands in no history.
 */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ok, refuser, type Result } from '../core/refusal.ts';

export const passphraseRefusals = {
  'passphrase-none': {
    retry: false,
    text: 'there is no passphrase',
    remedy: 'type one on a terminal, or name a file with --passphrase-file',
  },
  'passphrase-differs': {
    retry: false,
    text: 'the passphrase was not typed twice alike',
    remedy: 'try again: what is sealed under a slip of the finger, nobody opens',
  },
} as const;
const refuse = refuser(passphraseRefusals);

export async function readPassphrase(file: string | undefined): Promise<Result<string>> {
  const text = file === undefined ? await ask() : await readFile(file, 'utf8').catch(() => '');
  const passphrase = text.replace(/\r?\n$/, '');
  return passphrase === '' ? refuse('passphrase-none', file ?? 'standard input') : ok(passphrase);
}

/** For something that is to be sealed: on a terminal it is asked for twice. */
export async function readNewPassphrase(file: string | undefined): Promise<Result<string>> {
  const first = await readPassphrase(file);
  if (!first.ok || file !== undefined) return first;
  return (await ask('Again: ')) === first.value ? first : refuse('passphrase-differs', 'standard input');
}

async function ask(prompt = 'Passphrase: '): Promise<string> {
  if (!process.stdin.isTTY) return '';
  process.stderr.write(prompt);
  // Output to nowhere: what is typed is not shown.
  const lines = createInterface({
    input: process.stdin,
    output: new Writable({ write: (_chunk, _encoding, done) => done() }),
    terminal: true,
  });
  return new Promise((resolve) => {
    lines.once('line', (line) => {
      process.stderr.write('\n');
      lines.close();
      resolve(line);
    });
    lines.once('close', () => resolve(''));
  });
}
