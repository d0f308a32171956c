/*
 * An onion service, and a subscriber whose circuits do not leave Tor: what its guard and second hop are owed, and that nobody is billed
 * for the service's own side. Called by paid.ts.
 */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { bill as billShape } from '../../core/wire/guard.ts';
import { iousShape } from '../../cli/relay-text.ts';
import { download } from '../../lab/testbed/tor/download.ts';
import type { TorNetwork } from '../../lab/testbed/tor/network.ts';
import { until } from '../../lab/testbed/tor/process.ts';
import { CELL_BYTES, type CircuitReading } from '../../tor/meter.ts';
import { ptgJson } from '../cli/ptg.ts';
import { later } from '../harness/later.ts';
import { askTor } from './control.ts';
import { metered, type Metered } from './metered.ts';
import { MIB, PRICE, type PaidNetwork } from './paid-network.ts';

const PORT = 80;
const bills = z.object({ bills: z.array(z.object({ bill: z.object({ body: billShape }).loose() })) });

/** A rendezvous circuit (control-spec, CIRC): for whose stream, and the names of its hops. */
interface Line {
  readonly user: string;
  readonly hops: readonly string[];
}

export function onionService(running: () => TorNetwork, paid: () => PaidNetwork): void {
  it('circuits to an onion service are paid as staying in Tor, and those of the service by nobody', async () => {
    const network = running();
    const names = ['guard', 'middle', 'exit'];
    const nameOf = (fingerprint: string): string =>
      network.names.find((one) => network.node(one).fingerprint === fingerprint) ?? fingerprint;
    const host = await startService(network);
    const [guard, middle, exit] = names.map((name) => metered(network, name)) as [Metered, Metered, Metered];
    await until(() => [guard, middle, exit].every((one) => one.looks() > 0), 'the meters to read');
    const before = { bill: await billOf(paid()), owed: await owed() };

    const { run, socksPort, controlPort, events, log } = await paid().connect('ann', true, { leavesTor: false });
    expect(events('connected')[0]).deep.include({ leavesTor: false });
    const get = (user: string, size: number): Promise<void> => download({ socksPort, filePort: PORT, host, user, size });
    const control = { host: '127.0.0.1', port: controlPort };
    const rendezvous = async (): Promise<Line[]> =>
      (await askTor({ control }, 'GETINFO circuit-status'))
        .filter((line) => /^\d+ BUILT /.test(line) && line.includes('PURPOSE=HS_CLIENT_REND'))
        .map((line) => ({
          user: /SOCKS_USERNAME="([^"]*)"/.exec(line)?.[1] ?? '',
          hops: [...line.matchAll(/\$([0-9A-F]{40})/g)].map(([, one]) => nameOf(one ?? '')),
        }));

    // Nothing else than onion addresses.
    const elsewhere = await paid()
      .fetchFile(socksPort, 'elsewhere', 1000)
      .then(
        () => 'it came',
        (thrown: Error) => thrown.message,
      );
    expect(elsewhere).match(/SOCKS says/);
    // The service's descriptor spreads; each user has a rendezvous point of its own, which is any relay of Tor.
    let user = '';
    let hops: readonly string[] = [];
    let at = 0;
    const isMember = async (): Promise<boolean> => {
      user = `onion ${(at += 1)}`;
      const came = await get(user, 1000).then(
        () => true,
        () => false,
      );
      const lines = await rendezvous();
      hops = lines.find((one) => one.user === user)?.hops ?? [];
      return came && names.slice(1).includes(hops.at(-1) ?? '');
    };
    await until(isMember, 'a rendezvous point of the network').catch(async (thrown: Error) => {
      throw new Error(`${thrown.message}\n${(await log()).slice(-3000)}`);
    });
    await get(user, 8 * MIB);
    expect((await rendezvous()).find((one) => one.user === user)?.hops).deep.equal(hops);
    expect([hops.length, hops[0]]).deep.equal([3, 'guard']);
    expect(new Set(hops)).deep.equal(new Set(names));
    // The service's circuit came in by a member too, and carries as much. What a circuit has not told when it ends is never told.
    const entered = (): CircuitReading[] =>
      [guard, middle]
        .flatMap((one) => one.readings())
        .filter(({ previous, bytes }) => previous.connection !== null && bytes > 8n * BigInt(MIB));
    await until(() => entered().length === 2, 'both circuits to be read');
    await paid().end(run, 'SIGTERM');
    await paid().sameTally('ann', 0n);
    // What was read last is told at the next tick, two seconds off.
    const looks = exit.looks();
    await until(() => exit.looks() > looks + 2, 'more looks');

    const after = { bill: await billOf(paid()), owed: await owed() };
    const grown = after.owed.map((one, index) => ({ ...one, ...minus(one, before.owed[index]) }));
    const circuits = after.bill.circuitBytes - before.bill.circuitBytes;
    const rest = after.bill.otherBytes - before.bill.otherBytes;
    const charge = after.bill.charge - before.bill.charge;
    // Rule 2: two hops stay on the links to second hops, one on those to rendezvous points.
    expect(grown.every(({ exitBytes }) => exitBytes === 0n)).equal(true);
    const sumOf = (some: readonly Owed[]): bigint => some.reduce((sum, { relayBytes }) => sum + relayBytes, 0n);
    const toSecond = sumOf(grown.filter(({ issuer }) => issuer === 'guard'));
    const toPoint = sumOf(grown.filter(({ issuer }) => issuer !== 'guard'));
    const known = [middle, exit].flatMap((one) => one.readings()).filter(({ previous }) => previous.relay === 'guard').length;
    const slack = 4n * CELL_BYTES * BigInt(known);
    const off = toSecond - 2n * circuits;
    expect(off <= 2n * slack && -off <= 2n * slack, `${toSecond} for ${circuits}, ${known} circuits`).equal(true);
    expect(toPoint >= 8n * BigInt(MIB) && toPoint <= circuits + slack, `${toPoint} of ${circuits}`).equal(true);
    // Rule 1: three standard hops, and the rest.
    const due = (PRICE * (3n * circuits + rest)) / 2n ** 30n;
    expect(charge - due <= 1n && due - charge <= 1n, `${charge}, not ${due}`).equal(true);
  });

  async function owed() {
    const { world, homeOf } = paid();
    const all = [];
    for (const [issuer, holder] of pairs) {
      if (holder !== 'guard') all.push({ issuer, holder, ...(await paid().held(issuer, holder)) });
      else {
        const { ious } = iousShape.parse(await ptgJson(['ious', '--home', homeOf('guard')]));
        const of = ious.find((one) => one.direction === 'held' && one.issuer === world.relayId(issuer));
        all.push({ issuer, holder, relayBytes: of?.relayBytes ?? 0n, exitBytes: of?.exitBytes ?? 0n });
      }
    }
    return all;
  }
}

const pairs = ['guard', 'middle', 'exit'].flatMap((issuer) =>
  ['guard', 'middle', 'exit'].filter((holder) => holder !== issuer).map((holder) => [issuer, holder] as const),
);

interface Owed {
  readonly relayBytes: bigint;
  readonly exitBytes: bigint;
}

function minus(now: Owed, then: Owed | undefined): Owed {
  return { relayBytes: now.relayBytes - (then?.relayBytes ?? 0n), exitBytes: now.exitBytes - (then?.exitBytes ?? 0n) };
}

/** Of the running interval. */
async function billOf(paid: PaidNetwork) {
  const [one] = bills.parse(await ptgJson(['bills', '--home', paid.homeOf('ann')])).bills.slice(-1);
  return one?.bill.body ?? { circuitBytes: 0n, otherBytes: 0n, charge: 0n };
}

/** A free user's tor that serves the files of the exit's port; its address. */
async function startService(network: TorNetwork): Promise<string> {
  const service = await network.addClient('service');
  later(() => service.stop());
  const folder = join(service.folder, 'onion');
  await service.begin([
    // One alone is not allowed.
    `EntryNodes ${['guard', 'middle'].map((name) => `$${network.node(name).fingerprint}`).join(',')}`,
    `HiddenServiceDir ${folder}`,
    `HiddenServicePort ${PORT} 127.0.0.1:${network.exitPort}`,
  ]);
  return readFileSync(join(folder, 'hostname'), 'utf8').trim();
}
