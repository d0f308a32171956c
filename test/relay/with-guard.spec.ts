/*
 * A relay and the guard of the same operator, with the traffic source between: what the relay certifies to nobody the guard does not
 * charge, and neither is lost when one of the two begins anew.
 */
import { expect } from 'chai';
import { asStored, countersign } from '../../core/crypto/sign.ts';
import { requestAnswer, type RequestAnswer, type SubscriberRequest, type Tally } from '../../core/wire/guard.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { sign, type Countersigned } from '../../core/crypto/sign.ts';
import { openDatabase } from '../../host/db/open.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import type { Database, HttpClient, Role } from '../../host/ports.ts';
import * as guard from '../../guard/main.ts';
import { createTrafficSource, type SourceCircuit } from '../../lab/traffic/source.ts';
import { memoryRail } from '../guard/world.ts';
import { networkId, testKey, testSeed } from '../harness/view.ts';
import { askFor, createNet, genesis, hour, idOf, totals, type Net } from './net.ts';

const alice = testKey('alice');

describe('a relay and its guard', () => {
  let net: Net;
  let database: Database;
  let role: Role;
  let source: ReturnType<typeof createTrafficSource>;
  afterEach(async () => {
    await net.close();
    await database.close();
  });

  async function make(parameters: Partial<Parameters>): Promise<void> {
    source = createTrafficSource();
    const rail = memoryRail();
    net = await createNet(['G', 'M', 'X'], {
      ...{ parameters, guards: ['G'], meterOf: (name) => source.meter(idOf(name)), guardOf: () => role },
    });
    database = await openDatabase({ file: ':memory:' }, guard.migrations, 'guard', 'guard');
    const local: Partial<HttpClient> = { local: (_, path, body, output) => askFor(net.role('G'), path, body, output) };
    role = await guard.start(
      {
        ...{ clock: net.clock, entropy: seededEntropy('guard'), database, http: local as HttpClient, log: silentLog() },
        ...{ network: net.view, transport: source.guardTransport(idOf('G')), receiving: [rail.wallet('guard')] },
      },
      { id: idOf('G'), nickname: 'G', keys: [{ number: 1, seed: testSeed('G guard'), sealingSeed: testSeed('G seal') }] },
    );
    net.join(role);
    rail.put((await ask({ kind: 'subscribe', rail: 'ledger' })).account.body.destination, 10n ** 9n);
    await ask({ kind: 'account' });
  }

  async function ask(what: SubscriberRequest['ask']): Promise<RequestAnswer> {
    const id = sha256Hex(encode(what)).slice(0, 32);
    const body = { subscriber: alice.publicKey, guard: idOf('G'), id, at: net.clock.now(), ask: what };
    const { signature } = sign('request', networkId, body, alice);
    const endpoint = role.endpoints.find((one) => one.path === '/guard/request')!;
    const input = decode(encode({ body, signature }), endpoint.input);
    if (!input.ok) throw new Error(input.refusal.about);
    const answer = await endpoint.answer(input.value as never, { kind: 'subscriber' });
    if (!answer.ok) throw new Error(answer.refusal.code);
    const read = decode(encode(answer.value), requestAnswer);
    if (!read.ok) throw new Error(read.refusal.about);
    return read.value;
  }

  const tally = async (interval = 0) => (await ask({ kind: 'tally', interval })).tally!;
  async function openSessions(): Promise<number> {
    const endpoint = role.endpoints.find((one) => one.path === '/guard/status')!;
    const answer = await endpoint.answer({} as never, { kind: 'local' });
    return (answer as unknown as { value: { sessions: number } }).value.sessions;
  }
  /** What the tallies come to, and what was certified onward for them. */
  async function billed(): Promise<readonly bigint[]> {
    const read = async (at: Role, path: string) => {
      const answer = await at.endpoints.find((one) => one.path === path)!.answer({} as never, { kind: 'local' });
      return (answer as { value: { used: { circuitBytes: bigint }[]; forOwn: { bytes: bigint }[] } }).value;
    };
    const { used } = await read(role, '/guard/status');
    const { forOwn } = await read(net.role('G'), '/relay/status');
    return [used[0]!.circuitBytes, forOwn[0]!.bytes];
  }
  const charged = async (interval = 0) => (await tally(interval)).body.circuitBytes;
  async function signTally(one: Awaited<ReturnType<typeof tally>>): Promise<void> {
    const both = countersign('tally', networkId, asStored<Tally>(one), alice) as Countersigned<Tally>;
    await ask({
      kind: 'sign-tally',
      tally: { body: both.body, signature: both.signature, countersignature: both.countersignature },
    });
  }
  const open = async (hops = 3): Promise<SourceCircuit> => {
    const path = hops === 3 ? ['G', 'M', 'X'] : ['G', 'X'];
    const circuit = await source.open({ subscriber: alice.publicKey, path: path.map(idOf), leavesTor: true });
    if (circuit === null) throw new Error('not opened');
    return circuit;
  };
  /** 400 bytes of a circuit over three hops fit: 2.5 bytes of credit each. */
  const short = { creditStartBytes: 1000n, startingBytes: 0n };

  it('charges just what is certified when the credit at the next hop is exhausted', async () => {
    await make(short);
    const circuit = await open();
    expect(await circuit.carry(330n)).to.equal(330n);
    await net.until(genesis + hour + 1);
    expect(await charged()).to.equal(330n);
    await circuit.carry(4670n);
    // Nobody knows yet.
    expect(await charged()).to.equal(5000n);
    await net.until(genesis + 2 * hour + 1);
    expect(await totals(net, 'G', 'issued', 'M')).to.deep.equal(['400', '400']);
    expect((await tally()).body).to.deep.include({ circuitBytes: 400n, relayBytes: 800n, exitBytes: 400n });
    // On and on, with circuits that begin now and through another next hop that still lends.
    await circuit.carry(1000n);
    const other = await open();
    await other.carry(50n);
    const elsewhere = await open(2);
    await elsewhere.carry(300n);
    await net.until(genesis + 3 * hour + 1);
    other.close();
    circuit.close();
    await net.until(genesis + 8 * hour);
    expect(await charged()).to.equal(700n);
    expect(await billed()).to.deep.equal([700n, 700n]);
    expect(await totals(net, 'G', 'issued', 'X')).to.deep.equal(['0', '300']);
  });

  it('does not charge a starting amount that was not certified either', async () => {
    await make({ ...short, startingBytes: 300n });
    const [one, two, three] = [await open(), await open(), await open()];
    await one.carry(10n);
    await two.carry(150n);
    await three.carry(20n);
    await net.until(genesis + hour + 1);
    // 300 for the first, the last 100 of the credit for the second, none for the third.
    expect(await totals(net, 'G', 'issued', 'M')).to.deep.equal(['400', '400']);
    expect(await charged()).to.equal(400n);
    await one.carry(5n);
    await net.until(genesis + 2 * hour + 1);
    expect(await charged()).to.equal(400n);
  });

  it('never undercuts a tally that both have signed, and charges no byte twice for it', async () => {
    await make(short);
    const circuit = await open();
    await circuit.carry(5000n);
    const early = await tally();
    const elsewhere = await open(2);
    await net.until(genesis + hour + 1);
    expect(await charged()).to.equal(400n);
    // Signed late, of a book that has fallen since.
    await signTally(early);
    expect(await charged()).to.equal(5000n);
    await circuit.carry(5000n);
    await elsewhere.carry(100n);
    await net.until(genesis + 2 * hour + 1);
    const later = await tally();
    expect(later.body.circuitBytes).to.equal(5000n);
    expect(later.body.serial > early.body.serial).to.equal(true);
    await signTally(later);
    const { balance, spent } = (await ask({ kind: 'account' })).account.body;
    expect([spent, balance]).to.deep.equal([later.body.amount, 10n ** 9n - spent]);
    expect(later.body.amount).to.equal(early.body.amount);
  });

  it('goes on paying on open connections when the relay begins anew', async () => {
    await make({ startingBytes: 500n });
    const circuit = await open();
    await circuit.carry(1000n);
    await (await open()).carry(100n);
    await net.until(genesis + hour + 1);
    expect(await charged()).to.equal(1500n);
    await net.crash('G');
    await net.begin('G');
    // Its meter shows the circuit before the guard asks.
    await circuit.carry(10n);
    await net.until(genesis + 2 * hour + 1);
    expect(await openSessions()).to.equal(1);
    await circuit.carry(400n);
    await (await open()).carry(600n);
    await (await open()).carry(10n);
    await net.until(genesis + 4 * hour);
    // What came before the guard noticed is charged and certified to nobody: 10 bytes.
    expect(await charged()).to.equal(1500n + 10n + 400n + 600n + 500n);
    expect(await totals(net, 'G', 'issued', 'M')).to.deep.equal(['3000', '3000']);
    expect(await billed()).to.deep.equal([3010n, 3000n]);
  });

  it('keeps what had turned free when the relay begins anew', async () => {
    await make(short);
    const circuit = await open();
    await circuit.carry(5000n);
    await net.until(genesis + hour + 1);
    await net.crash('G');
    await net.begin('G');
    await circuit.carry(60n);
    await net.until(genesis + 2 * hour + 1);
    await circuit.carry(700n);
    await net.until(genesis + 4 * hour);
    expect(await charged()).to.equal(460n);
    expect(await totals(net, 'G', 'issued', 'M')).to.deep.equal(['400', '400']);
  });
});
