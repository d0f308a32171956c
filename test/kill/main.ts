/*
 * `npm run kill`: every point of every journey, or those of `--journey NAME --node PART --at N`; a line a journey and node, and a total,
 * out. `--twice`: each time it dies again on its way back; `--stride N`: every N-th point. Exit code 1 where a point failed.
 */
import { parseArgs } from 'node:util';
import { runMatrix, somewhere } from './matrix.ts';
import { reportOf } from './report.ts';

const { values } = parseArgs({
  options: {
    ...{ journey: { type: 'string' }, node: { type: 'string' }, at: { type: 'string' }, again: { type: 'string' } },
    ...{ stride: { type: 'string' }, twice: { type: 'boolean' } },
  },
});
const { journey, node: part, at, again, stride, twice } = values;
// So that what it has made is cleared away.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const begun = Date.now();
const rows = await runMatrix({
  ...{ journey, part, at: at === undefined ? undefined : Number(at) },
  again: (point) => (again !== undefined ? Number(again) : twice === true ? somewhere(point) : null),
  stride: () => Number(stride ?? 1),
  workers: at === undefined ? 2 : 1,
  tell: (line) => console.log(line),
});
console.log(reportOf(rows, (Date.now() - begun) / 1000));
process.exitCode = rows.some((row) => row.failures.length > 0) ? 1 : 0;
