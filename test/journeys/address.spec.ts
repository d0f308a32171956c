/*
 * The address of whoever calls: a caller from an address of its own asks every role of a running network, rightly and wrongly; no
 * file and no log line of anybody has it afterwards.
 */
import { expect } from 'chai';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createLog } from '../../host/log.ts';
import { openNetwork } from './network.ts';

const CALLER = '127.84.17.9';

describe('journey: a caller’s address', () => {
  it('is in no file and no log of those whom it called', async () => {
    const logged: string[] = [];
    const network = await openNetwork({
      relays: [
        { name: 'G', guard: true },
        { name: 'X', exit: true },
      ],
      subscribers: { U: 1000n },
      onDisk: true,
      log: (_, clock) => createLog({ clock, format: 'json', level: 'debug', write: (text) => void logged.push(text) }),
    });
    try {
      const { url } = network.world.network.authorities[0]!;
      const ledger = network.world.network.ledger!.url;
      const descriptors = ['G', 'X'].map((name) => network.world.authority.view.descriptor(network.world.relayId(name))!.body);
      const asked: number[] = [];
      for (const path of ['/directory/consensus', '/directory/relays', '/directory/docket', '/docket', '/nowhere'])
        asked.push(await call(`${url}${path}`));
      asked.push(await call(`${url}/directory/publish`, 'no object'));
      asked.push(await call(`${url}/directory/contest`, '{"body":{},"signature":""}'));
      asked.push(await call(`${ledger}/ledger/head`), await call(`${ledger}/ledger/transfers`, '{}'));
      for (const { urls } of descriptors) {
        asked.push(await call(`${urls.relay}/relay/alive`), await call(`${urls.relay}/relay/ious`, 'x'));
        if (urls.guard !== null) asked.push(await call(`${urls.guard}/guard/request`, 'x'));
      }
      expect(asked.filter((status) => status === 200).length).above(4);
      expect(asked.filter((status) => status >= 400).length).above(4);
      await network.idle();
      await network.advance(network.schedule(0).start + 10);
      expect(logged.length).above(0);
      expect(logged.filter((line) => line.includes(CALLER))).deep.equal([]);
      const files = filesUnder(network.home);
      expect(files.length).above(10);
      for (const file of files) expect(readFileSync(file).includes(CALLER), file).equal(false);
    } finally {
      await network.stop();
    }
  });
});

/** From an address that nobody else has here; answers the status. A proxy in front would name it in the header, too. */
function call(url: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const headers = { 'x-forwarded-for': CALLER, forwarded: `for=${CALLER}`, 'content-type': 'application/json' };
    const sent = request(url, { method, headers, localAddress: CALLER, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject).end(body);
  });
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const found = statSync(join(folder, name));
    return found.isDirectory() ? filesUnder(join(folder, name)) : found.isFile() ? [join(folder, name)] : [];
  });
}
