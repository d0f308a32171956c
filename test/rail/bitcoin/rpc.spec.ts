/*
 * Calls of a node that answers late, half, or nonsense: a server of our own stands in its place, since the fault is the answer.
 */
import { expect } from 'chai';
import { createServer, type Socket } from 'node:net';
import { z } from 'zod';
import { integer } from '../../../rail/bitcoin/exact.ts';
import { createRpc, type Rpc, type RpcAnswer } from '../../../rail/bitcoin/rpc.ts';
import { later, undoAll } from '../../harness/later.ts';

afterEach(undoAll);

/** Reads one request and hands on its body and headers; what it answers is written as it stands, and null leaves it waiting. */
async function serverOf(answer: (body: string, head: string) => string | Buffer | null): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
      const [head = '', body = ''] = text.split('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (body.length < length) return;
      text = '';
      const said = answer(body, head);
      if (said !== null) socket.end(said);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  later(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

function rpcOf(url: string, login: () => Promise<string> = async () => 'user:pass'): Rpc {
  const rpc = createRpc({ url, login });
  later(async () => rpc.close());
  return rpc;
}

const http = (body: string, status = '200 OK', length = Buffer.byteLength(body)): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`;
const codeOf = (answer: RpcAnswer<unknown>): string | null => (answer.ok ? null : answer.refusal.code);

describe('the RPC of bitcoind', () => {
  it('a call is one of JSON-RPC with the login, and its numbers are read as text', async () => {
    let seen: string[] = [];
    const url = await serverOf((body, head) => {
      seen = [body, /authorization: (.*)/i.exec(head)?.[1] ?? '', head.split(' ')[1] ?? ''];
      return http('{"result":9007199254740993,"error":null,"id":0}');
    });
    const answer = await rpcOf(url).wallet('a b').call('getbalance', ['*', 1, null], z.string());
    expect(answer).deep.equal({ ok: true, value: '9007199254740993' });
    expect(JSON.parse(seen[0] ?? '')).deep.equal({ jsonrpc: '1.0', id: 0, method: 'getbalance', params: ['*', 1, null] });
    expect(seen[1]).equal(`Basic ${Buffer.from('user:pass').toString('base64')}`);
    expect(seen[2]).equal('/wallet/a%20b');
  });

  it('what the node itself refuses has its code', async () => {
    const url = await serverOf((body) =>
      http('{"result":null,"error":{"code":-26,"message":"bad-txns"},"id":0}', `${body.includes('raw') ? '500 x' : '404 x'}`),
    );
    for (const method of ['sendrawtransaction', 'nothing']) {
      const answer = await rpcOf(url).call(method, [], z.unknown());
      expect(answer).deep.include({ ok: false, rpcCode: -26 });
      expect(codeOf(answer)).equal('bitcoin-rpc');
      expect(answer.ok ? '' : answer.refusal.about).equal(`${method}: -26 bad-txns`);
    }
  });

  it('one that is still loading is down', async () => {
    const url = await serverOf(() => http('{"result":null,"error":{"code":-28,"message":"Loading…"},"id":0}', '500 x'));
    const answer = await rpcOf(url).call('getblockcount', [], integer);
    expect([codeOf(answer), answer.ok ? null : answer.rpcCode]).deep.equal(['bitcoin-down', -28]);
  });

  it('slow, cut off, or not there: down', async () => {
    const cases: [string, string | Buffer | null][] = [
      ['never', null],
      ['closed without a word', ''],
      ['cut in its head', 'HTTP/1.1 200 O'],
      ['cut in its body', http('{"result":1,"err', '200 OK', 500)],
      ['no HTTP', 'SSH-2.0-OpenSSH\r\n'],
      ['its queue is full', http('Work queue depth exceeded', '503 Service Unavailable')],
    ];
    for (const [name, said] of cases) {
      const answer = await rpcOf(await serverOf(() => said)).call('getblockcount', [], integer, { deadlineMs: 300 });
      expect(codeOf(answer), name).equal('bitcoin-down');
      expect(answer.ok ? null : [answer.refusal.retry, answer.rpcCode], name).deep.equal([true, null]);
    }
    expect(codeOf(await rpcOf('http://127.0.0.1:1').call('getblockcount', [], integer))).equal('bitcoin-down');
  });

  it('nonsense is called so', async () => {
    const cases: [string, string][] = [
      ['words', http('<html>hello</html>')],
      ['half of it', http('{"result":1,')],
      ['another call’s answer', http('{"result":1,"error":null,"id":7}')],
      ['no envelope', http('[1]')],
      ['an error without a code', http('{"result":null,"error":"no","id":0}', '500 x')],
      ['of another type', http('{"result":"many","error":null,"id":0}')],
      ['a float', http('{"result":1.5,"error":null,"id":0}')],
      ['nothing', http('{"error":null,"id":0}')],
      ['too much', http(`{"result":1,"error":null,"id":0,"x":"${'y'.repeat(2000)}"}`)],
    ];
    for (const [name, said] of cases) {
      const answer = await rpcOf(await serverOf(() => said)).call('getblockcount', [], integer, { answerMax: 1000 });
      expect(codeOf(answer), name).equal('bitcoin-nonsense');
    }
  });

  it('a batch has an answer a call, each by itself', async () => {
    const one = (id: number, result: string) => `{"result":${result},"error":null,"id":${id}}`;
    const no = (id: number) => `{"result":null,"error":{"code":-8,"message":"out of range"},"id":${id}}`;
    const url = await serverOf((body) => {
      const { length } = JSON.parse(body) as unknown[];
      if (length === 4) return http(`[${one(0, '1')},${one(1, '2')}]`);
      return http(`[${one(0, '5')},${no(1)},${one(1, '6')}]`);
    });
    const rpc = rpcOf(url);
    const answers = await rpc.batch('getblockhash', [[1], [2], [3]], integer);
    const codes = answers.ok
      ? answers.value.map((answer) => (answer.ok ? answer.value : (answer.rpcCode ?? codeOf(answer))))
      : [];
    expect(codes).deep.equal([5, -8, 'bitcoin-nonsense']);
    expect(codeOf(await rpc.batch('getblockhash', [[1], [2], [3], [4]], integer))).equal('bitcoin-nonsense');
    expect(await rpc.batch('getblockhash', [], integer)).deep.equal({ ok: true, value: [] });
  });

  it('a cookie that the node no longer takes is read once more; then it is refused', async () => {
    const wanted = `Basic ${Buffer.from('__cookie__:2').toString('base64')}`;
    const url = await serverOf((_, head) =>
      head.includes(wanted) ? http('{"result":1,"error":null,"id":0}') : http('', '401 Unauthorized'),
    );
    let reads = 0;
    const rpc = rpcOf(url, async () => `__cookie__:${(reads += 1)}`);
    expect(await rpc.call('getblockcount', [], integer)).deep.equal({ ok: true, value: 1 });
    expect(await rpc.call('getblockcount', [], integer)).deep.equal({ ok: true, value: 1 });
    expect(reads).equal(2);
    expect(codeOf(await rpcOf(url).call('getblockcount', [], integer))).equal('bitcoin-credentials');
    const unreadable = rpcOf(url, async () => Promise.reject(new Error('no such file')));
    expect(codeOf(await unreadable.call('getblockcount', [], integer))).equal('bitcoin-credentials');
  });
});
