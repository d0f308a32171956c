/*
 * A command of ptg in this process: arguments in; what it printed and its exit code out.
 */
import { main } from '../../cli/main.ts';

export interface Captured {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export function ptg(...args: string[]): Promise<Captured> {
  return capture(() => main(args));
}

export async function capture(run: () => Promise<void>): Promise<Captured> {
  const [out, err] = [process.stdout.write, process.stderr.write];
  const texts = { out: '', err: '' };
  const into = (name: 'out' | 'err') => (text: string | Uint8Array) => {
    texts[name] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
    return true;
  };
  const before = process.exitCode;
  process.exitCode = 0;
  process.stdout.write = into('out') as typeof out;
  process.stderr.write = into('err') as typeof err;
  try {
    await run();
    return { code: Number(process.exitCode ?? 0), ...texts };
  } finally {
    process.stdout.write = out;
    process.stderr.write = err;
    process.exitCode = before;
  }
}
