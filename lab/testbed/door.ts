/*
 * A way to a server on this machine that can be shut and opened: a port of its own, whose connections are passed on to the server's. Port
 * in; the door out. Through it the Bitcoin testbed has one relay lose its bitcoind for a while.
 */
import { connect, createServer, type Socket } from 'node:net';
import { freePorts } from '../ports.ts';

export interface Door {
  readonly url: string;
  /** Ends what is open, and takes no more. */
  shut(): void;
  open(): void;
  close(): Promise<void>;
}

export async function openDoor(port: number): Promise<Door> {
  const [own = 0] = await freePorts(1);
  const sockets = new Set<Socket>();
  let isOpen = true;
  const endAll = (): void => sockets.forEach((one) => one.destroy());
  const server = createServer((from) => {
    if (!isOpen) return void from.destroy();
    const to = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(own, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${own}`,
    shut() {
      isOpen = false;
      endAll();
    },
    open: () => void (isOpen = true),
    close() {
      endAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
