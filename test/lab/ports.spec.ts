/*
 * Ports that several processes ask for at once: nobody gets another's, also while nobody listens on it.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { freePorts } from '../../lab/ports.ts';
import { later, undoAll } from '../harness/later.ts';

const other = fileURLToPath(new URL('ports-other.ts', import.meta.url));

describe('free ports', () => {
  afterEach(undoAll);

  it('are given to one process each, which has them while it lives', async () => {
    const others = [0, 1, 2].map(() => {
      const child = fork(other, { execArgv: ['--import', 'tsx'] });
      later(async () => void child.kill('SIGKILL'));
      return once(child, 'message') as Promise<[number[]]>;
    });
    const all = [await freePorts(200), ...(await Promise.all(others)).map(([ports]) => ports)];
    for (const ports of all) expect(new Set(ports).size).equal(200);
    expect(new Set(all.flat()).size).equal(800);
  });

  it('are not given again before many others were', async () => {
    const given = [...(await freePorts(100)), ...(await freePorts(100))];
    expect(new Set(given).size).equal(200);
  });
});
