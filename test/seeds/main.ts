/*
 * `npm run world`: one seed, or many of them, in; what happened and what is wrong, out. `--seed N` prints one whole (`--log`: with the
 * roles' logs on standard error; `--keep`: its disks stay); `--seeds N` runs N of them, from `--from` or 1, in `--workers` processes or two, and prints those
 * that fail, and totals. Exit code 1 when one fails, 2 when the command is wrong.
 */
import { parseArgs } from 'node:util';
import { runMany } from './many.ts';
import { replayCommand, linesOf } from './report.ts';
import { runSeed } from './run.ts';

const usage = 'npm run world -- --seed N [--log] [--keep] | --seeds COUNT [--from N] [--workers N]';

async function main(): Promise<number> {
  const options = {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string' },
    workers: { type: 'string' },
    log: { type: 'boolean' },
    keep: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ options });
  const numbers = [values.seed, values.seeds, values.from, values.workers].filter((one) => one !== undefined);
  const isOne = values.seed !== undefined;
  if (numbers.some((one) => !/^[0-9]{1,9}$/.test(one)) || isOne === (values.seeds !== undefined)) {
    console.error(usage);
    return 2;
  }
  if (!isOne)
    return runMany({ count: Number(values.seeds), from: Number(values.from ?? 1), workers: Number(values.workers ?? 2) });
  const outcome = await runSeed(Number(values.seed), {
    ...(values.log === true ? { log: (line) => console.error(line) } : {}),
    keep: values.keep === true,
  });
  for (const line of linesOf(outcome)) console.log(line);
  if (values.keep === true) console.log(`disks: ${outcome.home}`);
  if (outcome.faults.length > 0) console.log(`again: ${replayCommand(outcome.seed)}`);
  return outcome.faults.length > 0 ? 1 : 0;
}

// What a seed left open does not keep the command from ending.
process.exit(await main());
