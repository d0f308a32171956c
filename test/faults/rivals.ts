/*
 * Two settlement processes at once on one database: the one in a child begins to pay and is stopped (SIGSTOP) in the middle of it; the
 * other waits for the lease, pays, and then the first comes back. Where the database is, in; promises out. Called by lease.spec.ts, and
 * by the stage on PostgreSQL.
 */
import { expect } from 'chai';
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openNetwork, type TestNetwork } from '../journeys/network.ts';
import type { RivalOrders } from './rival-child.ts';

const both = ['G→M 2500', 'M→X 1500'];

export function rivalSettlements(engine: string, urlOf: () => Promise<string | null>): void {
  describe(`two settlement processes on one ${engine} database`, () => {
    let network: TestNetwork;
    let child: ChildProcess | null = null;
    afterEach(async () => {
      if (child !== null) await end(child);
      child = null;
      await network.stop();
    });

    async function open(stopAt: RivalOrders['stopAt']): Promise<{ said: string[]; heard(what: string): Promise<void> }> {
      const url = await urlOf();
      const databases = url === null ? {} : { settlement: url };
      network = await openNetwork({
        relays: [{ name: 'G', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
        subscribers: { U: 10_000_000n },
        onDisk: true,
        databases: (name) => (name === 'G' ? databases : {}),
      });
      await network.subscribe('U', 'G', 1_000_000n);
      await network.carry('U', ['G', 'M', 'X'], 1000n);
      await network.advance(network.schedule(0).bst - 60);
      const orders: RivalOrders = {
        home: join(network.home, 'G'),
        spec: { roles: ['settlement'], relay: { nickname: 'G', exit: false, guard: true, bandwidth: 1 }, databases },
        networkFile: join(network.home, 'network.json'),
        ...{ now: network.clock.now(), stopAt },
      };
      const said: string[] = [];
      const started = fork(fileURLToPath(new URL('rival-child.ts', import.meta.url)), [JSON.stringify(orders)], {
        execArgv: ['--import', 'tsx'],
        silent: true,
      });
      child = started;
      let [errors, isOver] = ['', false];
      started.stderr?.on('data', (bytes: Buffer) => (errors += bytes.toString()));
      started.once('exit', () => (isOver = true));
      started.on('message', (message) => said.push(String(message)));
      const heard = async (what: string): Promise<void> => {
        while (!said.includes(what)) {
          if (isOver) throw new Error(`the other process ended before it said ${what}:\n${errors}`);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      };
      await heard('started');
      return { said, heard };
    }
    const paidBy = async (name: string) => (await network.paid(0)).filter((line) => line.startsWith(`${name}→`));
    const tell = (message: object) => void child?.send(message);

    /** The child is stopped where it was told to, while it holds the lease. */
    async function stopInTheMiddle(
      stopAt: RivalOrders['stopAt'],
    ): Promise<{ said: string[]; heard(what: string): Promise<void> }> {
      const rival = await open(stopAt);
      const { bst } = network.schedule(0);
      tell({ arm: true });
      tell({ now: bst });
      await rival.heard(`at ${stopAt}`);
      await isStopped(child as ChildProcess);
      return rival;
    }

    async function expectPaidOnce(): Promise<void> {
      await network.advance(network.schedule(0).paymentEnd);
      expect(await network.paid(0)).deep.equal(both);
      expect(await network.received(0)).deep.equal(both);
      expect(await network.differences()).deep.equal({ G: 0n, M: 0n, X: 0n });
      expect(await network.surplus()).equal(0n);
      expect(await network.wallet('M')).equal(10n ** 12n + 1000n);
    }

    it('one that is stopped before its intent loses the lease: it pays nothing when it comes back', async () => {
      const { said, heard } = await stopInTheMiddle('balance');
      const { bst } = network.schedule(0);
      await network.advance(bst + 20);
      expect(await paidBy('G'), 'the other waits for the lease').deep.equal([]);
      await network.advance(bst + 120);
      expect(await network.paid(0)).deep.equal(both);
      child?.kill('SIGCONT');
      await heard('idle');
      expect(said).not.include('pays');
      await expectPaidOnce();
    });

    it('one that is stopped with its payment on the way: the other sends the same, and the money leaves once', async () => {
      const { said, heard } = await stopInTheMiddle('payment');
      await network.advance(network.schedule(0).bst + 120);
      expect(await network.paid(0)).deep.equal(both);
      child?.kill('SIGCONT');
      await heard('idle');
      expect(said).include('pays');
      await expectPaidOnce();
    });
  });
}

/** State T in /proc. */
async function isStopped({ pid }: ChildProcess): Promise<void> {
  while (!/^\d+ \(.*\) T/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await new Promise((resolve) => setTimeout(resolve, 5));
}

function end(child: ChildProcess): Promise<unknown> {
  const ended = new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(null)));
  child.kill('SIGCONT');
  if (child.connected) child.send({ end: true });
  return ended;
}
