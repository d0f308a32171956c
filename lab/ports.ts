/*
 * Ports of this machine for nodes and servers that are about to start. A count in; numbers that nobody listens on, out. Called by
 * whoever starts something on loopback.
 */
import { createServer, type Server } from 'node:net';
import { invariant } from '../core/refusal.ts';
import { systemEntropy } from '../host/entropy.ts';

/**
 * Ports that are free now, all different: bound together, then let go. Below those that systems give to outgoing connections, one
 * of which would else take a port before its node does; and at random, for others who do the same.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers = new Map<number, Server>();
  const chance = systemEntropy();
  try {
    for (let tries = 0; servers.size < count; tries += 1) {
      invariant(tries < 100 * (count + 1), 'the machine has free ports');
      const port = 16_384 + (Buffer.from(chance.bytes(2)).readUInt16BE() % 16_384);
      const server = servers.has(port) ? null : await bound(port);
      if (server !== null) servers.set(port, server);
    }
  } finally {
    await Promise.all([...servers.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  }
  return [...servers.keys()];
}

/** Null where somebody has it. */
function bound(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
