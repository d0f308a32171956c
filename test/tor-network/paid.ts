/*
 * Downloads through a paid guard, as its operator and its subscriber run it, on good days and bad ones; what both have signed
 * afterwards, and what lies on the disks. Called by stage.spec.
 */
import { expect } from 'chai';
import { cpSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as tlsOver } from 'node:tls';
import { z } from 'zod';
import { signingKey, type SigningKey } from '../../core/crypto/keys.ts';
import type { Refusal } from '../../core/refusal.ts';
import { units } from '../../core/wire/field.ts';
import { bill as billShape } from '../../core/wire/guard.ts';
import { encode } from '../../core/wire/codec.ts';
import { defaultParameters } from '../../core/wire/parameters.ts';
import { systemClock } from '../../host/clock.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { sealingKeyOf } from '../../host/network/sealing.ts';
import type { TorNetwork, TorNode } from '../../lab/testbed/tor/network.ts';
import { until } from '../../lab/testbed/tor/process.ts';
import { keysIn } from '../../node/keys.ts';
import { nodeSpec } from '../../node/spec.ts';
import type { CircuitReading } from '../../tor/meter.ts';
import { askHandshake } from '../../tor/transport/handshake.ts';
import { iousShape, linksShape } from '../../cli/relay-text.ts';
import { ptgJson } from '../cli/ptg.ts';
import { later } from '../harness/later.ts';
import { dialPlain, read as readBytes, socksDial } from '../tor/transport-net.ts';
import { circuitClue, keyClue, namedIn, pairsIn, writeRow, type Clue } from './clues.ts';
import { askTor, meet } from './control.ts';
import { metered, secretsOf } from './metered.ts';
import { onionService } from './onion.ts';
import { cost, MIB, openPaidNetwork, PORTION, UNSIGNED_MAX, type PaidNetwork } from './paid-network.ts';

/** The client asks for a tally each four MiB. */
const STEP = cost(4 * MIB);

const bills = z.object({ bills: z.array(z.object({ bill: z.object({ body: billShape }).loose(), signed: units })) });

export function paidGuard(running: () => TorNetwork): void {
  describe('a paid guard', () => {
    let paid: PaidNetwork;
    before(async () => {
      paid = await openPaidNetwork(running);
    });
    after(() => paid?.close());

    const keyOf = async (name: string): Promise<SigningKey> =>
      signingKey(await keysIn(join(paid.homeOf(name), 'keys'), systemEntropy())('account'));
    const guardKey = (): Uint8Array => {
      const known = paid.world.authority.view.descriptor(paid.world.relayId('guard'));
      const key = known === null ? null : sealingKeyOf(known.body, 'guard', 0);
      if (key === null) throw new Error('the guard has a key');
      return key.publicKey;
    };

    // First: nobody has paid anything yet.
    it('two conflux legs of a free user are two circuits to the relays, and billed to nobody', async () => {
      const network = running();
      const exit = metered(network, 'exit');
      await until(() => exit.looks() > 0, 'the meter to read');
      const known = exit.readings().length;
      const links = [
        ['guard', 'middle'],
        ['middle', 'exit'],
        ['guard', 'exit'],
      ] as const;
      const held = () => Promise.all(links.map(([issuer, holder]) => paid.held(issuer, holder)));
      const client = await network.addClient('legs');
      later(() => client.stop());
      const named = (...names: string[]): string => names.map((name) => `$${network.node(name).fingerprint}`).join(',');
      await client.begin(['ConfluxEnabled 1', `EntryNodes ${named('guard', 'middle')}`, `ExitNodes ${named('exit')}`]);
      const linked = async (): Promise<number> =>
        (await askTor(client, 'GETINFO circuit-status')).filter((line) => line.includes('PURPOSE=CONFLUX_LINKED')).length;
      await until(async () => (await linked()) >= 2, 'a set of two legs');
      await paid.fetchFile(client.socksPort, 'legs', 8 * MIB);
      const sum = (): bigint =>
        exit
          .readings()
          .slice(known)
          .reduce((all, { bytes }) => all + bytes, 0n);
      await until(() => sum() >= 8n * BigInt(MIB), 'the exit to read them');
      expect(exit.readings().slice(known).length).least(2);
      // What the relays read is told to each other at the next tick, two seconds off.
      const looks = exit.looks();
      await until(() => exit.looks() > looks + 1, 'two more looks');
      expect(await held()).deep.equal(links.map(() => ({ relayBytes: 0n, exitBytes: 0n })));
    });

    it('carries a download, and both ends hold the same last tally', async () => {
      const { run, socksPort, events } = await paid.connect('ann');
      expect(events('connected')[0]).deep.include({ nickname: 'guard', instead: null, bills: true });
      expect(events('connected')[0]?.['members']).deep.equal({ middles: 3, exits: 1 });
      await paid.fetchFile(socksPort, 'ann', 12 * MIB);
      // The client asks for a tally each four MiB.
      await until(() => events('balance').some(({ signed }) => BigInt(String(signed)) > 0n), 'a tally while it runs');
      await paid.end(run, 'SIGTERM');
      expect((await run.ended).code).equal(0);
      // It has waited for the guard's last word, and signed it.
      expect([events('signing').length, events('unsigned')]).deep.equal([1, []]);
      const [bill] = events('bill').slice(-1);
      expect(BigInt(String(bill?.['circuitBytes'])) > BigInt(12 * MIB), JSON.stringify(bill)).equal(true);
      expect(bill?.['signed'], JSON.stringify(bill)).equal(bill?.['charge']);
      const signed = await paid.agreed('ann', cost(12 * MIB));
      expect(Number(signed)).below(Number(cost(14 * MIB)));
      const [own] = bills.parse(await ptgJson(['bills', '--home', paid.homeOf('ann')])).bills.slice(-1);
      // What came after the last tally is less than a step, and what the guard holds as signed is what the client has signed.
      const [of, charge] = [own?.signed ?? 0n, own?.bill.body.charge ?? 0n];
      expect([of >= signed, charge - of < STEP]).deep.equal([true, true]);
      await until(async () => (await paid.guardStatus()).sessions === 0, 'its session to be over');
    });

    it('circuits that do not leave Tor cost a starting amount each when the exit closes them as they open', async () => {
      // More than one delivery takes.
      const count = 500;
      const network = running();
      const exit = metered(network, 'exit');
      await until(() => exit.looks() > 0, 'the meter to read');
      const [known, before] = [exit.readings().length, await paid.held('middle', 'exit')];
      const { run, controlPort, events } = await paid.connect('ann', true, { leavesTor: false });
      const { session } = await meet({ host: '127.0.0.1', port: controlPort }, secretsOf());
      const path = ['guard', 'middle', 'exit'].map((name) => `$${network.node(name).fingerprint}`).join(',');
      const circuits = async (): Promise<string[]> => {
        const answer = await session?.ask('GETINFO circuit-status');
        return answer?.ok === true ? answer.value.lines.flatMap(({ data }) => data ?? []) : [];
      };
      const isBuilt = (line: string): boolean => / BUILT /.test(line) && (line.match(/\$[0-9A-F]{40}/g) ?? []).join(',') === path;
      const built = async (): Promise<number> => (await circuits()).filter(isBuilt).length;
      // Few at once: a relay that is asked for too many lets some fall.
      for (let asked = 0; (await built()) < count && asked < 4 * count; asked += 25) {
        for (let one = 0; one < 25; one += 1) expect(await session?.ask(`EXTENDCIRCUIT 0 ${path}`)).deep.include({ ok: true });
        const isQuiet = async () => !(await circuits()).some((line) => / (LAUNCHED|EXTENDED) /.test(line));
        await until(isQuiet, 'circuits to be built');
      }
      const opened = await built();
      expect(opened).least(count);
      // Tor tells of cells each second, and nothing of those of a circuit that has ended before.
      const looks = exit.looks();
      await until(() => exit.looks() > looks + 1, 'two more looks');
      const fresh = (): CircuitReading[] => exit.readings().slice(known);
      // All at once.
      await closeAll(network.node('exit'));
      const starting = defaultParameters.startingBytes;
      const grown = async (): Promise<{ relayBytes: bigint; exitBytes: bigint }> => {
        const now = await paid.held('middle', 'exit');
        return { relayBytes: now.relayBytes - before.relayBytes, exitBytes: now.exitBytes - before.exitBytes };
      };
      const sumOf = (one: { relayBytes: bigint; exitBytes: bigint }): bigint => one.relayBytes + one.exitBytes;
      await until(async () => sumOf(await grown()) >= BigInt(opened) * starting, 'all to be certified').catch(
        async (thrown: Error) => {
          throw new Error(`${thrown.message}: ${sumOf(await grown()) / starting} of ${opened}`);
        },
      );
      // Its client builds others meanwhile.
      await until(() => fresh().filter((one) => one.closed).length >= opened, 'as many to be over');
      // Told twice it does not wait for the guard, and the next run of its client signs.
      run.child.kill('SIGTERM');
      await until(() => events('signing').length > 0, 'the sessions to be over');
      run.child.kill('SIGTERM');
      expect((await run.ended).code).equal(0);
      expect([events('unsigned').length, events('bill')]).deep.equal([1, []]);
      await paid.agreed('ann', 0n);
      const { relayBytes, exitBytes } = await grown();
      expect(exitBytes).equal(0n);
      const most = BigInt(fresh().length) * starting;
      expect(relayBytes + exitBytes <= most, `${relayBytes + exitBytes} of ${most}`).equal(true);
    });

    it('ends a session at zero with its reason, after a warning; what was carried is paid', async () => {
      const { run, socksPort, events } = await paid.connect('bob');
      const failed = await paid.fetchFile(socksPort, 'bob', 128 * MIB).then(
        () => 'it came whole',
        (thrown: Error) => thrown.message,
      );
      expect(failed).match(/ended early|ECONNRESET|SOCKS says/);
      const { code, stdout, stderr } = await run.ended;
      expect([code, stderr.includes('[connect-cut-off]')], `${stdout}${stderr}`).deep.equal([1, true]);
      expect(events('session-ended')[0]?.['reason']).match(/balance is used up/);
      expect(events('warning').map((one) => one['code'])).include('low-balance');
      // What passed in its last second no tor has told of: it costs what the rest costs.
      const isTold = async (): Promise<boolean> => (await paid.accountOf('bob')).account.spent >= 120_000_000n;
      await until(isTold, 'the guard to tell of what was carried');
      await paid.sameTally('bob', 0n);
      const { account, signed } = await paid.accountOf('bob');
      expect(account.spent - signed < cost(UNSIGNED_MAX), `${account.spent}, of it signed ${signed}`).equal(true);
      expect(account.balance >= 0n && account.balance <= 120_000_000n).equal(true);
    });

    it('takes nobody without an account: told why, and nothing is kept', async () => {
      const { run } = await paid.connect('eve', false);
      const { code, stderr } = await run.ended;
      expect([code, stderr.includes('[client-no-account]')]).deep.equal([1, true]);
      // Nor with an empty one.
      await ptgJson(['subscribe', 'guard', '--home', paid.homeOf('eve')]);
      const empty = await paid.connect('eve', false);
      await until(() => empty.events('session-ended').length > 0, 'the reason');
      expect(empty.events('session-ended')[0]?.['reason']).include('[transport-subscription]');
      await paid.end(empty.run, 'SIGTERM');
      expect((await paid.guardStatus()).sessions).equal(0);
    });

    it('takes no other key, and no recorded handshake: told why where a key was shown, and nothing is kept', async () => {
      const asked = async (subscriber: SigningKey): Promise<{ sent: Buffer; refused: Refusal | null }> => {
        const socket = await dialPlain(paid.port);
        const sent: Buffer[] = [];
        const write = socket.write.bind(socket);
        socket.write = ((bytes: Buffer, ...rest: []) => (
          sent.push(Buffer.from(bytes)),
          write(bytes, ...rest)
        )) as typeof socket.write;
        const entropy = systemEntropy();
        const made = await askHandshake(socket, {
          networkId: 'paid',
          subscriber,
          guardKey: guardKey(),
          hops: 3,
          leavesTor: true,
          entropy,
        });
        socket.destroy();
        return { sent: Buffer.concat(sent), refused: made.ok ? null : made.refusal };
      };
      const before = paid.logOf('guard').split('transport-refused').length;
      const stranger = await asked(signingKey(systemEntropy().bytes(32)));
      expect(stranger.refused?.about).include('[transport-subscription]');
      const { sent, refused } = await asked(await keyOf('ann'));
      expect(refused).equal(null);
      await until(async () => (await paid.guardStatus()).sessions === 0, 'its session to be over');
      const replay = await dialPlain(paid.port);
      replay.write(sent);
      // The second message, of another ephemeral key; then the connection is closed.
      expect(await readBytes(replay, 48)).lengthOf(48);
      expect(await readBytes(replay, 1)).equal(null);
      const refusals = (): number => paid.logOf('guard').split('transport-refused').length - before;
      await until(() => refusals() === 2, 'the guard to say that it refused two');
      expect((await paid.guardStatus()).sessions).equal(0);
    });

    it('two sessions of one subscriber at once are one bill', async () => {
      const before = (await paid.accountOf('ann')).account.spent;
      const { run, socksPort, transportPort, events } = await paid.connect('ann');
      const other = await socksDial(transportPort, paid.port, `guard=${paid.world.relayId('guard')}`);
      if (typeof other === 'number') throw new Error(`the second session is refused: ${other}`);
      // It speaks to the guard's tor, too: what it carries is the rest of that connection.
      const secured = tlsOver({ socket: other, rejectUnauthorized: false });
      later(async () => void secured.destroy());
      await new Promise((resolve, reject) => secured.once('secureConnect', resolve).once('error', reject));
      await paid.fetchFile(socksPort, 'two', 6 * MIB);
      expect((await paid.guardStatus()).sessions).equal(2);
      const isSigned = () =>
        events('balance').some(({ spent, signed }) => {
          const used = BigInt(String(spent));
          return used >= before + cost(6 * MIB) && used - BigInt(String(signed)) < STEP;
        });
      await until(isSigned, 'both sessions to be signed');
      await paid.end(run, 'SIGTERM');
      await paid.sameTally('ann', 0n);
      const { account, signed } = await paid.accountOf('ann');
      const spent = account.spent - before;
      expect(spent >= cost(6 * MIB) && spent < cost(9 * MIB), `spent ${spent}`).equal(true);
      expect(account.spent - signed < cost(UNSIGNED_MAX)).equal(true);
      await until(async () => (await paid.guardStatus()).sessions === 0, 'both sessions to be over');
    });

    for (const [victim, name] of [
      ['client', 'the subscriber’s'],
      ['guard', 'the guard’s'],
    ] as const) {
      it(`${name} process killed in mid-download: both hold the same last tally, and little is unsigned`, async () => {
        const before = await paid.accountOf('ann');
        const { run, socksPort, events } = await paid.connect('ann');
        const pace: { at: number; got: number }[] = [];
        // A fast machine has loaded much before the guard's meter tells of any.
        const isSigned = () => events('balance').some(({ signed: now }) => BigInt(String(now)) > before.signed);
        let isKilled = false;
        const failed = await paid
          .fetchFile(socksPort, victim, 512 * MIB, (got) => {
            pace.push({ at: systemClock().now(), got });
            if (isKilled || got < 24 * MIB || !isSigned()) return;
            isKilled = true;
            (victim === 'client' ? run : paid.guard.run).child.kill('SIGKILL');
          })
          .then(
            () => 'it came whole',
            (thrown: Error) => thrown.message,
          );
        expect([isKilled, failed === 'it came whole']).deep.equal([true, false]);
        if (victim === 'client') await run.ended;
        else {
          await paid.end(run, 'SIGTERM');
          await paid.guard.run.ended;
          await paid.guard.start();
        }
        const got = pace.at(-1)?.got ?? 0;
        // The meter tells after five seconds, and looks once a second.
        const told = pace.findLast(({ at }) => at < (pace.at(-1)?.at ?? 0) - 7)?.got ?? 0;
        const untold = got - told + 2 * PORTION;
        const known = await paid.accountOf('ann');
        const signed = known.signed - before.signed;
        expect(signed > 0n, 'tallies were signed before').equal(true);
        expect(cost(got) - signed < cost(UNSIGNED_MAX + untold)).equal(true);
        await paid.sameTally('ann', 0n);
      });
    }

    it('what lies in the folders of guard, middle and exit joins nobody', async () => {
      const network = running();
      const hops = { guard: metered(network, 'guard'), middle: metered(network, 'middle') };
      await until(() => Object.values(hops).every((one) => one.looks() > 0), 'the meters to read');
      const { run, socksPort } = await paid.connect('ann');
      await paid.fetchFile(socksPort, 'grep', 5 * MIB);
      const large = (one: CircuitReading): boolean => one.bytes > 5n * BigInt(MIB);
      const through = (): CircuitReading | undefined => hops.middle.readings().find(large);
      await until(() => through() !== undefined, 'the circuit to be read');
      await paid.end(run, 'SIGTERM');
      await paid.sameTally('ann', 0n);
      for (const name of ['guard', 'middle', 'exit']) {
        // A line for each, as they are rows: a middle has IOUs of either side.
        const { ious } = iousShape.parse(await ptgJson(['ious', '--home', paid.homeOf(name)]));
        const said = ious.map((one) => encode(one)).join('\n');
        writeFileSync(join(paid.homeOf(name), 'said.txt'), `${paid.logOf(name)}${said}`);
      }
      // Tors have channels with many others for circuits of their own: `ptg links` shows such a neighbour, and that nothing is owed.
      for (const [name, other] of [
        ['guard', 'exit'],
        ['exit', 'guard'],
      ] as const) {
        const { links } = linksShape.parse(await ptgJson(['links', '--home', paid.homeOf(name)]));
        const of = links.filter(({ peer }) => peer === paid.world.relayId(other));
        expect(of.every(({ held, issued }) => held === null && issued === null)).equal(true);
      }
      const relay = (name: string): Clue[] => [
        keyClue(`the ${name}’s id`, paid.world.relayId(name)),
        keyClue(`the ${name}’s fingerprint`, network.node(name).fingerprint),
      ];
      const subscriber = keyClue('the subscriber’s key', (await keyOf('ann')).publicKey);
      const { previous, next } = through() as CircuitReading;
      const into = circuitClue('the circuit into the middle', previous.circuit);
      const onto = circuitClue('the circuit out of the middle', next?.circuit ?? 0);
      const found = {
        guard: (folder: string) => namedIn(folder, [...relay('exit'), onto, into]),
        exit: (folder: string) => namedIn(folder, [...relay('guard'), subscriber, onto, into]),
        middle: (folder: string) => namedIn(folder, [subscriber, onto, into]),
      };
      const pairs = (folder: string) => pairsIn(folder, [...relay('guard'), into], [...relay('exit'), onto]);
      // They are there to be found: whom each pays and is paid by it has to know.
      expect(namedIn(paid.homeOf('guard'), [...relay('middle'), subscriber])).not.deep.equal([]);
      expect(namedIn(paid.homeOf('middle'), [...relay('guard'), ...relay('exit')])).not.deep.equal([]);
      for (const [name, of] of Object.entries(found)) expect(of(paid.homeOf(name)), name).deep.equal([]);
      expect(await pairs(paid.homeOf('middle'))).deep.equal([]);

      // One row of that kind is found.
      const rows = {
        guard: [Buffer.from(network.node('exit').fingerprint, 'hex'), next?.circuit ?? 0],
        exit: [(await keyOf('ann')).publicKey, Buffer.from(paid.world.relayId('guard'), 'hex')],
        middle: [paid.world.relayId('guard'), network.node('exit').fingerprint.toLowerCase()],
      };
      for (const [name, row] of Object.entries(rows)) {
        const copy = join(paid.homeOf(name), '..', `${name}-copy`);
        cpSync(paid.homeOf(name), copy, { recursive: true, filter: (one) => !statSync(one).isSocket() });
        await writeRow(join(copy, 'relay.sqlite'), row);
        if (name === 'middle') expect(await pairs(copy)).deep.equal(['relay.sqlite note']);
        else expect(new Set(found[name as 'guard' | 'exit'](copy).map((one) => one.split(': ')[1])).size).equal(2);
      }
    });

    // Afterwards guard and exit are neighbours that owe.
    onionService(running, () => paid);

    it('a guard that has lost its flag is left for one of its family', async () => {
      const { run, events, log } = await paid.connect('ann');
      await paid.end(paid.guard.run, 'SIGTERM');
      // The same keys and book, and it wants the flag no more.
      await paid.specOf('guard', (spec) => nodeSpec.parse({ ...spec, relay: { ...spec.relay, guard: false } }));
      await paid.guard.start();
      await until(() => events('connected').length > 1 || run.child.exitCode !== null, 'another guard');
      const [, second] = events('connected');
      expect([second?.['nickname'], second?.['instead']]).satisfy(
        ([nickname, why]: [string, string]) => nickname === 'middle' && ['flag-lost', 'not-running'].includes(why),
      );
      const torrc = await readFile(String(second?.['torrc']), 'utf8');
      expect(torrc)
        .include(`guard=${paid.world.relayId('middle')}`)
        .not.include(`guard=${paid.world.relayId('guard')}`);
      // The user's tor has read it again, and asks there; these two share no database, so that nothing is on the account.
      await until(
        () => events('session-ended').some(({ reason }) => String(reason).includes('[transport-subscription]')),
        'tor to come',
      );
      expect(await log()).include('Received reload signal');
      await paid.end(run, 'SIGTERM');
    });
  });
}

/** Every connection of this tor but those to its control port, and with them all circuits through it. */
async function closeAll(node: TorNode): Promise<void> {
  later(async () => void (await askTor(node, 'SETCONF DisableNetwork=0')));
  for (const way of [1, 0]) expect(await askTor(node, `SETCONF DisableNetwork=${way}`)).deep.equal(['OK']);
}
