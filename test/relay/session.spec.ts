import { expect } from 'chai';
import { testDescriptor } from '../harness/view.ts';
import { nextDescriptor, templateDigest } from '../../relay/descriptor/decide.ts';
import { circuitOf, createNet, genesis, hour, session, totals, type Net } from './net.ts';

const interval = 6 * hour;

describe('sessions at the guard', () => {
  let net: Net;
  afterEach(() => net.close());
  const open = (connection: string, changes: object = {}) =>
    net.local('G', 'POST', '/relay/session-open', { ...session(connection), ...changes });

  it('are opened once; another with the same name is refused', async () => {
    net = await createNet(['G', 'M', 'X']);
    expect(await open('c1')).to.deep.equal({ done: true });
    expect(await open('c1')).to.deep.equal({ done: true });
    expect(await open('c1', { hops: 4 })).to.equal('order-conflict');
  });

  it('pay from their beginning: what a circuit carried before stays free', async () => {
    net = await createNet(['G', 'M', 'X']);
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carry(1000n);
    await open('c1');
    circuit.carry(1100n);
    await net.until(genesis + 2 * hour);
    expect(await totals(net, 'G', 'issued', 'M')).to.deep.equal(['100', '100']);
  });

  it('are known until they end or this process does', async () => {
    net = await createNet(['G', 'M', 'X']);
    const known = () => net.local('G', 'POST', '/relay/session-known', { session: session('c1').session });
    expect(await known()).to.equal('session-unknown');
    await open('c1');
    expect(await known()).to.deep.equal({ done: true });
    await net.crash('G');
    await net.begin('G');
    expect(await known()).to.equal('session-unknown');
    await open('c1');
    await net.local('G', 'POST', '/relay/session-close', { session: session('c1').session });
    expect(await known()).to.equal('session-unknown');
  });

  it('have no starting amount for circuits that had begun before them', async () => {
    net = await createNet(['G', 'M', 'X'], { parameters: { startingBytes: 500n }, guards: ['G'] });
    const [old, fresh] = [circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]), circuitOf(net, ['G', 'M', 'X'], 'c1', [2, 12, 22])];
    old.carry(1000n);
    fresh.carry(0n);
    await open('c1');
    old.carry(1010n, true);
    fresh.carry(20n, true);
    await net.until(genesis + hour);
    expect(net.shortfalls.map((call) => call.bytes)).to.deep.equal(['480']);
    expect(await totals(net, 'G', 'issued', 'M')).to.deep.equal(['510', '510']);
  });

  it('end where the guard opens a new one on the same connection', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open('c1');
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carry(100n);
    await open('c1', { session: 'ab'.repeat(16) });
    circuit.carry(500n);
    circuitOf(net, ['G', 'M', 'X'], 'c1', [2, 12, 22]).carry(7n);
    await net.until(genesis + 2 * hour);
    expect(await totals(net, 'G', 'issued', 'M')).to.deep.equal(['107', '107']);
  });

  it('are summed: what was certified onward for all of them, and nothing that others pay or that passes free', async () => {
    net = await createNet(['A', 'G', 'M', 'X'], { parameters: { startingBytes: 500n }, guards: ['G'] });
    await open('c1');
    await open('c2');
    await net.local('A', 'POST', '/relay/session-open', session('c9'));
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(100n);
    const long = circuitOf(net, ['G', 'X', 'M'], 'c2', [2, 12, 22]);
    long.carry(900n);
    circuitOf(net, ['A', 'G', 'X'], 'c9', [3, 13, 23]).carry(7000n);
    circuitOf(net, ['A', 'M', 'G'], 'c9', [4, 14, 24]).carry(9000n);
    circuitOf(net, ['G', 'M', 'X'], 'c5', [5, 15, 25]).carry(300n);
    const forOwn = async (name: string) => ((await net.local(name, 'GET', '/relay/status')) as { forOwn: unknown }).forOwn;
    await net.until(genesis + hour);
    expect(await forOwn('G')).to.deep.equal([{ interval: 0, bytes: '1400' }]);
    long.carry(2000n, true);
    await net.until(genesis + 2 * hour);
    expect(await forOwn('G')).to.deep.equal([{ interval: 0, bytes: '2500' }]);
    await net.crash('G');
    await net.begin('G');
    expect(await forOwn('G')).to.deep.equal([{ interval: 0, bytes: '2500' }]);
    expect(await forOwn('A')).to.deep.equal([{ interval: 0, bytes: '16000' }]);
    expect(await forOwn('M')).to.deep.equal([]);
  });

  it('tell the guard their shortfall on each tick in which it changed, and nothing else', async () => {
    net = await createNet(['G', 'M', 'X'], { parameters: { startingBytes: 500n }, guards: ['G'] });
    await open('c1');
    await open('c2');
    const [one, two] = [circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]), circuitOf(net, ['G', 'M', 'X'], 'c1', [2, 12, 22])];
    one.carry(100n);
    two.carry(450n);
    circuitOf(net, ['G', 'M', 'X'], 'c2', [3, 13, 23]).carry(501n);
    const told = () => net.shortfalls.map((call) => [call.session === session('c1').session, call.interval, call.bytes]);
    await net.until(genesis + hour);
    expect(told()).to.deep.equal([[true, 0, '450']]);
    one.carry(200n, true);
    await net.until(genesis + 3 * hour);
    expect(told().slice(1)).to.deep.equal([[true, 0, '350']]);
    two.carry(460n);
    expect(await net.local('G', 'POST', '/relay/session-close', { session: session('c1').session })).to.deep.equal({
      done: true,
    });
    await net.until(genesis + interval + hour);
    expect(told().slice(2)).to.deep.equal([[true, 0, '340']]);
    // Once all is said it is forgotten.
    expect(await net.local('G', 'POST', '/relay/session-close', { session: session('c1').session })).to.equal('session-unknown');
  });

  it('tell what turned free as a total below zero, and go on telling it', async () => {
    net = await createNet(['G', 'M', 'X'], { parameters: { creditStartBytes: 1000n }, guards: ['G'] });
    await open('c1');
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    // 400 fit.
    circuit.carry(330n);
    await net.until(genesis + hour);
    circuit.carry(5000n);
    await net.until(genesis + 2 * hour);
    circuit.carry(6000n, true);
    await net.until(genesis + 4 * hour);
    circuitOf(net, ['G', 'M', 'X'], 'c1', [2, 12, 22]).carry(70n, true);
    await net.until(genesis + 6 * hour);
    expect(net.shortfalls.map((call) => call.bytes)).to.deep.equal(['-4600', '-5600', '-5670']);
    expect(await totals(net, 'G', 'issued', 'M')).to.deep.equal(['400', '400']);
  });

  it('tell it at once when it is found out between ticks, and to the books’ end of a session that is over', async () => {
    net = await createNet(['G', 'M', 'X'], { parameters: { creditStartBytes: 1000n }, guards: ['G'] });
    await open('c1');
    await net.until(genesis + interval - 5);
    // The first of the link: the holder is asked for its credit before anything is signed.
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(900n, true);
    await net.local('G', 'POST', '/relay/session-close', { session: session('c1').session });
    await net.until(genesis + interval + 1);
    expect(net.shortfalls.map((call) => [call.interval, call.bytes])).to.deep.equal([[0, '-500']]);
    await net.until(genesis + interval + 2 * hour);
    expect(await net.local('G', 'POST', '/relay/session-close', { session: session('c1').session })).to.equal('session-unknown');
  });

  it('tell no guard that is not there', async () => {
    net = await createNet(['G', 'M', 'X'], { parameters: { startingBytes: 500n } });
    await open('c1');
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(100n);
    await net.until(genesis + hour);
    expect(net.shortfalls).to.deep.equal([]);
  });
});

describe('what a relay keeps', () => {
  let net: Net;
  afterEach(() => net.close());

  it('names no circuit and no connection on disk', async () => {
    net = await createNet(['G', 'M', 'X']);
    await net.local('G', 'POST', '/relay/session-open', session('client-7'));
    circuitOf(net, ['G', 'M', 'X'], 'client-7', [987_654_321, 987_654_322, 987_654_323]).carry(100n);
    await net.until(genesis + 2 * hour);
    for (const name of ['G', 'M', 'X']) {
      const kept = await net.database(name).transaction(async (tx) => {
        const tables = await tx.all("SELECT name FROM sqlite_master WHERE type = 'table'");
        const rows = [];
        for (const table of tables) rows.push(await tx.all(`SELECT * FROM "${table['name']}"`));
        return JSON.stringify(rows);
      });
      expect(kept).to.contain('relay');
      expect(kept).not.to.match(/98765432[123]|client-7/);
    }
  });
});

describe('the descriptor', () => {
  let net: Net;
  afterEach(() => net.close());
  const third = 18 * hour;

  it('is published at the start, again after a restart, and anew after a third of its lifetime', async () => {
    net = await createNet(['G']);
    await net.settle();
    expect(net.published.map((one) => [one.published, one.expires])).to.deep.equal([[genesis, genesis + 3 * third]]);
    await net.until(genesis + 100);
    await net.crash('G');
    await net.begin('G');
    await net.settle();
    expect(net.published.map((one) => one.published)).to.deep.equal([genesis, genesis]);
    await net.until(genesis + third);
    expect(net.published.map((one) => one.published)).to.deep.equal([genesis, genesis, genesis + third]);
  });

  it('is made anew when its template has changed, later than the last one', () => {
    const { published, expires, ...template } = testDescriptor('G', { published: 100, expires: 200 }).body;
    const last = { template: templateDigest(template), signed: testDescriptor('G', { published, expires }) };
    expect(nextDescriptor(template, last, 100)).to.equal(null);
    expect(nextDescriptor(template, last, 133)).to.include({ published: 133 });
    expect(nextDescriptor({ ...template, bandwidth: 1 }, last, 100)).to.include({ published: 101, bandwidth: 1 });
    expect(nextDescriptor(template, null, 50)).to.include({ published: 50 });
  });

  it('is published again soon when it was refused for now, and not when it was refused for good', async () => {
    net = await createNet(['G']);
    await net.settle();
    await net.crash('G');
    const refusal = { code: 'directory-busy', about: '', retry: true, text: '', remedy: '' };
    net.publishRefusals.push(refusal, refusal, { ...refusal, code: 'descriptor-name', retry: false });
    await net.begin('G');
    await net.until(genesis + 60);
    expect(net.publishRefusals).to.deep.equal([]);
    expect(net.published.length).to.equal(1);
    const status = (await net.local('G', 'GET', '/relay/status')) as {
      descriptor: { authorities: object[] };
      flags: string[];
      meter: string;
    };
    expect(status.descriptor.authorities).to.deep.equal([{ authority: 'auth', refused: 'descriptor-name' }]);
    expect([status.flags.includes('Guard'), status.meter]).to.deep.equal([true, 'traffic']);
  });
});
