/*
 * Server and client together: every access, every refusal of the host, limits and deadlines.
 */
import { connect } from 'node:net';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { z } from 'zod';
import { ok, type Result } from '../../core/refusal.ts';
import { units } from '../../core/wire/field.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { createHttpClient } from '../../host/http/client.ts';
import { serveLocal } from '../../host/http/local.ts';
import { serve, type Served } from '../../host/http/serve.ts';
import type { Caller, Endpoint, HttpClient, Role } from '../../host/ports.ts';
import { sealingKeyFromSeed } from '../../host/seal.ts';
import { folder, recordingLog, until, type RecordingLog } from './harness.ts';
import { later, undoAll } from '../harness/later.ts';

afterEach(undoAll);

const relay = 'ee'.repeat(32);
const caller = '11'.repeat(32);
const key = sealingKeyFromSeed(Buffer.alloc(32, 1), 3);
const callerKey = sealingKeyFromSeed(Buffer.alloc(32, 2), 5);
const amount = z.strictObject({ amount: units });

/** Opened by the test that asks for 15. */
let gate = Promise.resolve();

/** Doubles an amount; refuses 13; throws at 666. */
async function double({ amount: given }: { amount: bigint }): Promise<Result<unknown>> {
  if (given === 15n) await gate;
  if (given === 666n) throw new Error('secret inside');
  if (given === 13n) return { ok: false, refusal: { code: 'unlucky', about: '13', retry: false, text: 'no', remedy: 'another' } };
  if (given === 14n) return { ok: false, refusal: { code: 'not-yet', about: '14', retry: true, text: 'no', remedy: 'wait' } };
  return ok({ amount: given * 2n });
}

function testRole(heard: Caller[]): Role {
  const endpoint = (access: Caller['kind'], path: string): Endpoint => ({
    method: 'POST',
    path,
    access,
    tag: 'double',
    input: amount,
    bodyMax: 2000,
    answer: (input: never, from: Caller) => {
      heard.push(from);
      return double(input);
    },
  });
  const get: Endpoint = { ...endpoint('public', '/relay/double/:amount'), method: 'GET' };
  return {
    name: 'relay',
    relay,
    sealing: [key],
    endpoints: [
      endpoint('public', '/relay/double'),
      get,
      endpoint('link', '/relay/link'),
      endpoint('subscriber', '/relay/box'),
      endpoint('local', '/relay/local'),
    ],
    pages: [{ path: '/relay', access: 'public', input: z.strictObject({}), render: async () => ok('<!doctype html><p>hello') }],
    busy: () => false,
    nextDue: () => null,
    stop: async () => undefined,
  };
}

describe('http', () => {
  let served: Served;
  let client: HttpClient;
  let log: RecordingLog;
  let heard: Caller[];
  const entropy = seededEntropy('http test');

  beforeEach(async () => {
    log = recordingLog();
    heard = [];
    served = await serve({
      roles: [testRole(heard)],
      networkId: 'net',
      entropy,
      log,
      host: '127.0.0.1',
      port: 0,
      deadlines: { headMs: 100, requestMs: 200, answerMs: 2_000 },
      senderKey: (id, role, number) => (id === caller && role === 'relay' && number === 5 ? callerKey.publicKey : null),
    });
    const made = createHttpClient({ networkId: 'net', entropy });
    later(async () => {
      await made.close();
      await served.close();
    });
    client = made;
  });

  const raw = async (path: string, body?: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const response = await fetch(`${served.url}${path}`, body === undefined ? {} : { method: 'POST', body, headers });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers };
  };
  const codeOf = (answer: { text: string }) => (JSON.parse(answer.text) as { refusal: { code: string } }).refusal.code;
  const link = (value: bigint, change: object = {}) =>
    client.link(
      {
        url: `${served.url}/relay/link`,
        tag: 'double',
        body: { amount: value },
        from: caller,
        key: callerKey,
        to: relay,
        toKey: key,
        ...change,
      },
      amount,
    );

  it('answers a public call in canonical JSON, amounts as strings', async () => {
    expect(await client.post(`${served.url}/relay/double`, { amount: 21n }, amount)).to.deep.equal(ok({ amount: 42n }));
    expect(await client.get(`${served.url}/relay/double/21`, amount)).to.deep.equal(ok({ amount: 42n }));
    expect((await raw('/relay/double', '{"amount":"21"}')).text).to.equal('{"amount":"42"}');
    expect(heard[0]).to.deep.equal({ kind: 'public' });
  });

  it('refuses what it does not know, is too large, no JSON, misshapen, or not canonical', async () => {
    const answers = await Promise.all([
      raw('/relay/nothing'),
      raw('/relay/double', `{"amount":"${'1'.repeat(3000)}"}`),
      raw('/relay/double', '{'),
      raw('/relay/double', '{"amount":1}'),
      raw('/relay/double', '{"amount": "1"}'),
      raw('/relay/double', Buffer.from([0x22, 0xff, 0x22])),
      raw('/relay/double', 'x', { 'content-encoding': 'gzip' }),
      raw('/relay/double/x'),
      raw('/relay/local', '{"amount":"1"}'),
    ]);
    expect(answers.map((answer) => [answer.status, codeOf(answer)])).to.deep.equal([
      [404, 'unknown-endpoint'],
      [413, 'too-large'],
      [422, 'not-json'],
      [422, 'bad-shape'],
      [422, 'not-canonical'],
      [400, 'bad-request'],
      [400, 'bad-request'],
      [422, 'bad-shape'],
      [404, 'unknown-endpoint'],
    ]);
    expect(heard).to.deep.equal([]);
  });

  it('sends refusals back as they were: final ones 422, others 503', async () => {
    const refused = await client.post(`${served.url}/relay/double`, { amount: 13n }, amount);
    expect(refused).to.deep.equal(await double({ amount: 13n }));
    expect([
      (await raw('/relay/double', '{"amount":"13"}')).status,
      (await raw('/relay/double', '{"amount":"14"}')).status,
    ]).to.deep.equal([422, 503]);
  });

  it('says nothing of what was thrown', async () => {
    const answer = await raw('/relay/double', '{"amount":"666"}');
    expect([answer.status, codeOf(answer), answer.text.includes('secret')]).to.deep.equal([500, 'internal', false]);
    expect(log.events).to.deep.equal([{ event: 'request-failed', fields: { error: 'secret inside' } }]);
  });

  it('serves pages with a policy that runs no script', async () => {
    const page = await raw('/relay');
    expect([page.status, page.text]).to.deep.equal([200, '<!doctype html><p>hello']);
    expect(page.headers.get('content-security-policy')).to.contain("default-src 'none'");
  });

  it('carries sealed calls of a link, refusals too', async () => {
    expect(await link(21n)).to.deep.equal(ok({ amount: 42n }));
    expect(await link(13n)).to.deep.equal(await double({ amount: 13n }));
    expect(heard[0]).to.deep.equal({ kind: 'link', relay: caller });
  });

  it('refuses a link for retry when keys do not fit, whatever the refusal in the clear says', async () => {
    const wrong = await Promise.all([
      link(21n, { toKey: { ...key, number: 4 } }),
      link(21n, { from: '22'.repeat(32) }),
      link(21n, { tag: 'other' }),
    ]);
    expect(wrong.map((one) => !one.ok && [one.refusal.code, one.refusal.retry])).to.deep.equal([
      ['not-sealed-for-me', true],
      ['unknown-sender', true],
      ['bad-seal', true],
    ]);
    expect(heard).to.deep.equal([]);
  });

  it('carries sealed calls of a subscriber', async () => {
    const call = { url: `${served.url}/relay/box`, tag: 'double', body: { amount: 21n }, toKey: key };
    expect(await client.subscriber(call, amount)).to.deep.equal(ok({ amount: 42n }));
    expect(heard[0]).to.deep.equal({ kind: 'subscriber' });
  });

  it('cuts off a request that does not come whole in its time', async () => {
    const socket = connect(served.port, '127.0.0.1');
    socket.write('POST /relay/double HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\n\r\n{"am');
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(answer).to.match(/^(HTTP\/1.1 4|$)/);
    await until(() => !served.busy());
  });

  for (const [what, text, status, expected] of [
    ['a head that is too large', `GET /relay/double?${'k'.repeat(9_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431, 'too-large'],
    ['what is no HTTP', 'double /relay\r\n\r\n', 400, 'bad-request'],
  ] as const) {
    it(`refuses ${what} with a code, as everything`, async () => {
      const socket = connect(served.port, '127.0.0.1');
      socket.write(text);
      const answer = await new Promise<string>((resolve) => {
        let all = '';
        socket.on('data', (chunk: Buffer) => (all += chunk.toString()));
        socket.on('close', () => resolve(all));
      });
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      expect(head).match(new RegExp(`^HTTP/1.1 ${status} `));
      expect((JSON.parse(body) as { refusal: { code: string } }).refusal.code).equal(expected);
      await until(() => !served.busy());
    });
  }

  it('cuts off who does not take the answer in its time', async () => {
    const large: Endpoint = {
      method: 'GET',
      path: '/relay/large',
      access: 'public',
      tag: 'large',
      input: z.strictObject({}),
      answer: async () => ok('x'.repeat(32 * 1024 * 1024)),
    };
    const slow = await serve({
      roles: [{ ...testRole([]), endpoints: [large] }],
      ...{ networkId: 'net', entropy, log, host: '127.0.0.1', port: 0, senderKey: () => null },
      deadlines: { headMs: 100, requestMs: 200, answerMs: 100 },
    });
    later(() => slow.close());
    const socket = connect(slow.port, '127.0.0.1');
    socket.pause().write('GET /relay/large HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => slow.busy());
    await until(() => !slow.busy());
    socket.destroy();
  });

  it('encodes what lasts once, and anything else anew', async () => {
    let reads = 0;
    const value = Object.defineProperty({}, 'amount', { enumerable: true, get: () => String(++reads) });
    const get = (path: string, lasting: boolean): Endpoint => ({
      ...{ method: 'GET', path, access: 'public', tag: 'x', input: z.strictObject({}), lasting },
      answer: async () => ok(value),
    });
    const app = await serve({
      roles: [{ ...testRole([]), endpoints: [get('/relay/lasting', true), get('/relay/passing', false)] }],
      ...{ networkId: 'net', entropy, log, host: '127.0.0.1', port: 0, senderKey: () => null },
    });
    later(() => app.close());
    const amounts = [];
    for (const path of ['lasting', 'lasting', 'passing', 'passing']) {
      const answer = await client.get(`${app.url}/relay/${path}`, amount);
      amounts.push(answer.ok ? answer.value.amount : null);
    }
    expect(amounts).to.deep.equal([1n, 1n, 2n, 3n]);
  });

  it('closes after the request that is being answered, and is busy until then', async () => {
    let open = () => {};
    gate = new Promise((resolve) => (open = resolve));
    const pending = raw('/relay/double', '{"amount":"15"}');
    await until(() => heard.length > 0);
    expect(served.busy()).to.equal(true);
    const closed = served.close();
    open();
    expect((await pending).text).to.equal('{"amount":"30"}');
    await closed;
    expect(served.busy()).to.equal(false);
    const after = await client.get(`${served.url}/relay/double/1`, amount);
    expect(!after.ok && [after.refusal.code, after.refusal.retry]).to.deep.equal(['unreachable', true]);
  });
});

describe('http client', () => {
  it('keeps its connections, but not those to machines that it calls once', async () => {
    const wishes: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      wishes.push(request.headers.connection);
      response.end('"x"');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = createHttpClient({ networkId: 'net', entropy: seededEntropy('x') });
    later(async () => {
      await client.close();
      await new Promise((resolve) => server.close(resolve));
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await client.get(url, z.string());
    await client.get(url, z.string(), { once: true });
    expect(wishes).to.deep.equal(['keep-alive', 'close']);
  });

  it('bounds time and size, and takes no answer of another shape', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/large') response.end(`"${'x'.repeat(5000)}"`);
      else if (request.url === '/shape') response.end('[]');
      else if (request.url === '/proxy') response.writeHead(502).end('<html>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = createHttpClient({ networkId: 'net', entropy: seededEntropy('x') });
    later(async () => {
      await client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const results = await Promise.all([
      client.get(`${url}/silent`, z.string(), { deadlineMs: 50 }),
      client.get(`${url}/large`, z.string(), { answerMax: 4000 }),
      client.get(`${url}/shape`, z.string()),
      client.get(`${url}/proxy`, z.string()),
      client.get('not a url', z.string()),
      client.local('guard', '/guard/x', undefined, z.string()),
    ]);
    expect(results.map((result) => !result.ok && result.refusal.code)).to.deep.equal([
      'unreachable',
      'answer-too-large',
      'bad-answer',
      'bad-answer',
      'unreachable',
      'unreachable',
    ]);
    expect(client.inFlight()).to.equal(0);
  });
});

describe('local calls', () => {
  const entropy = seededEntropy('local test');

  it('go over a socket of mode 0660, which a killed process may have left behind', async () => {
    const home = await folder();
    const role = testRole([]);
    const first = await serveLocal(role, { home, log: recordingLog() });
    expect((await stat(first.address)).mode & 0o777).to.equal(0o660);
    const client = createHttpClient({ networkId: 'net', entropy, home });
    later(() => client.close());
    expect(await client.local('relay', '/relay/local', { amount: 2n }, amount)).to.deep.equal(ok({ amount: 4n }));
    expect(await client.local('relay', '/relay/double/2', undefined, amount)).to.deep.equal(ok({ amount: 4n }));
    const taken = await serveLocal(role, { home, log: recordingLog() }).catch((thrown: Error) => thrown.message);
    expect(taken).to.contain('another process');
    await client.close();
    await first.close();
    // What a kill leaves: a socket file that nobody answers.
    await leaveStale(first.address);
    const second = await serveLocal(role, { home, log: recordingLog() });
    expect(await client.local('relay', '/relay/local', { amount: 2n }, amount)).to.deep.equal(ok({ amount: 4n }));
    await client.close();
    await second.close();
  });

  it('between machines need the token', async () => {
    const token = 'a'.repeat(64);
    const local = await serveLocal(testRole([]), {
      home: '/',
      log: recordingLog(),
      listen: { host: '127.0.0.1', port: 0, token },
    });
    const { port } = new URL(local.address);
    const where = (given: string) => ({ relay: { host: '127.0.0.1', port: Number(port), token: given } });
    const good = createHttpClient({ networkId: 'net', entropy, locals: where(token) });
    const bad = createHttpClient({ networkId: 'net', entropy, locals: where('b'.repeat(64)) });
    later(async () => {
      await good.close();
      await bad.close();
      await local.close();
    });
    expect(await good.local('relay', '/relay/local', { amount: 2n }, amount)).to.deep.equal(ok({ amount: 4n }));
    const refused = await bad.local('relay', '/relay/local', { amount: 2n }, amount);
    expect(!refused.ok && refused.refusal.code).to.equal('no-token');
  });
});

async function leaveStale(path: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  const child = spawn(process.execPath, ['-e', script]);
  await new Promise((resolve) => child.once('exit', resolve));
  expect((await stat(path)).isSocket()).to.equal(true);
}
