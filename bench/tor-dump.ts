/*
 * `tor.dump.…`: how long a tor takes to tell of its channels (SIGNAL DUMP) and how many bytes that is, with so many clients connected. Our
 * look beside the bare bytes of it. Listed in main.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { systemClock } from '../host/clock.ts';
import { dial } from '../host/dial.ts';
import { systemEntropy } from '../host/entropy.ts';
import { silentLog } from '../host/log.ts';
import { prepareTorNetwork, type TorNode } from '../lab/testbed/tor/network.ts';
import { torPrograms, until } from '../lab/testbed/tor/process.ts';
import { openControl } from '../tor/control/client.ts';
import type { Session } from '../tor/control/session.ts';
import { look, type Look } from '../tor/reading/look.ts';
import { rowOf, type Bench, type Row } from './bench.ts';
import { median, timed } from './measure.ts';
import { bareControl, type BareControl } from './tor-control.ts';
import { missingTor } from './tor-ways.ts';

export const torDump: Bench = {
  names: ['tor.dump.ms', 'tor.dump.bytes'],
  work: 'channels',
  size: 100,
  growth: [4, 40, 400],
  missing: missingTor,
  run: measure,
};

async function measure(rounds: number, size: number): Promise<Row[]> {
  const programs = torPrograms();
  if (programs === null) throw new Error(missingTor() ?? '');
  const root = mkdtempSync(join(tmpdir(), 'ptg-bench-dump-'));
  const sockets: TLSSocket[] = [];
  // Its authorities alone: they are relays, too.
  const network = await (await prepareTorNetwork(programs, root, [])).start();
  try {
    const node = network.authorities[0] as TorNode;
    while (sockets.length < size) sockets.push(await connectClient(node.orPort));
    const bare = await bareControl(node);
    const looking = await openLook(node);
    try {
      return await figures(rounds, size, bare, looking.seconds);
    } finally {
      bare.close();
      await looking.close();
    }
  } finally {
    for (const socket of sockets) socket.destroy();
    await network.stop();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function figures(rounds: number, size: number, bare: BareControl, ours: (size: number) => Promise<number>): Promise<Row[]> {
  const [values, limits, bytes]: [number[], number[], number[]] = [[], [], []];
  // The first round does not count.
  for (let round = 0; round <= rounds; round += 1) {
    const value = (await ours(size)) * 1000;
    const limit = (await timed(async () => void bytes.push(await bare.dump()))).wallSec * 1000;
    if (round === 0) continue;
    values.push(value);
    limits.push(limit);
  }
  return [
    rowOf('tor.dump.ms', `ms, ${size} clients`, median(values), median(limits)),
    rowOf('tor.dump.bytes', `bytes, ${size} clients`, median(bytes), null),
  ];
}

/** As the meter does it: the channels read, and the own circuits asked for. */
async function openLook(node: TorNode): Promise<{ seconds(size: number): Promise<number>; close(): Promise<void> }> {
  const clock = systemClock();
  const ports = { clock, entropy: systemEntropy(), log: silentLog(), dial };
  const secrets = { cookieFile: null, passwordFile: null, read: async (file: string) => readFile(file).catch(() => null) };
  let session: Session | null = null;
  let running: Look | null = null;
  const client = openControl(ports, node.control, secrets, {
    up: (own) => void (session = own),
    event({ lines }) {
      for (const { text } of lines) running?.take(text.replace(/^INFO /, ''));
    },
    away: () => running?.end(),
  });
  await until(() => session !== null, 'the control port', 30);
  return {
    async seconds(size) {
      const took = await timed(async () => {
        running = look(session as unknown as Session, clock, []);
        const seen = await running.done;
        if (!seen.ok) throw new Error(`${seen.refusal.code} ${seen.refusal.about}`);
        const clients = seen.value.channels.filter((one) => one.isClient).length;
        if (clients < size) throw new Error(`${clients} clients are connected, not ${size}`);
      });
      return took.wallSec;
    },
    close: () => client.close(),
  };
}

/** As far as a client of Tor goes that asks for nothing more (tor-spec, channels): VERSIONS, and NETINFO when the relay has said its own. */
async function connectClient(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.on('error', () => undefined);
  const closed = new Promise<never>((_, reject) =>
    socket.once('close', () => reject(new Error('a relay takes no more clients'))),
  );
  closed.catch(() => undefined);
  await Promise.race([closed, new Promise<void>((resolve) => socket.once('secureConnect', resolve))]);
  let come = 0;
  const greeted = new Promise<void>((resolve) => socket.on('data', (chunk) => void ((come += chunk.length) > CELL && resolve())));
  socket.write(VERSIONS);
  await Promise.race([closed, greeted]);
  socket.write(NETINFO);
  return socket;
}

const CELL = 514;
/** Circuit 0, command 7, four bytes: link protocols 4 and 5. */
const VERSIONS = Buffer.from([0, 0, 7, 0, 4, 0, 4, 0, 5]);
/** Circuit 0, command 8: no time, the relay's address as 127.0.0.1, none of its own. */
const NETINFO = Buffer.concat([Buffer.from([0, 0, 0, 0, 8, 0, 0, 0, 0, 4, 4, 127, 0, 0, 1, 0])], CELL);
