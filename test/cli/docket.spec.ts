/*
 * `ptg docket`, `ptg relay --explain`, and a verdict that is exported from a running network and verified on another machine with nothing
 * but network.json.
 */
import { expect } from 'chai';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withAuthorities } from '../../cli/authorities.ts';
import { explainRelay } from '../../cli/explain.ts';
import { ok } from '../../core/refusal.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import type { HttpClient } from '../../host/ports.ts';
import { openDocket, type Docket } from '../journeys/docket.ts';
import { openNetwork, type TestNetwork } from '../journeys/network.ts';
import { ptg, ptgJson } from './ptg.ts';

describe('ptg docket', () => {
  let network: TestNetwork;
  let docket: Docket;
  let elsewhere: string;
  let home: string;

  before(async () => {
    network = await openNetwork({
      relays: [{ name: 'G', guard: true, payouts: 'manual' }, { name: 'M' }, { name: 'N' }, { name: 'X', exit: true }],
      subscribers: { U: 10_000_000n },
      onDisk: true,
    });
    docket = openDocket(network);
    home = join(network.home, 'M');
    elsewhere = await mkdtemp(join(tmpdir(), 'ptg-elsewhere-'));
    await copyFile(join(network.home, 'network.json'), join(elsewhere, 'network.json'));
    await network.subscribe('U', 'G', 1_000_000n);
    await network.carry('U', ['G', 'M', 'X'], 1000n);
    await network.carry('U', ['G', 'N', 'X'], 400n);
    await network.advance(network.schedule(0).appealEnd + network.parameters.consensusSec);
  });
  after(async () => {
    await network.stop();
    await rm(elsewhere, { recursive: true, force: true });
  });
  const run = (...args: string[]) => ptg([...args, '--home', home], {});

  it('lists the cases, all and of one relay', async () => {
    const listed = await run('docket');
    expect(listed.stdout).include('M').include('upheld').include('counts against Guard');
    type Lines = { cases: { reporter: string; amount: string; state: string }[] };
    const all = await ptgJson<Lines>(['docket', '--home', home], {});
    expect(all.cases.map((one) => `${one.amount} ${one.state}`).sort()).deep.equal(['1000 upheld', '2500 upheld']);
    const ofX = await ptgJson<Lines>(['docket', '--relay', 'X', '--home', home], {});
    expect(ofX.cases).deep.equal([]);
    const unknown = await run('docket', '00'.repeat(32));
    expect([unknown.code, /\[docket-no-case\]/.test(unknown.stderr)]).deep.equal([1, true]);
  });

  it('exports a verdict that verifies elsewhere, and names what fails in a tampered one', async () => {
    const file = join(elsewhere, 'verdict.json');
    const id = docket.caseOf('M', 'G');
    const shown = await run('docket', id.slice(0, 12), '--save', file);
    expect(shown.stdout).include(id).include('upheld').include('decided');
    const verify = (name: string) => ptg(['verify', join(elsewhere, name), '--network', join(elsewhere, 'network.json')], {});
    const good = await verify('verdict.json');
    expect(good.code, good.stderr).equal(0);
    expect(good.stdout).include('a verdict of the docket').include('M contested G for 2500');
    const text = await readFile(file, 'utf8');
    await writeFile(join(elsewhere, 'bad.json'), text.replace('"outcome":"upheld"', '"outcome":"late"'));
    const bad = await verify('bad.json');
    expect(bad.code).equal(1);
    expect(bad.stderr).include('its outcome is what the evidence gives: upheld');
  });

  it('explains a standing from the log, and finds the order of the consensus in it', async () => {
    const explained = await run('relay', 'G', '--explain');
    expect(explained.code, explained.stderr).equal(0);
    expect(explained.stdout).include('4 of 4').include('2 contests and complaints against it').include('the order is the same');
    type Explained = { place: number; onTime: number; upheld: number; reporters: number };
    const ofM = await ptgJson<Explained>(['relay', 'M', '--explain', '--home', home], {});
    expect(ofM).deep.include({ onTime: 1, upheld: 0, reporters: 0 });
    const nobody = await run('relay', 'nobody', '--explain');
    expect([nobody.code, /\[explain-unknown\]/.test(nobody.stderr)]).deep.equal([1, true]);
  });

  it('does not ask for ever where a log does not go forward', async () => {
    let pages = 0;
    const explained = await withAuthorities({ home }, (http, known) => {
      const get: HttpClient['get'] = async (url, schema, options) => {
        const answer = await http.get(url, schema, options);
        if (!answer.ok || !url.includes('/log/entries')) return answer;
        pages += 1;
        return pages > 9 ? refuseHttp('overloaded', url) : ok({ ...answer.value, next: 0n });
      };
      return explainRelay({ ...http, get }, known, 'G');
    });
    expect([explained.ok ? 'ok' : explained.refusal.code, pages]).deep.equal(['explain-log', 1]);
  });
});
