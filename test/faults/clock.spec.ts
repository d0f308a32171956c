/*
 * Clocks that differ, and clocks that are set: each node has one of its own. Within the tolerance all works; beyond it what is dated
 * wrongly is refused by its code; an hour forward and back, across a tick, a cut-off and a BST, costs nobody a unit and stops no job.
 */
import { expect } from 'chai';
import { createLog } from '../../host/log.ts';
import type { Clock } from '../../host/ports.ts';
import { startNode, type NodeOptions, type RunningNode } from '../../node/start.ts';
import { openNetwork, type NetworkOptions, type TestNetwork } from '../journeys/network.ts';

const path = ['G', 'M', 'X'];
const both = ['G→M 2500', 'M→X 1500'];
const hour = 3600;

interface HeldIou {
  readonly direction: string;
  readonly nickname: string;
  readonly relayBytes: string;
  readonly exitBytes: string;
  readonly issuedAt: number;
}

describe('clocks', () => {
  let network: TestNetwork;
  let lines: string[];
  const offsets = new Map<string, number>();
  const wakers = new Map<string, Set<() => void>>();
  const offset = (name: string) => offsets.get(name) ?? 0;

  async function open(parameters: NetworkOptions['parameters'] = {}, onDisk = false): Promise<void> {
    lines = [];
    offsets.clear();
    wakers.clear();
    network = await openNetwork({
      relays: [{ name: 'G', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
      subscribers: { U: 10_000_000n },
      onDisk,
      parameters,
      start,
      log: (name, clock) => createLog({ clock, write: (line) => void lines.push(`${name} ${line}`) }),
    });
    await network.subscribe('U', 'G', 1_000_000n);
  }
  afterEach(() => network.stop());

  /** By its own clock, and asked by the network's when it is next due. */
  async function start(name: string, given: NodeOptions): Promise<RunningNode> {
    const own = new Set<() => void>();
    wakers.set(name, own);
    const clock: Clock = {
      now: () => given.clock.now() + offset(name),
      onWake(run) {
        own.add(run);
        const undo = given.clock.onWake(run);
        return () => (own.delete(run), undo());
      },
    };
    const node = await startNode({ ...given, clock });
    const nextDue = (): number | null => {
      const due = node.nextDue();
      return due === null ? null : due - offset(name);
    };
    return { ...node, nextDue };
  }

  /** Somebody sets it. */
  async function set(name: string, ahead: number): Promise<void> {
    offsets.set(name, ahead);
    for (const run of [...(wakers.get(name) ?? [])]) run();
    await network.idle();
  }
  const heldBy = async (name: string, interval = 0) => {
    const { ious } = await network.call<{ ious: HeldIou[] }>(name, 'relay', `/relay/ious?interval=${interval}`);
    return ious.filter((one) => one.direction === 'held');
  };
  const totals = (ious: readonly HeldIou[]) => ious.map((one) => `${one.nickname} ${one.relayBytes} ${one.exitBytes}`);

  async function expectSettled(interval: number, paid: readonly string[]): Promise<void> {
    expect(await network.paid(interval)).deep.equal(paid);
    expect(await network.received(interval)).deep.equal(paid);
    expect(await network.differences()).deep.equal({ G: 0n, M: 0n, X: 0n });
    expect(await network.surplus()).equal(0n);
  }

  it('four minutes apart, within a tolerance of five: all works', async () => {
    await open({ skewSec: 300 });
    await set('G', 120);
    await set('M', -120);
    await network.carry('U', path, 1000n);
    const { cutOff, paymentEnd } = network.schedule(0);
    await network.advance(cutOff - 240);
    // Up to the last minute of each one's own interval.
    await network.advance(paymentEnd + 240);
    await expectSettled(0, both);
    expect(lines.filter((line) => /iou-time|request-time|mailbox-time|late|contested/.test(line))).deep.equal([]);
  });

  it('beyond the tolerance: refused with its code and both times; nothing is taken, and all of it when the clock is right', async () => {
    await open();
    await network.carry('U', path, 400n);
    for (let hop = 0; hop < 3; hop += 1) await network.tick();
    await set('G', 600);
    await network.carry('U', path, 600n);
    await network.tick();
    expect(totals(await heldBy('M'))).deep.equal(['G 400 400']);
    expect(lines.some((line) => line.startsWith('M ') && line.includes('iou-refused') && line.includes('iou-time'))).equal(true);
    expect(lines.some((line) => line.startsWith('G ') && line.includes('link-refused') && line.includes('iou-time'))).equal(true);
    await set('G', 0);
    for (let hop = 0; hop < 3; hop += 1) await network.tick();
    expect(totals(await heldBy('X'))).deep.equal(['M 0 1000']);
    await network.advance(network.schedule(0).paymentEnd);
    await expectSettled(0, both);
  });

  /** Who closed its book before the time had said itself, in a letter, what it was owed by then. Nobody else loses. */
  const closedEarly: Readonly<Record<string, readonly string[]>> = {
    G: both,
    M: ['G→M 1500', 'M→X 1500'],
    X: ['G→M 2500', 'M→X 900'],
  };
  it('an hour forward and back, across a tick, a BST and a cut-off, of each in turn', async () => {
    await open();
    const aWhile = async (name: string): Promise<void> => {
      await set(name, hour);
      await network.advance(network.clock.now() + 5);
      await set(name, 0);
    };
    // Across a tick: the next one comes as planned.
    for (const [place, name] of path.entries()) {
      await network.carry('U', path, 200n);
      await network.advance(network.parameters.genesis + (place + 1) * hour - 300);
      await aWhile(name);
    }
    expect(await network.carry('U', path, 400n)).equal(400n);
    for (let hop = 0; hop < 2; hop += 1) await network.tick();
    expect(totals(await heldBy('X'))).deep.equal(['M 0 1000']);
    for (const one of await heldBy('X')) expect(one.issuedAt).most(network.clock.now());
    // Across a BST: paid once.
    for (const [interval, name] of path.entries()) {
      if (interval > 0) await network.carry('U', path, 1000n);
      await network.advance(network.schedule(interval).bst - 300);
      await aWhile(name);
      await network.advance(network.schedule(interval).paymentEnd);
      await expectSettled(interval, both);
    }
    // Across a cut-off: what is used after it is of the interval that it is, and the next one goes its way.
    for (const [place, name] of path.entries()) {
      const interval = path.length + place;
      await network.carry('U', path, 600n);
      await network.advance(network.schedule(interval).cutOff - 900);
      await aWhile(name);
      expect(await network.carry('U', path, 400n)).equal(400n);
      await network.advance(network.schedule(interval).paymentEnd);
      expect(totals(await heldBy('X', interval + 1))).deep.equal(['M 0 0']);
      await expectSettled(interval, closedEarly[name] as string[]);
    }
    await network.carry('U', path, 1000n);
    await network.advance(network.schedule(2 * path.length).paymentEnd);
    await expectSettled(2 * path.length, both);
  });

  it('put right while the node was down: its jobs do not wait until it is as late as it was', async () => {
    await open({}, true);
    await network.carry('U', path, 600n);
    await set('M', 30 * 24 * hour);
    await network.advance(network.clock.now() + 2);
    await network.world.stopNode('M');
    offsets.set('M', 0);
    await network.world.startNode('M');
    await network.idle();
    expect(lines.some((line) => line.startsWith('M ') && line.includes('clock-went-back'))).equal(true);
    expect(await network.carry('U', path, 400n)).equal(400n);
    await network.advance(network.schedule(0).cutOff + 300);
    expect(totals(await heldBy('M'))).deep.equal(['G 1000 1000']);
  });
});
