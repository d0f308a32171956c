/*
 * Downloads through a paid guard, as its operator and its subscriber run it: `ptg run` with [tor] and [transport] beside a relay of the
 * private network, `ptg connect --tor` at the other end, both in processes of their own that are killed, too. The authority and the other
 * relays' nodes run here. Called by stage.spec.
 */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { units } from '../../core/wire/field.ts';
import { account as accountShape, bill as billShape } from '../../core/wire/guard.ts';
import { defaultParameters } from '../../core/wire/parameters.ts';
import { systemClock } from '../../host/clock.ts';
import { readConfig } from '../../host/config.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import { freePorts } from '../../lab/ports.ts';
import { download } from '../../lab/testbed/tor/download.ts';
import type { TorNetwork } from '../../lab/testbed/tor/network.ts';
import { torPrograms, until } from '../../lab/testbed/tor/process.ts';
import { createWorld, type World } from '../../lab/world.ts';
import { connectSpec, nodeSpec, type NodeSpec } from '../../node/spec.ts';
import { startNode, type NodeOptions } from '../../node/start.ts';
import { specText } from '../../node/write.ts';
import { ptgJson, startPtg, type Running } from '../cli/ptg.ts';
import { later } from '../harness/later.ts';

const MIB = 1_048_576;
/** What a subscriber may have used and not signed, in this network; and what the transport asks for at once. */
const UNSIGNED_MAX = 8 * MIB;
const PORTION = MIB;
const PRICE = 1_000_000_000n;
/** Of a GiB through guard, middle and an exit at twice the price. */
const PER_GIB = 4n * PRICE;

const shown = z.object({ accounts: z.array(z.object({ account: accountShape, signed: units }).loose()) });
const status = z.object({ sessions: z.int(), rails: z.array(z.object({ spent: units, unsigned: units }).loose()) }).loose();
const event = z.object({ event: z.string() }).loose();
const bills = z.object({ bills: z.array(z.object({ bill: z.object({ body: billShape }).loose(), signed: units })) });

export function paidGuard(running: () => TorNetwork): void {
  describe('a paid guard', function () {
    let home: string;
    let world: World;
    let guardRun: Running;
    const guardPorts: Record<string, number> = {};
    const started: Running[] = [];
    const homeOf = (name: string): string => join(home, name);

    before(async function () {
      this.timeout(300_000);
      home = mkdtempSync(join(tmpdir(), 'ptg-paid-'));
      const [first, second] = await freePorts(2);
      Object.assign(guardPorts, { guard: first, middle: second });
      const relay = { payouts: 'auto', opening: 1_000_000_000n, bandwidth: 10_000_000 } as const;
      const flags = { ...defaultParameters.flags, runningSec: 180, uptimeHalfLifeSec: 60, stableMtbfSec: 0 };
      world = await createWorld({
        ...{ home, inMemory: false, networkId: 'paid', clock: systemClock() },
        parameters: {
          ...defaultParameters,
          ...{ genesis: systemClock().now(), consensusSec: 3, intervalSec: 86_400, iouTickSec: 2, skewSec: 5, graceSec: 10 },
          flags: { ...flags, guardUptimeThousandths: 0, guardKnownSec: 0 },
          exitRatio: [2n, 1n],
          rails: { ledger: { price: PRICE, quantum: 1n, dust: 0n } },
        },
        relays: [
          { ...relay, name: 'guard', exit: false, guard: true, takesSubscribers: true, family: 'twins' },
          { ...relay, name: 'middle', exit: false, guard: true, takesSubscribers: true, family: 'twins' },
          { ...relay, name: 'exit', exit: true, guard: false, takesSubscribers: false, family: null },
        ],
        subscribers: ['ann', 'bob', 'eve'].map((name) => ({ name, purse: 10_000_000_000n })),
        entropy: () => systemEntropy(),
        log: () => silentLog(),
        start: async (name, given) => startNode(beside(name, given)),
      });
      await until(() => hasGuards(), 'two guards in the consensus', 60);
      // From here on as their owners run it.
      await world.stopNode('guard');
      await specOf('guard', (spec) => besideTor('guard', spec));
      guardRun = await runGuard();
      await until(() => hasGuards(), 'the guard to be listed again', 60);
      for (const [name, amount] of [
        ['ann', 2_000_000_000n],
        ['bob', 24_000_000n],
      ] as const) {
        await act(name, 'subscribe', { guard: world.relayId('guard') });
        await act(name, 'deposit', { amount });
        await until(async () => (await balanceHere(name)) === amount, 'the deposit', 60);
      }
      for (const name of ['ann', 'bob', 'eve']) await world.stopNode(name);
    });

    after(async () => {
      for (const one of started) await end(one, 'SIGTERM');
      await world?.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    });

    /** A relay of the plan with the tor of that name: middle and exit are metered, guard and middle take subscribers. */
    function beside(name: string, given: NodeOptions): NodeOptions {
      const { spec, home: folder, network, parameters, keys, clock, entropy, log } = given;
      const own = { home: folder, network, keys, clock, entropy, log, ...(parameters === undefined ? {} : { parameters }) };
      return { ...own, spec: spec.relay === undefined ? spec : besideTor(name, spec) };
    }

    function besideTor(name: string, spec: NodeSpec): NodeSpec {
      const { control, fingerprint, orPort } = running().node(name);
      const taking = {
        listen: `127.0.0.1:${guardPorts[name] ?? 0}`,
        orPort: `127.0.0.1:${orPort}`,
        unsignedBytesMax: UNSIGNED_MAX,
      };
      return nodeSpec.parse({
        ...spec,
        relay: { ...spec.relay, fingerprint: fingerprint.toLowerCase() },
        tor: { control: `${control.host}:${control.port}`, meter: 'circuits', lookSec: 2 },
        ...(spec.roles.includes('guard') ? { transport: taking } : {}),
        guard: { ...spec.guard, lowBalanceThousandths: 500 },
      });
    }
    async function specOf(name: string, change: (spec: NodeSpec) => NodeSpec): Promise<NodeSpec> {
      const file = join(homeOf(name), 'ptg.toml');
      const read = await readConfig(file, nodeSpec);
      if (!read.ok) throw new Error(read.refusal.about);
      const spec = change(read.value);
      writeFileSync(file, specText(spec));
      return spec;
    }

    async function runGuard(): Promise<Running> {
      const run = startPtg(['run', '--home', homeOf('guard')]);
      started.push(run);
      await until(() => run.stdout().includes('running '), 'the guard to run', 120).catch((thrown: Error) => {
        throw new Error(`${thrown.message}\n${run.stderr()}`);
      });
      return run;
    }

    async function hasGuards(): Promise<boolean> {
      await world.authority.view.refresh();
      const relays = world.authority.view.consensus()?.body.relays ?? [];
      return relays.filter((one) => one.flags.includes('Guard')).length === 2;
    }

    async function act(name: string, path: string, body: object): Promise<unknown> {
      const { node } = world.subscribers.get(name) as { node: Awaited<ReturnType<typeof startNode>> };
      await node.view.refresh();
      const answer = await node.http.local('client', `/client/${path}`, body, z.unknown());
      if (!answer.ok) throw new Error(`${path}: ${answer.refusal.code} ${answer.refusal.about}`);
      return answer.value;
    }

    async function balanceHere(name: string): Promise<bigint | undefined> {
      return shown.parse(await act(name, 'balance', {})).accounts[0]?.account.balance;
    }

    /** As the folder's owner sees it, when nothing of it runs. */
    async function accountOf(name: string) {
      const [one] = shown.parse(await ptgJson(['balance', '--home', homeOf(name)])).accounts;
      if (one === undefined) throw new Error(`${name} has an account`);
      return one;
    }

    const guardStatus = async (): Promise<z.infer<typeof status>> => {
      const said = z
        .object({ guard: status })
        .loose()
        .parse(await ptgJson(['status', '--home', homeOf('guard')]));
      return said.guard;
    };

    interface Connected {
      readonly run: Running;
      readonly socksPort: number;
      /** Of that name, in order. */
      events(name: string): z.infer<typeof event>[];
      log(): Promise<string>;
    }

    /** `ptg connect` with a tor of its own, that knows no authorities but the private network's. */
    async function connect(name: string, isUp = true): Promise<Connected> {
      const tor = torPrograms()?.tor ?? '';
      const [transport, control, socksPort] = (await freePorts(3)) as [number, number, number];
      const include = join(homeOf(name), 'own.torrc');
      writeFileSync(include, `${['TestingTorNetwork 1', ...running().authorityLines, ...aloneLines].join('\n')}\n`);
      const ports = { transport: `127.0.0.1:${transport}`, control: `127.0.0.1:${control}`, proxy: `127.0.0.1:${socksPort}` };
      await specOf(name, (spec) => ({ ...spec, connect: connectSpec.parse({ ...ports, include }) }));
      const run = startPtg(['connect', '--json', '--tor', tor, '--home', homeOf(name)]);
      started.push(run);
      later(() => end(run, 'SIGTERM'));
      const events = (of: string) =>
        run
          .stdout()
          .split('\n')
          .filter((line) => line.startsWith('{'))
          .map((line) => event.parse(JSON.parse(line)))
          .filter((one) => one.event === of);
      const log = () => readFile(join(homeOf(name), 'tor', 'notice.log'), 'utf8').catch(() => '');
      const told = async () => `\n${run.stdout()}${run.stderr()}${(await log()).slice(-2000)}`;
      if (isUp) {
        const boots = (text: string): number => text.split('Bootstrapped 100%').length;
        const before = boots(await log());
        await until(async () => boots(await log()) > before || run.child.exitCode !== null, 'tor to be bootstrapped', 120).catch(
          async (thrown: Error) => {
            throw new Error(`${thrown.message}${await told()}`);
          },
        );
        if (run.child.exitCode !== null) throw new Error(`ptg connect ended${await told()}`);
      }
      return { run, socksPort, events, log };
    }

    async function end(run: Running, signal: NodeJS.Signals): Promise<void> {
      if (run.child.exitCode === null && run.child.signalCode === null) run.child.kill(signal);
      await run.ended;
    }

    const fetchFile = (socksPort: number, user: string, size: number, onBytes?: (count: number) => void): Promise<void> =>
      download({ socksPort, filePort: running().exitPort, user, size, ...(onBytes === undefined ? {} : { onBytes }) });

    /** When nothing is under way any more: what both have signed, once it is all that was spent. */
    async function agreed(name: string, atLeast: bigint): Promise<bigint> {
      let last = '';
      let signed = 0n;
      const rests = async (): Promise<boolean> => {
        const one = await accountOf(name);
        signed = one.signed;
        last = `spent ${one.account.spent}, signed ${one.signed}`;
        return one.account.spent === one.signed && one.signed >= atLeast;
      };
      await until(rests, 'both to have signed all', 60).catch((thrown: Error) => {
        throw new Error(`${thrown.message}: ${last}\n${guardRun.stderr().slice(-2000)}`);
      });
      return signed;
    }

    const cost = (bytes: number): bigint => (BigInt(bytes) * PER_GIB) / 2n ** 30n;

    it('carries a download, and both ends hold the same last tally', async () => {
      const { run, socksPort, events } = await connect('ann');
      expect(events('connected')[0]).deep.include({ nickname: 'guard', instead: null, bills: true });
      expect(events('connected')[0]?.['members']).deep.equal({ middles: 3, exits: 1 });
      await fetchFile(socksPort, 'ann', 12 * MIB);
      // The client asks for a tally each four MiB.
      await until(() => events('balance').some(({ signed }) => BigInt(String(signed)) > 0n), 'a tally while it runs', 30);
      await end(run, 'SIGTERM');
      expect((await run.ended).code).equal(0);
      const signed = await agreed('ann', cost(12 * MIB));
      expect(Number(signed)).below(Number(cost(14 * MIB)));
      const [own] = bills.parse(await ptgJson(['bills', '--home', homeOf('ann')])).bills.slice(-1);
      // What came after the last tally is less than a step, and what the guard holds as signed is what the client has signed.
      const [of, charge] = [own?.signed ?? 0n, own?.bill.body.charge ?? 0n];
      expect([of >= signed, charge - of < cost(4 * MIB)]).deep.equal([true, true]);
      expect((await guardStatus()).sessions).equal(0);
    });

    it('takes nobody without an account: told why, and nothing is kept', async () => {
      const { run } = await connect('eve', false);
      const { code, stderr } = await run.ended;
      expect([code, stderr.includes('[client-no-account]')]).deep.equal([1, true]);
      // Nor with an empty one.
      await ptgJson(['subscribe', 'guard', '--home', homeOf('eve')]);
      const empty = await connect('eve', false);
      await until(() => empty.events('session-ended').length > 0, 'the reason', 60);
      expect(empty.events('session-ended')[0]?.['reason']).include('[transport-subscription]');
      await end(empty.run, 'SIGTERM');
      expect((await guardStatus()).sessions).equal(0);
    });

    for (const [victim, name] of [
      ['client', 'the subscriber’s'],
      ['guard', 'the guard’s'],
    ] as const) {
      it(`${name} process killed in mid-download: both hold the same last tally, and little is unsigned`, async () => {
        const before = await accountOf('ann');
        const { run, socksPort } = await connect('ann');
        const pace: { at: number; got: number }[] = [];
        let isKilled = false;
        const failed = await fetchFile(socksPort, victim, 64 * MIB, (got) => {
          pace.push({ at: systemClock().now(), got });
          if (isKilled || got < 24 * MIB) return;
          isKilled = true;
          (victim === 'client' ? run : guardRun).child.kill('SIGKILL');
        }).then(
          () => 'it came whole',
          (thrown: Error) => thrown.message,
        );
        expect([isKilled, failed === 'it came whole']).deep.equal([true, false]);
        if (victim === 'client') await run.ended;
        else {
          await end(run, 'SIGTERM');
          await guardRun.ended;
          guardRun = await runGuard();
        }
        const got = pace.at(-1)?.got ?? 0;
        // The meter tells after five seconds, and looks once a second.
        const told = pace.findLast(({ at }) => at < (pace.at(-1)?.at ?? 0) - 7)?.got ?? 0;
        const untold = got - told + 2 * PORTION;
        const known = await accountOf('ann');
        const signed = known.signed - before.signed;
        expect(signed > 0n, 'tallies were signed before').equal(true);
        expect(cost(got) - signed < cost(UNSIGNED_MAX + untold)).equal(true);
        // What the guard holds as signed is what the client has signed.
        const others = (await accountOf('bob')).signed;
        const areSame = async (): Promise<boolean> => {
          const [rail] = (await guardStatus()).rails;
          return (rail?.spent ?? 0n) - (rail?.unsigned ?? 0n) - others === (await accountOf('ann')).signed;
        };
        await until(areSame, 'the same last tally at both ends', 60);
      });
    }

    it('a guard that has lost its flag is left for one of its family', async () => {
      const { run, events, log } = await connect('ann');
      await end(guardRun, 'SIGTERM');
      // The same keys and book, and it wants the flag no more.
      await specOf('guard', (spec) => nodeSpec.parse({ ...spec, relay: { ...spec.relay, guard: false } }));
      guardRun = await runGuard();
      await until(() => events('connected').length > 1 || run.child.exitCode !== null, 'another guard', 60);
      const [, second] = events('connected');
      expect([second?.['nickname'], second?.['instead']]).satisfy(
        ([nickname, why]: [string, string]) => nickname === 'middle' && ['flag-lost', 'not-running'].includes(why),
      );
      const torrc = await readFile(String(second?.['torrc']), 'utf8');
      expect(torrc)
        .include(`guard=${world.relayId('middle')}`)
        .not.include(`guard=${world.relayId('guard')}`);
      // The user's tor has read it again, and asks there; these two share no database, so that nothing is on the account.
      await until(
        () => events('session-ended').some(({ reason }) => String(reason).includes('[transport-subscription]')),
        'tor to come',
        60,
      );
      expect(await log()).include('Received reload signal');
      await end(run, 'SIGTERM');
    });
  });
}

/** Nothing of it leaves this machine. */
const aloneLines = [
  'OutboundBindAddress 127.0.0.1',
  'SafeLogging 0',
  'ShutdownWaitLength 0',
  'GeoIPFile /dev/null',
  'GeoIPv6File /dev/null',
];
