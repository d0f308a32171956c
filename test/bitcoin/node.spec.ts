/*
 * A node's folder with [bitcoin]: what `ptg config check` and `ptg doctor` say of it, and that its roles start with it, whether bitcoind is
 * up or not.
 */
import { expect } from 'chai';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result } from '../../core/refusal.ts';
import { systemClock } from '../../host/clock.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import { checkNode } from '../../node/care/check.ts';
import { examineNode } from '../../node/care/doctor.ts';
import type { Finding } from '../../node/care/finding.ts';
import { initNode } from '../../node/init.ts';
import { openHome } from '../../node/open.ts';
import { startNode } from '../../node/start.ts';
import { descriptorOf, RECEIVING } from '../../rail/bitcoin/descriptor.ts';
import { later, undoAll } from '../harness/later.ts';
import { testView } from '../harness/view.ts';
import { accountOf, valueOf, withBitcoind } from './fixture.ts';

afterEach(undoAll);

describe('a node with bitcoind', () => {
  const node = withBitcoind();
  const entropy = seededEntropy('bitcoin node');
  const rules = { chain: 'regtest', confirmations: 2, difficulty: '0' };
  const codeOf = (result: Result<unknown>): string | null => (result.ok ? null : result.refusal.code);

  /** A folder as `ptg init` makes it, with these lines in its ptg.toml and this in its network.json. */
  async function folder(
    lines: readonly string[],
    network: object = { ...testView([]).network, bitcoin: rules },
  ): Promise<string> {
    const parent = await mkdtemp(join(tmpdir(), 'ptg-bitcoin-'));
    later(() => rm(parent, { recursive: true, force: true }));
    const file = join(parent, 'network.json');
    await writeFile(file, JSON.stringify(network));
    const home = join(parent, 'R1');
    valueOf(
      await initNode({
        ...{
          roles: ['relay', 'settlement', 'guard'],
          home,
          network: file,
          nickname: 'R1',
          url: 'http://127.0.0.1:1',
          exit: false,
        },
        ...{ entropy, now: 1_000_000 },
      }),
    );
    await writeFile(join(home, 'cookie'), await node().login());
    await appendFile(join(home, 'ptg.toml'), `\n[bitcoin]\n${lines.join('\n')}\n`);
    return home;
  }
  const deposits = `deposits = "${descriptorOf(accountOf('deposits'), RECEIVING)}"`;
  const rpc = () => [`url = "${node().url}"`, 'cookie = "cookie"'];
  const said = async (home: string): Promise<Finding | undefined> =>
    (await examineNode(home, systemClock(), entropy)).find((one) => one.what === 'bitcoin');

  it('is checked: keys, chain, and two accounts that are one', async () => {
    expect(codeOf(await checkNode(await folder([...rpc(), deposits]), entropy))).equal(null);
    expect(codeOf(await checkNode(await folder([...rpc(), 'deposits = "xpub"']), entropy))).equal('bitcoin-descriptor');
    expect(codeOf(await checkNode(await folder([...rpc(), 'gaplimit = 3']), entropy))).equal('config-key');
    const both = await folder([...rpc(), deposits, deposits.replace('deposits', 'account')]);
    expect(codeOf(await checkNode(both, entropy))).equal('node-accounts');
    expect(codeOf(await checkNode(await folder([...rpc(), deposits], testView([]).network), entropy))).equal('node-bitcoin');
    const noRail = { ...testView([]).network, ledger: null, bitcoin: rules };
    expect(codeOf(await checkNode(await folder(rpc(), noRail), entropy))).equal('node-rail');
    const other = { ...testView([]).network, bitcoin: { ...rules, chain: 'main' } };
    expect(codeOf(await checkNode(await folder([...rpc(), deposits], other), entropy))).equal('bitcoin-descriptor');
  });

  it('doctor says whether bitcoind answers, and follows the network’s chain', async () => {
    const home = await folder([...rpc(), deposits]);
    expect(await said(home)).include({ state: 'ok', seen: 'bitcoind answers; block 0 of regtest' });
    await writeFile(join(home, 'cookie'), 'somebody:else');
    expect((await said(home))?.state).equal('fail');
    const network = JSON.parse(await readFile(join(home, 'network.json'), 'utf8')) as object;
    await writeFile(join(home, 'cookie'), await node().login());
    await writeFile(join(home, 'network.json'), JSON.stringify({ ...network, bitcoin: { ...rules, chain: 'signet' } }));
    expect(await said(home)).include({ state: 'fail' });
    expect((await said(home))?.seen).include('regtest, not signet');
    const down = await folder(['url = "http://127.0.0.1:1"', 'cookie = "cookie"', deposits]);
    expect((await said(down))?.remedy).include('[bitcoin] url');
  });

  it('starts its roles, with bitcoind or without', async () => {
    for (const lines of [rpc(), ['url = "http://127.0.0.1:1"', 'cookie = "not/there"']]) {
      const opened = valueOf(await openHome(await folder([...lines, deposits]), entropy));
      const spec = { ...opened.spec, listen: { host: '127.0.0.1', port: 0 } };
      const running = await startNode({ ...opened, spec, clock: systemClock(), entropy, log: silentLog() });
      expect(running.roles.map((role) => role.name)).include('guard');
      await running.stop();
    }
  });
});
