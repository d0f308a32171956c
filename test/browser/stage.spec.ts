/*
 * The stage test:browser: the docket's pages of a running authority in a real browser: plain HTML, without JavaScript. With CI=true a
 * missing Chromium is a failure; elsewhere it says why it is skipped. SCREENSHOT=FILE also draws the page for the operating guide.
 */
import { expect } from 'chai';
import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumProgram, dumpDom, screenshot } from '../harness/chromium.ts';
import { openDocket, type Docket } from '../journeys/docket.ts';
import { openNetwork, type TestNetwork } from '../journeys/network.ts';

describe('in Chromium', function () {
  let program: string;
  let network: TestNetwork;
  let docket: Docket;
  let address: string;

  before(async function () {
    const found = chromiumProgram();
    if (found === null && process.env['CI'] === 'true') throw new Error('Chromium is not installed: apt-get install chromium');
    if (found === null) {
      console.log('    skipped: no Chromium on this machine');
      return void this.skip();
    }
    program = found;
    network = await openNetwork({
      relays: [
        { name: 'birch', guard: true, payouts: 'manual' },
        { name: 'cedar' },
        { name: 'alder' },
        { name: 'elm', exit: true },
      ],
      subscribers: { ann: 10_000_000n },
      onDisk: true,
    });
    docket = openDocket(network);
    address = network.world.network.authorities[0]!.url;
    await network.subscribe('ann', 'birch', 1_000_000n);
    await network.carry('ann', ['birch', 'cedar', 'elm'], 1000n);
    await network.carry('ann', ['birch', 'alder', 'elm'], 400n);
    await network.advance(network.schedule(0).appealEnd + network.parameters.consensusSec);
  });
  after(() => network?.stop());

  it('lists the cases', async () => {
    const page = await dumpDom(program, `${address}/docket`);
    expect(page).include('<table').include('cedar').include('birch').include('upheld');
    const answer = await fetch(`${address}/docket`);
    expect(answer.headers.get('content-security-policy'))
      .match(/default-src 'none'/)
      .not.match(/script-src/);
    expect(page).not.match(/<script|javascript:|\son[a-z]+=/i);
  });

  it('shows a case with its evidence, and one relay’s record', async () => {
    const id = docket.caseOf('birch', 'cedar');
    const page = await dumpDom(program, `${address}/docket/case/${id}`);
    expect(page).include(id).include('cedar').include('birch').include('ptg verify');
    const record = await dumpDom(program, `${address}/docket/relay/${docket.id('birch')}`);
    expect(record).include('birch').include('upheld');
  });

  it('draws it, on a narrow screen too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ptg-shot-'));
    const id = docket.caseOf('birch', 'cedar');
    for (const size of [
      [1000, 1300],
      [390, 1300],
    ] as const) {
      const file = join(folder, `${size[0]}.png`);
      await screenshot(program, `${address}/docket/case/${id}`, file, size);
      const png = readFileSync(file);
      // Width stands at the 16th byte of a PNG; an empty page of this size would take a few kilobytes.
      expect([png.readUInt32BE(16), png.length > 20_000]).deep.equal([size[0], true]);
    }
    const drawn = process.env['SCREENSHOT'];
    if (drawn !== undefined) await screenshot(program, `${address}/docket/case/${id}`, drawn, [1000, 1300]);
    rmSync(folder, { recursive: true, force: true });
  });
});
