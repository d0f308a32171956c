/*
 * Ports of this machine for nodes and servers that are about to start. A count in; numbers that nobody listens on, out. Called by
 * whoever starts something on loopback.
 */
import { createServer, type Server } from 'node:net';
import { invariant } from '../core/refusal.ts';
import { systemEntropy } from '../host/entropy.ts';

/** Below those that systems give to outgoing connections, one of which would else take a port before its node does. */
const FIRST = 16_384;
const BLOCK_PORTS = 256;
const BLOCKS = 64;

let claimed: Promise<() => number> | null = null;

/**
 * Ports that are free now, all different, and that no other process gets from here while this one lives; they come again in this
 * process after {@link BLOCK_PORTS} others.
 */
export async function freePorts(count: number): Promise<number[]> {
  claimed ??= claim();
  const next = await claimed;
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries += 1) {
    invariant(tries < BLOCK_PORTS, 'this process has ports left');
    const port = next();
    const server = ports.has(port) ? null : await bound(port);
    if (server === null) continue;
    ports.add(port);
    await new Promise((resolve) => server.close(resolve));
  }
  return [...ports];
}

/** A block of ports is its process's as long as that listens on the first of them: the system ends the claim with the process. */
async function claim(): Promise<() => number> {
  const [first = 0, start = 0] = systemEntropy().bytes(2);
  for (let block = 0; block < BLOCKS; block += 1) {
    const door = FIRST + ((first + block) % BLOCKS) * BLOCK_PORTS;
    const server = await bound(door);
    if (server === null) continue;
    server.unref();
    let given = start;
    return () => door + 1 + (given++ % (BLOCK_PORTS - 1));
  }
  throw new Error(
    `all ports from ${FIRST} to ${FIRST + BLOCKS * BLOCK_PORTS - 1} are claimed; end some of the networks that run here`,
  );
}

/** Null where somebody has it. */
function bound(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
