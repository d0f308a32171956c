/*
 * What subscribers do in the Tor testbed: deposit, connect, download, sign. The running testbed in; what they did, out. Called by tor.ts in
 * this order.
 */
import { reached, type Billed, type Running, type TorOutcome } from './tor-outcome.ts';
import { connectOf } from './tor-open.ts';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { invariant } from '../../core/refusal.ts';
import { tickAfter } from '../../core/rule/interval.ts';
import { interval, units } from '../../core/wire/field.ts';
import { pause, stopwatch } from '../../host/clock.ts';
import { silentLog } from '../../host/log.ts';
import { connect, type Connection } from '../../node/connect.ts';
import { guardLimits } from '../../tor/transport/guard.ts';
import { callLocal, need, readAccounts, sum } from '../report.ts';
import {
  DEFAULTER,
  DOWNLOAD_BYTES,
  FREE_BYTES,
  FREE_USER,
  MIB,
  relayPlans,
  STREAMS,
  subscriberPlans,
  torName,
} from './tor-plan.ts';
import { download } from './tor/download.ts';

type Downloads = TorOutcome['downloads'];

export async function depositAll({ stages, world, money }: Running): Promise<bigint> {
  for (const { name, guard } of subscriberPlans) {
    const node = world.subscribers.get(name)?.node;
    invariant(node !== undefined, `${name} runs`);
    // The consensus that names its guard comes to it later than to the directory, and the descriptor after that.
    const id = world.relayId(guard);
    const isKnown = () => node.view.entry(id)?.flags.includes('Guard') === true && node.view.descriptor(id) !== null;
    await stages.awaited(`${guard} to be known`, 30, async () => (isKnown() ? true : null));
    const asked = { guard: id, rail: money.rail };
    const { account } = await callLocal(node, 'client', '/client/subscribe', asked, subscribed);
    await money.pay(node, account.destination);
  }
  const deposited = async (): Promise<bigint> =>
    sum([...(await readAccounts(world)).values()].flat().map(({ account }) => account.deposited));
  const wanted = money.deposit * BigInt(subscriberPlans.length);
  return stages.awaited('the deposits', 60, async () => ((await deposited()) === wanted ? wanted : null));
}

const subscribed = z.object({ account: z.object({ destination: z.string() }) });

/** As `ptg connect` does; the user who pays nobody comes in by either guard. */
export async function connectAll(running: Running): Promise<readonly Connection[]> {
  const { stages, tor, world, users, clock, home, closing } = running;
  const connected: Connection[] = [];
  const one = async (name: string): Promise<void> => {
    const [user, subscriber] = [users.get(name), world.subscribers.get(name)];
    invariant(user !== undefined && subscriber !== undefined, `${name} has a tor and a node`);
    const folder = join(home, name);
    await writeFile(join(folder, 'network.torrc'), `${user.networkLines.join('\n')}\n`);
    const connection = need(
      await connect(subscriber.node, {
        ...{ home: folder, spec: connectOf(user), anyPath: false, clock, log: silentLog() },
        say: () => undefined,
      }),
    );
    closing.push(() => connection.stop());
    connected.push(connection);
    await user.beginBy(connection.torrc);
    await stages.awaited(`the tor of ${name} to be heard`, 60, async () =>
      subscriber.node.clientEnd?.own.state().up === true ? true : null,
    );
  };
  const free = users.get(FREE_USER);
  invariant(free !== undefined, 'who pays nobody has a tor');
  const entries = relayPlans.filter((relay) => relay.guard).map((relay) => `$${tor.node(torName(relay.name)).fingerprint}`);
  await Promise.all([...subscriberPlans.map(({ name }) => one(name)), free.begin([`EntryNodes ${entries.join(',')}`])]);
  return connected;
}

/** Each stream has a circuit of its own; and so many are opened that the guard that will not pay owes at least two relays. */
export async function downloadAll(running: Running): Promise<Downloads> {
  const { tor, users, auditor, parameters, stages } = running;
  const fetch = async (user: string, size: number, streams: number, named: string) => {
    const socksPort = users.get(user)?.socksPort;
    invariant(socksPort !== undefined, `${user} has a tor`);
    const seconds = stopwatch();
    const one = (at: number) => download({ socksPort, filePort: tor.exitPort, user: `${named} ${at}`, size: size / streams });
    await Promise.all([...Array(streams).keys()].map(one));
    return { user, bytes: size, seconds: seconds() };
  };
  const done = await Promise.all([
    ...subscriberPlans.map(({ name }) => fetch(name, DOWNLOAD_BYTES, STREAMS, 'stream')),
    fetch(FREE_USER, FREE_BYTES, 1, 'free'),
  ]);
  const creditors = () => auditor.paid(parameters.startingBytes).filter((line) => line.issuer === DEFAULTER).length;
  const user = subscriberPlans.find((one) => one.guard === DEFAULTER)?.name ?? '';
  for (let more = 1; creditors() < parameters.reportersToUnflag && more <= MORE_MAX; more += 1) {
    stages.unlessEnded('downloads');
    done.push(await fetch(user, MIB, 1, `more ${more}`));
  }
  return done;
}

/** One of three middles is drawn for each. */
const MORE_MAX = 12;

const billed = z.object({
  bills: z.array(
    z.object({
      bill: z.object({ body: z.object({ interval, circuitBytes: units, otherBytes: units, charge: units }).loose() }).loose(),
      signed: units,
    }),
  ),
});

/** The tors are stopped; then nothing passes any more, and both sides come to hold the same tally. */
export async function billAll(
  running: Running,
  connected: readonly Connection[],
  downloads: Downloads,
): Promise<Omit<Billed, 'iouBytes'>[]> {
  const { stages, world, users, parameters, clock } = running;
  const billOf = async ({ name, guard }: (typeof subscriberPlans)[number]) => {
    const subscriber = world.subscribers.get(name);
    invariant(subscriber !== undefined, `${name} runs`);
    const { bills } = await callLocal(subscriber.node, 'client', '/client/bills', {}, billed);
    const total = (of: (one: (typeof bills)[number]) => bigint): bigint => sum(bills.map(of));
    return {
      ...{ subscriber: name, guard, carried: subscriber.node.clientEnd?.carried(world.relayId(guard)) ?? 0n },
      circuitBytes: total((one) => one.bill.body.circuitBytes),
      otherBytes: total((one) => one.bill.body.otherBytes),
      charge: total((one) => one.bill.body.charge),
      signed: total((one) => one.signed),
    };
  };
  await allTold(running, downloads);
  for (const connection of connected) await connection.stop();
  for (const one of users.values()) await one.stop();
  // A guard tells its last count at a tick, its relay the starting amounts after it; the subscriber asks at the next one.
  const counted = tickAfter(parameters, clock.now() + guardLimits.lagSec + SAID_SEC);
  await reached(running, tickAfter(parameters, counted) + SAID_SEC);
  return stages.awaited('tallies that both sides hold', 60, async () => {
    const bills = await Promise.all(subscriberPlans.map(billOf));
    if (bills.every((one) => one.charge > 0n && one.charge === one.signed)) return bills;
    // Each look is a request to the guards.
    await pause(TOLD_MS);
    return null;
  });
}

/** For a call between two roles to arrive. */
const SAID_SEC = 2;

/** A tor tells of its cells each second, and of a circuit that is torn down meanwhile never: each hop's have to be told before. */
async function allTold({ stages, auditor, parameters }: Running, downloads: Downloads): Promise<void> {
  const paying = downloads.filter((one) => one.user !== FREE_USER);
  const cells = paying.reduce((sum, one) => sum + BigInt(Math.ceil(one.bytes / CELL_DATA_BYTES)), 0n);
  let before = 0n;
  await stages.awaited('all cells of the downloads to be told', 60, async () => {
    const told = auditor.paid(parameters.startingBytes).reduce((sum, line) => sum + line.cells, 0n);
    const isAll = told === before && told >= LINKS * cells;
    before = told;
    if (!isAll) await pause(TOLD_MS);
    return isAll ? true : null;
  });
}

/** From guard to middle, and from middle to exit. */
const LINKS = 2n;
/** The most that a cell holds of a stream (tor-spec, relay cells). */
const CELL_DATA_BYTES = 498;
/** Longer than a second: nothing new after it is the last word. */
const TOLD_MS = 2_000;
