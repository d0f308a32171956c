/*
 * A bitcoind of one's own: one node of the chain regtest, on loopback and a free port, in a folder that is given, without peers, stopped by
 * its process id. Program and folder in; the running node out. Used by the Bitcoin testbed and by the specs against a real node.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { networks, payments } from 'bitcoinjs-lib';
import { z } from 'zod';
import { pause, stopwatch } from '../../host/clock.ts';
import { hash } from '../../rail/bitcoin/exact.ts';
import { createRpc, type Param, type Rpc } from '../../rail/bitcoin/rpc.ts';
import { freePorts } from '../ports.ts';

export interface Bitcoind {
  readonly url: string;
  readonly port: number;
  /** Of its login: a new one at each start. */
  readonly cookie: string;
  readonly rpc: Rpc;
  /** What its cookie file holds. */
  login(): Promise<string>;
  /** The answer unchecked; a refusal is thrown. Numbers are text. */
  ask(method: string, ...params: Param[]): Promise<unknown>;
  /** Blocks to that address (by itself: to nobody), oldest first; their hashes. */
  mine(count: number, address?: string): Promise<string[]>;
  /** Pays from its own wallet of mined money, which is made at the first call; the txid, in the mempool. */
  pay(address: string, btc: string): Promise<string>;
  /** Ends the process; `start` begins it again with the same folder and port. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends the process for good. */
  close(): Promise<void>;
  /** The end of its log. */
  log(): Promise<string>;
}

/** From lab/testbed, and from where that is built to. */
const INSTALLED = ['../../.bitcoind/bin/bitcoind', '../../../.bitcoind/bin/bitcoind'];

/** What PTG_BITCOIND names, or bin/bitcoind.sh has installed; null where there is none. */
export function findBitcoind(environment: NodeJS.ProcessEnv): string | null {
  const named = environment['PTG_BITCOIND'];
  const places = named === undefined ? INSTALLED.map((path) => fileURLToPath(new URL(path, import.meta.url))) : [named];
  return places.find((path) => existsSync(path)) ?? null;
}

/** Coins of mined blocks may be spent after so many. */
const MATURITY = 100;
/** A hundred blocks may take as long where others use the processor. */
const PATIENCE_SEC = 60;
const LOOK_MS = 20;

export async function startBitcoind(program: string, folder: string, args: readonly string[] = []): Promise<Bitcoind> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const cookie = join(folder, 'regtest', '.cookie');
  const login = async () => (await readFile(cookie, 'utf8')).trim();
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
    started.once('error', (thrown) => said.push(thrown.message));
    started.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const seconds = stopwatch();
    while (!(await rpc.call('getblockcount', [], z.unknown())).ok) {
      const isGone = started.exitCode !== null || started.signalCode !== null || started.pid === undefined;
      if (isGone || seconds() > PATIENCE_SEC) throw new Error(`bitcoind does not start: ${said.join('')}${await log()}`);
      await pause(LOOK_MS);
    }
  }

  async function stop(): Promise<void> {
    const running = child;
    child = null;
    if (running?.pid === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    await ended;
  }

  async function log(): Promise<string> {
    return (await readFile(join(folder, 'regtest', 'debug.log'), 'utf8').catch(() => '')).slice(-4000);
  }

  async function ask(method: string, ...params: Param[]): Promise<unknown> {
    return answered(await rpc.call(method, params, z.unknown(), { deadlineMs: PATIENCE_SEC * 1000 }));
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

  async function close(): Promise<void> {
    await stop();
    rpc.close();
  }

  await start().catch(async (thrown: unknown) => {
    await close();
    throw thrown;
  });
  return {
    url,
    port,
    cookie,
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
    close,
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
