/*
 * What a relay is told over a link, byte for byte: the relays of a circuit in; in what reaches each of them, itself and its neighbour
 * alone. And what it does not sign: IOUs of an interval whose terms it does not know.
 */
import { expect } from 'chai';
import { encode } from '../../core/wire/codec.ts';
import type { Endpoint } from '../../host/ports.ts';
import { circuitOf, createNet, genesis, hour, idOf, session, totals, type Net } from './net.ts';

describe('a relay', () => {
  let net: Net;
  afterEach(() => net.close());

  it('is told of no other hop of a circuit than its neighbour, of no session and of no connection', async () => {
    net = await createNet(['G', 'M', 'X']);
    const heard = new Map<string, string[]>();
    for (const name of ['G', 'M', 'X']) {
      for (const endpoint of net.role(name).endpoints.filter((one) => one.access === 'link')) {
        const { answer } = endpoint as Endpoint;
        const listen: Endpoint['answer'] = async (input, from) => {
          const result = await answer(input, from);
          const told = encode(input) + (result.ok ? encode(result.value) : '');
          heard.set(name, [...(heard.get(name) ?? []), told]);
          return result;
        };
        Object.assign(endpoint, { answer: listen });
      }
    }
    await net.local('G', 'POST', '/relay/session-open', session('connection-1'));
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'connection-1', [1, 11, 21]);
    for (let tick = 1; tick <= 4; tick++) {
      circuit.carry(BigInt(tick) * 1000n, tick === 4);
      await net.until(genesis + tick * hour);
    }
    await net.until(genesis + 6 * hour + 600);
    expect(await totals(net, 'X', 'held', 'M')).deep.equal(['0', '4000']);
    const toX = (heard.get('X') ?? []).join('\n');
    const toM = (heard.get('M') ?? []).join('\n');
    expect([toX.includes(idOf('M')), toM.includes(idOf('G'))]).deep.equal([true, true]);
    expect([toX.includes(idOf('G')), toM.includes(idOf('X'))]).deep.equal([false, false]);
    expect(new RegExp(`connection-1|${session('connection-1').session}`).test(toX + toM)).equal(false);
    // The link's own circuit id, and none of another link.
    expect(new Set([...toX.matchAll(/"circuit":(\d+)/g)].map((one) => one[1]))).deep.equal(new Set(['21']));
  });

  it('goes on in an interval whose terms it knows, and signs nothing of one whose terms it does not', async () => {
    net = await createNet(['G', 'M', 'X']);
    const { terms, termsDigest } = net.view;
    Object.assign(net.view, {
      terms: (interval: number) => (interval > 0 ? null : terms(interval)),
      termsDigest: (interval: number) => (interval > 0 ? null : termsDigest(interval)),
    });
    await net.local('G', 'POST', '/relay/session-open', session('c1'));
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carry(1000n);
    await net.until(genesis + 5 * hour);
    expect(await totals(net, 'M', 'held', 'G')).deep.equal(['1000', '1000']);
    await net.until(genesis + 6 * hour + 1);
    circuit.carry(3000n);
    await net.until(genesis + 9 * hour);
    const rows = await net.database('G').transaction((tx) => tx.all('SELECT * FROM iou'));
    expect(rows.length).equal(1);
    expect(await totals(net, 'G', 'issued', 'M', 1)).equal(null);
  });
});
