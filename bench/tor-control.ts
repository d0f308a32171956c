/*
 * A control port without any of our code around it: its place and cookie in; replies, and how many bytes a SIGNAL DUMP has, out. Called by
 * the benches of tor.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TorNode } from '../lab/testbed/tor/network.ts';

export interface BareControl {
  /** One command that is answered with 250. */
  ask(command: string): Promise<void>;
  /** Bytes until Tor has told of its last channel. */
  dump(): Promise<number>;
  close(): void;
}

const DUMPED = 'Done spamming about channel listeners';

export async function bareControl({ control, folder }: TorNode): Promise<BareControl> {
  const socket = connect(control.port, control.host);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let text = '';
  let fail: (why: Error) => void = () => undefined;
  let look: () => void = () => undefined;
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    look();
  });
  socket.on('close', () => fail(new Error('the control port was closed')));

  /** All that came up to the first line that matches. */
  function until(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      fail = reject;
      look = () => {
        const found = pattern.exec(text);
        if (found === null) return;
        const end = found.index + found[0].length;
        const said = text.slice(0, end);
        text = text.slice(end);
        look = () => undefined;
        resolve(said);
      };
      look();
    });
  }

  async function ask(command: string): Promise<void> {
    socket.write(`${command}\r\n`);
    const said = await until(/^[2-5]\d\d .*\r\n/m);
    if (!/^250 .*\r\n$/m.test(said)) throw new Error(`${command}: ${said.trim()}`);
  }

  await ask(`AUTHENTICATE ${readFileSync(join(folder, 'control_auth_cookie')).toString('hex')}`);
  return {
    ask,
    async dump() {
      await ask('SETEVENTS INFO');
      socket.write('SIGNAL DUMP\r\n');
      const bytes = (await until(new RegExp(`${DUMPED}.*\\r\\n`))).length;
      await ask('SETEVENTS');
      return bytes;
    },
    close: () => void socket.destroy(),
  };
}
