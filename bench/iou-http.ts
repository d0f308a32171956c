/*
 * Taking deliveries over HTTP on loopback: a thousand connections of another process at once, in; the same answers as in iou-accept.ts,
 * out. Beside a bare node:http server that sends the same bytes back. Both by this process's processor time: the other end has a core
 * of its own.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { serve } from '../host/http/serve.ts';
import { silentLog } from '../host/log.ts';
import type { Bench } from './bench.ts';
import { rowOf } from './bench.ts';
import { createIssuers } from './iou-issuers.ts';
import { startRelay } from './iou-net.ts';
import { alternating, perCoreSecond, timed } from './measure.ts';

const CONNECTIONS = 1_000;

export const iouHttp: Bench = {
  names: ['iou.http.1000'],
  work: 'links, a delivery each',
  size: 4_000,
  growth: [70, 700, 7_000],
  async run(rounds, links) {
    const relay = await startRelay(links);
    const served = await serve({ roles: [relay.role], host: '127.0.0.1', port: 0, log: silentLog(), ...relay.sealing });
    const echo = await startEcho();
    const issuers = createIssuers(relay);
    const folder = await mkdtemp(join(tmpdir(), 'ptg-bench-'));
    const client = await startClient();
    const bodies = join(folder, 'bodies');
    const { value, limit } = await alternating(
      rounds,
      async () => {
        await writeFile(bodies, framed(issuers.next().map((one) => one.envelope)));
        return perCoreSecond(links, await timedCalls(client, bodies, `${served.url}/relay/ious`));
      },
      async () => perCoreSecond(links, await timedCalls(client, bodies, echo.url)),
    );
    await client.stop();
    await served.close();
    await echo.close();
    await relay.close();
    await rm(folder, { recursive: true, force: true });
    return [rowOf('iou.http.1000', 'deliveries/s of processor time; limit: node:http echoing them', value, limit)];
  },
};

async function timedCalls(client: Client, bodies: string, url: string) {
  await client.load(bodies, url);
  return timed(() => client.go());
}

/** Length 4, bytes, and so on. */
function framed(bodies: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(body.length);
      return [head, body];
    }),
  );
}

async function startEcho() {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => response.end(Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Client {
  load(bodies: string, url: string): Promise<void>;
  /** Sends all that was loaded, and waits for every answer. */
  go(): Promise<void>;
  stop(): Promise<void>;
}

async function startClient(): Promise<Client> {
  const program = fileURLToPath(new URL('iou-http-client.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, String(CONNECTIONS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const asked = async (line: string): Promise<void> => {
    child.stdin.write(`${line}\n`);
    const answer = await lines.next();
    if (answer.value !== 'done') throw new Error(`the calling process: ${String(answer.value)}`);
  };
  return {
    load: (bodies, url) => asked(JSON.stringify({ bodies, url })),
    go: () => asked('go'),
    stop: () => ended(child),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.stdin?.end();
  await exit;
}
