/*
 * The open port, and calls out, against whoever is slow, endless or no HTTP: an honest caller is answered all the same, connections
 * are closed by a deadline, and memory stays bounded.
 */
import { expect } from 'chai';
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { ok } from '../../core/refusal.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { createHttpClient, type ClosableHttpClient } from '../../host/http/client.ts';
import { serve, type Served } from '../../host/http/serve.ts';
import { silentLog } from '../../host/log.ts';
import type { Endpoint, Role } from '../../host/ports.ts';
import { openProxy, type Mode } from './proxy.ts';

const done = z.strictObject({ done: z.literal(true) });
const large = { text: 'x'.repeat(4 * 1024 * 1024) };
const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/relay/x', access: 'public', tag: 'x', input: z.unknown(), answer: async () => ok({ done: true }) },
  {
    method: 'GET',
    path: '/relay/large',
    access: 'public',
    tag: 'x',
    input: z.unknown(),
    lasting: true,
    answer: async () => ok(large),
  },
];
let gate = Promise.resolve();
let entered = 0;
const gated: Endpoint = {
  ...{ method: 'GET', path: '/relay/gate', access: 'public', tag: 'x', input: z.unknown() },
  async answer() {
    entered += 1;
    await gate;
    return ok({ done: true });
  },
};
const role: Role = {
  name: 'relay',
  endpoints: [...endpoints, gated],
  busy: () => false,
  nextDue: () => null,
  stop: async () => undefined,
};

describe('the open port', () => {
  const entropy = seededEntropy('port');
  const sockets: Socket[] = [];
  let served: Served;
  let client: ClosableHttpClient;
  const open = async (
    headMs: number,
    requestMs: number,
    more: { answerMs?: number; inFlightMax?: number } = {},
  ): Promise<void> => {
    served = await serve({
      ...{ roles: [role], networkId: 'net', entropy, log: silentLog(), host: '127.0.0.1', port: 0, senderKey: () => null },
      deadlines: { headMs, requestMs, answerMs: 20_000, ...more },
    });
    client = createHttpClient({ networkId: 'net', entropy });
  };
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await client.close();
    await served.close();
  });

  /** Connections that say `text` and then nothing; how many of them are still open. */
  async function crowd(count: number, text: string, read = true): Promise<() => number> {
    const mine = await Promise.all(
      Array.from({ length: count }, async () => {
        const socket = connect(served.port, '127.0.0.1').on('error', () => undefined);
        sockets.push(socket);
        if (read) socket.resume();
        else socket.pause();
        await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
        socket.write(text);
        return socket;
      }),
    );
    return () => mine.filter((one) => !one.destroyed && one.readyState === 'open').length;
  }
  const honest = async () => {
    const answer = await client.post(`${served.url}/relay/x`, {}, done, { deadlineMs: 3_000 });
    return answer.ok ? 'answered' : answer.refusal.code;
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  };

  const slow: readonly (readonly [string, string])[] = [
    ['nothing at all', ''],
    ['half of a head', 'POST /relay/x HTTP/1.1\r\nhost: x\r\nx-a: '],
    ['a head, and half of a body', 'POST /relay/x HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n{'],
    ['a body that never ends', 'POST /relay/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n'],
  ];
  for (const [what, text] of slow) {
    it(`answers while seven hundred say ${what}; they are closed by a deadline`, async () => {
      await open(2_000, 2_000);
      const still = await crowd(700, text);
      const there = still();
      for (let times = 0; times < 3; times += 1) expect(await honest()).equal('answered');
      expect(there, 'they were there meanwhile').above(100);
      await until(() => still() === 0);
      expect(served.busy()).equal(false);
    });
  }

  it('answers while more than it answers at once do not take a large answer; they share one copy of it', async () => {
    await open(5_000, 5_000, { inFlightMax: 20 });
    const before = process.memoryUsage().rss;
    const still = await crowd(60, 'GET /relay/large HTTP/1.1\r\nhost: x\r\n\r\n', false);
    for (let times = 0; times < 3; times += 1) expect(await honest()).equal('answered');
    expect(still()).above(10);
    // A copy of four megabytes each would be 240.
    expect(process.memoryUsage().rss - before).below(150 * 1024 * 1024);
  });

  it('asks to come again where all that it answers wait for itself', async () => {
    let letGo = () => {};
    gate = new Promise((resolve) => (letGo = resolve));
    await open(5_000, 5_000, { inFlightMax: 3 });
    const waiting = [1, 2, 3].map(() => client.get(`${served.url}/relay/gate`, done));
    await until(() => entered === 3);
    expect(await honest()).equal('overloaded');
    letGo();
    for (const answer of await Promise.all(waiting)) expect(answer.ok).equal(true);
    expect(await honest()).equal('answered');
  });

  it('reads no more of a request than its limits', async () => {
    await open(5_000, 5_000);
    const filler = 'x'.repeat(64 * 1024);
    const heads: readonly string[] = [
      'POST /relay/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n',
      'POST /relay/x HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999999\r\n\r\n',
      'POST /relay/x HTTP/1.1\r\nhost: x\r\n',
    ];
    for (const [place, head] of heads.entries()) {
      const socket = connect(served.port, '127.0.0.1').on('error', () => undefined);
      sockets.push(socket);
      let answer = '';
      socket.on('data', (bytes: Buffer) => (answer += bytes.toString('latin1')));
      socket.write(head);
      const more =
        place === 0 ? `${filler.length.toString(16)}\r\n${filler}\r\n` : place === 1 ? filler : `x-${place}: ${filler}\r\n`;
      let sent = 0;
      while (!socket.destroyed && sent < 64 * 1024 * 1024) {
        sent += more.length;
        if (!socket.write(more)) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(sent, head).below(16 * 1024 * 1024);
      if (answer !== '') expect(answer).match(/^HTTP\/1.1 4(13|31|00|08)/);
    }
    expect(await honest()).equal('answered');
  });
});

describe('a call out', () => {
  const entropy = seededEntropy('call');
  const refused: readonly (readonly [Mode, string])[] = [
    ['stall', 'unreachable'],
    ['nonsense', 'unreachable'],
    ['other-server', 'bad-answer'],
    ['short-length', 'unreachable'],
    ['long-length', 'unreachable'],
    ['endless-body', 'answer-too-large'],
    ['endless-head', 'unreachable'],
    ['endless-interim', 'unreachable'],
  ];
  for (const [mode, code] of refused) {
    it(`of ${mode} is ${code}, in time and in bounded memory`, async () => {
      const proxy = await openProxy();
      const client = createHttpClient({ networkId: 'net', entropy });
      try {
        proxy.mode = mode;
        const before = process.memoryUsage().rss;
        const answers = await Promise.all(
          Array.from({ length: 10 }, () => client.get(`${proxy.url}/relay/x`, done, { deadlineMs: 400 })),
        );
        for (const answer of answers) expect(answer.ok ? 'ok' : answer.refusal.code).equal(code);
        expect(client.inFlight()).equal(0);
        expect(process.memoryUsage().rss - before).below(300 * 1024 * 1024);
        // What was given up is closed: nothing is read on.
        while (proxy.open() > 0) await new Promise((resolve) => setImmediate(resolve));
        const poured = proxy.endless();
        for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
        expect(proxy.endless()).equal(poured);
      } finally {
        await client.close();
        await proxy.close();
      }
    });
  }
});
