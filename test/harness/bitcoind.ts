/*
 * A bitcoind of one's own: one node of the chain regtest, on loopback and a free port, in a folder of its own, without peers, stopped by
 * its process id. Its program is what bin/bitcoind.sh installs, or PTG_BITCOIND. With CI=true a missing one is a failure.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { networks, payments } from 'bitcoinjs-lib';
import { z } from 'zod';
import { hash } from '../../rail/bitcoin/exact.ts';
import { createRpc, type Param, type Rpc } from '../../rail/bitcoin/rpc.ts';

export interface Bitcoind {
  readonly url: string;
  readonly rpc: Rpc;
  /** What its cookie file holds: a new one at each start. */
  login(): Promise<string>;
  /** The answer unchecked; a refusal fails the test. Numbers are text. */
  ask(method: string, ...params: Param[]): Promise<unknown>;
  /** Blocks to that address (by itself: to nobody), oldest first; their hashes. */
  mine(count: number, address?: string): Promise<string[]>;
  /** Pays from its own wallet of mined money, which is made at the first call; the txid, in the mempool. */
  pay(address: string, btc: string): Promise<string>;
  /** Ends the process; `start` begins it again with the same folder and port. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends the process and removes its folder. */
  remove(): Promise<void>;
  /** The end of its log. */
  log(): Promise<string>;
}

const INSTALL = 'there is no bitcoind: sh bin/bitcoind.sh installs one into .bitcoind';

/** The program, or null where the stage is to be skipped. */
export function bitcoindProgram(): string | null {
  const program = process.env['PTG_BITCOIND'] ?? fileURLToPath(new URL('../../.bitcoind/bin/bitcoind', import.meta.url));
  if (existsSync(program)) return program;
  if (process.env['CI'] === 'true') throw new Error(INSTALL);
  console.log(`    skipped: ${INSTALL}`);
  return null;
}

/** Coins of mined blocks may be spent after so many. */
export const MATURITY = 100;
const PATIENCE_MS = 60_000;

export async function startBitcoind(program: string, args: readonly string[] = []): Promise<Bitcoind> {
  const folder = mkdtempSync(join(tmpdir(), 'ptg-bitcoind-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const login = async () => (await readFile(join(folder, 'regtest', '.cookie'), 'utf8')).trim();
  const rpc = createRpc({ url, login });
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    const own = ['-regtest', `-datadir=${folder}`, '-listen=0', '-connect=0', '-dnsseed=0', '-listenonion=0', '-server=1'];
    const rest = [
      `-rpcport=${port}`,
      '-rpcbind=127.0.0.1',
      '-rpcallowip=127.0.0.1',
      '-fallbackfee=0.00002',
      '-printtoconsole=0',
      '-keypool=10',
    ];
    const started = spawn(program, [...own, ...rest, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    const said: string[] = [];
    started.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await rpc.call('getblockcount', [], z.unknown())).ok) {
      if (started.exitCode !== null || Date.now() > deadline)
        throw new Error(`bitcoind does not start: ${said.join('')}${await log()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function stop(): Promise<void> {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    await ended;
  }

  async function log(): Promise<string> {
    return (await readFile(join(folder, 'regtest', 'debug.log'), 'utf8').catch(() => '')).slice(-4000);
  }

  async function ask(method: string, ...params: Param[]): Promise<unknown> {
    return answered(await rpc.call(method, params, z.unknown()));
  }

  let blocks = 0;
  const bank = rpc.wallet('bank');
  let hasBank = false;
  async function openBank(): Promise<void> {
    hasBank = true;
    await ask('createwallet', 'bank', false, false, '', false, true, true);
    const address = answered(await bank.call('getnewaddress', [], z.string()));
    await ask('generatetoaddress', MATURITY + 10, address);
  }

  await start().catch(async (thrown: unknown) => {
    await remove();
    throw thrown;
  });
  async function remove(): Promise<void> {
    await stop();
    rpc.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  return {
    url,
    rpc,
    login,
    ask,
    async mine(count, address = nobody((blocks += 1))) {
      return z.array(hash).parse(await ask('generatetoaddress', count, address));
    },
    async pay(address, btc) {
      if (!hasBank) await openBank();
      return answered(await bank.call('sendtoaddress', [address, btc], hash));
    },
    stop,
    start,
    remove,
    log,
  };
}

function answered<T>(answer: { ok: true; value: T } | { ok: false; refusal: { about: string } }): T {
  if (!answer.ok) throw new Error(answer.refusal.about);
  return answer.value;
}

/** A P2WSH whose script nobody knows; each time another, since a block that was made invalid must not be mined once more. */
function nobody(number: number): string {
  const hash = Buffer.alloc(32);
  hash.writeUInt32BE(number);
  return payments.p2wsh({ hash, network: networks.regtest }).address ?? '';
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
