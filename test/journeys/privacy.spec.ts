/*
 * What lies on the disks and in the logs of a network that carried circuits and settled them: no link circuit id, no connection, no two
 * neighbours of one relay together, and at the guard nothing of where its subscribers' circuits went (rule 14, docs/privacy.md). And
 * what its nodes said to each other: nobody is told of a relay, a subscriber or a circuit beyond its own neighbours.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect } from 'chai';
import sqlite3 from 'sqlite3';
import { createLog } from '../../host/log.ts';
import type { SourceCircuit } from '../../lab/traffic/source.ts';
import { knownOf, leaksIn, startHeard, type Known, type Message } from './messages.ts';
import { openNetwork, type TestNetwork } from './network.ts';

interface Line {
  readonly node: string;
  /** `relay`, `guard`, … or `network`, the node's view of what is public. */
  readonly role: string;
  readonly table: string;
  readonly text: string;
}
interface Dump {
  readonly lines: readonly Line[];
  /** `guard.guard_account.subscriber` */
  readonly columns: ReadonlySet<string>;
}

const relays = ['G', 'H', 'M', 'N', 'X', 'Y'];
/** Link circuit ids begin here. Such numbers do not come up otherwise: they are above every port, and stand apart from hex and base64. */
const FIRST_ID = 70_701;
const linkId = /(?<![\w.+/=-])707[0-9]{2}(?![\w.+/=-])/;
/** The ways of the circuits that run, with who pays for them. */
const circuits = [
  ['U', 'G', 'M', 'X'],
  ['V', 'H', 'N', 'M', 'Y'],
] as const;

describe('journey: privacy', () => {
  let network: TestNetwork;
  const logged: { readonly node: string; readonly text: string }[] = [];
  /** While circuits run, when the books are closed, and when everything is paid. */
  const dumps: Dump[] = [];
  const messages: Message[] = [];
  let known: Known;

  before(async () => {
    network = await openNetwork({
      relays: [
        ...['G', 'H'].map((name) => ({ name, guard: true })),
        ...['M', 'N'].map((name) => ({ name })),
        ...['X', 'Y'].map((name) => ({ name, exit: true })),
      ],
      subscribers: { U: 10_000_000n, V: 10_000_000n },
      onDisk: true,
      log: (node, clock) =>
        createLog({ clock, format: 'json', level: 'debug', write: (text) => void logged.push({ node, text }) }),
      start: startHeard(messages),
    });
    await network.subscribe('U', 'G', 5_000_000n);
    await network.subscribe('V', 'H', 5_000_000n);
    await useUpIds();
    const [one, other] = await Promise.all(circuits.map(([who, ...path]) => network.open(who, path)));
    known = await knownOf(network.world, circuits, new RegExp(linkId, 'g'));
    for (let tick = 0; tick < 4; tick += 1) {
      for (const circuit of [one, other] as SourceCircuit[]) expect(await circuit.carry(1111n)).equal(1111n);
      await network.tick();
    }
    dumps.push(await dump());
    one?.close();
    other?.close();
    await network.advance(network.schedule(0).booksClose);
    dumps.push(await dump());
    await network.call('U', 'client', '/client/withdraw', { amount: 1000n });
    await network.advance(network.schedule(0).paymentEnd);
    dumps.push(await dump());
  });
  after(async () => network.stop());

  /** A circuit that carries nothing is seen by nobody, and takes three ids. */
  async function useUpIds(): Promise<void> {
    for (let taken = 0; taken < FIRST_ID; taken += 3) await network.open('U', ['G', 'M', 'X']);
  }

  async function dump(): Promise<Dump> {
    const [lines, columns] = [[] as Line[], new Set<string>()];
    for (const file of filesUnder(network.home).filter((one) => one.endsWith('.sqlite'))) {
      const [node, role] = [basename(dirname(file)), basename(file, '.sqlite')];
      const database = await opened(file);
      const tables = await rowsOf<{ name: string }>(database, `SELECT name FROM sqlite_master WHERE type = 'table'`);
      for (const { name: table } of tables) {
        for (const row of await rowsOf(database, `SELECT * FROM ${table}`)) lines.push({ node, role, table, text: textOf(row) });
        const named = await rowsOf<{ name: string }>(database, `SELECT name FROM pragma_table_info('${table}')`);
        for (const { name } of named) columns.add(`${role}.${table}.${name}`);
      }
      await new Promise((resolve) => database.close(resolve));
    }
    return { lines, columns };
  }

  const linesOf = (role: string) => dumps.flatMap((one) => one.lines).filter((line) => line.role === role);
  const idsIn = (text: string) => relays.filter((name) => text.includes(network.world.relayId(name)));
  const othersIn = ({ node, text }: Pick<Line, 'node' | 'text'>) => idsIn(text).filter((name) => name !== node);
  const keyOf = (name: string) => network.world.subscribers.get(name)?.key as string;

  it('settled what it carried', async () => {
    // 4 444 bytes each: 2.5 and 1.5; 3.5, 2.5 and 1.5.
    expect(await network.received(0)).deep.equal(['G→M 11110', 'H→N 15554', 'M→X 6666', 'M→Y 6666', 'N→M 11110']);
    // The dumps show what there is.
    expect(new Set(linesOf('relay').flatMap(othersIn))).deep.equal(new Set(relays));
    expect(linesOf('guard').filter(({ text }) => text.includes(keyOf('U'))).length).above(0);
    expect(linesOf('settlement').filter(({ table }) => table === 'pair').length).above(0);
    expect(logged.length).above(0);
  });

  it('no row of a relay or its settlement names two neighbours', () => {
    for (const role of ['relay', 'settlement']) {
      for (const line of linesOf(role)) expect(othersIn(line).length, `${line.node} ${role} ${line.table}`).below(2);
    }
  });

  it('no row anywhere has a link circuit id, a session or a connection', () => {
    for (const { node, role, table, text } of dumps.flatMap((one) => one.lines)) {
      expect(linkId.test(text), `${node} ${role} ${table}: ${text.slice(0, 300)}`).equal(false);
      expect(/connection|"circuits?"|"session"|"hopsLeft"/.test(text), `${node} ${role} ${table}`).equal(false);
    }
    for (const one of dumps) {
      // A Bitcoin address is a destination of money, and no machine's.
      const columns = [...one.columns].filter((name) => !name.includes('.bitcoin_address.'));
      const told = columns.filter((name) => /circuit|connection|session|next|previous|path|address/.test(name));
      // Totals alone.
      expect(told.filter((name) => !/_bytes$/.test(name))).deep.equal([]);
    }
  });

  it('not even in what was overwritten: no file names a connection or certifies a circuit', () => {
    for (const file of filesUnder(network.home)) {
      const bytes = readFileSync(file).toString('latin1');
      expect(bytes.includes('connection-'), file).equal(false);
      expect(bytes.includes('"hopsLeft"'), file).equal(false);
    }
  });

  it('a guard keeps nothing of where circuits went', () => {
    for (const line of linesOf('guard')) expect(othersIn(line), `${line.node} ${line.table}`).deep.equal([]);
    const usage = [...(dumps[0] as Dump).columns].filter((name) => name.startsWith('guard.guard_'));
    expect(usage.filter((name) => /exit|hop|middle|relay/.test(name)).sort()).deep.equal([
      'guard.guard_usage.exit_bytes',
      'guard.guard_usage.relay_bytes',
    ]);
    // One running total a subscriber and interval, without times.
    expect(usage.filter((name) => name.startsWith('guard.guard_usage.') && /_at$|time|since|second/.test(name))).deep.equal([]);
    expect(
      new Set(
        linesOf('guard')
          .filter(({ table }) => table === 'guard_usage')
          .map(({ node }) => node),
      ).size,
    ).equal(2);
  });

  it('a subscriber is known to its guard and itself alone', () => {
    for (const [name, guard] of [
      ['U', 'G'],
      ['V', 'H'],
    ] as const) {
      const holders = dumps.flatMap((one) => one.lines).filter(({ text }) => text.includes(keyOf(name)));
      const places = new Set(holders.map(({ node, role }) => `${node} ${role}`));
      expect([...places].filter((place) => place !== `${name} client`)).deep.equal([`${guard} guard`]);
      expect(
        new Set(
          linesOf('client')
            .filter(({ node }) => node === name)
            .flatMap(({ text }) => idsIn(text)),
        ),
      ).deep.equal(new Set([guard]));
    }
  });

  it('no message names a relay beyond the next, a subscriber to others than its guard, or a circuit beyond its link', () => {
    const heard = (of: string) => messages.filter(({ path }) => path === of).map(({ from, to }) => `${from}→${to}`);
    // All of it was heard: along the circuits, between guards and subscribers, and between a guard's roles.
    expect(new Set(heard('/relay/ious'))).deep.equal(new Set(['G→M', 'M→X', 'H→N', 'N→M', 'M→Y']));
    expect(new Set(heard('/guard/request'))).deep.equal(new Set(['U→G', 'V→H']));
    expect(new Set(heard('/relay/session-open'))).deep.equal(new Set(['G→G', 'H→H']));
    expect(messages.some(({ path, text }) => path === '/relay/ious' && linkId.test(text))).equal(true);
    expect(leaksIn(messages, known)).deep.equal([]);
  });

  it('and whatever a message would tell too much is found', () => {
    const [id, key] = [network.world.relayId, keyOf('U')];
    const idsOf = (from: string, to: string) => {
      const texts = messages.filter((one) => one.path === '/relay/ious' && one.from === from && one.to === to);
      return texts.flatMap(({ text }) => text.match(linkId) ?? [])[0] as string;
    };
    const plants: [string, string, string, string, string][] = [
      ['G', 'M', '/relay/ious', id('X'), 'names X'],
      ['M', 'X', '/relay/ious', id('G'), 'names G'],
      ['M', 'X', '/relay/ious', known.relays.get('G')!.at(-1)!, 'names G'],
      ['M', 'X', '/relay/ious', key, 'names a subscriber'],
      ['M', 'X', '/relay/ious', ` ${idsOf('G', 'M')} `, 'names a circuit of another link'],
      ['G', 'M', '/relay/ious', '"session":"00"', 'names a session'],
      ['U', 'G', '/guard/request', id('M'), 'names M'],
      ['U', 'G', '/guard/request', ` ${idsOf('G', 'M')} `, 'names a circuit'],
      ['G', 'G', '/relay/session-open', key, 'names a subscriber'],
      ['G', 'G', '/guard/shortfall', id('M'), 'names M'],
      ['G', 'dir.authority', '/directory/descriptors', id('X'), 'names X'],
    ];
    for (const [from, to, path, leak, what] of plants) {
      const kind = from === to ? 'local' : 'link';
      const planted = { from, to, kind, path, text: `${path}\n{"note":"${leak}"}` } as const;
      expect(leaksIn([...messages, planted], known), what).deep.equal([`${from}→${to} ${path}: ${what}`]);
    }
  });

  it('no line of a log names a subscriber, a circuit or two relays', () => {
    for (const { node, text } of logged) {
      expect(othersIn({ node, text }).length, text).below(2);
      expect(text.includes(keyOf('U')) || text.includes(keyOf('V')), text).equal(false);
      expect(linkId.test(text) || /connection-|hops|session":/.test(text), text).equal(false);
    }
  });
});

function filesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path);
    return found.isDirectory() ? filesUnder(path) : found.isFile() ? [path] : [];
  });
}

/** Bytes as their text: whatever was put into them is looked through too. */
function textOf(row: object): string {
  return Object.values(row)
    .map((value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)))
    .join(' | ');
}

function opened(file: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database: sqlite3.Database = new sqlite3.Database(file, sqlite3.OPEN_READONLY, (error) =>
      error === null ? resolve(database) : reject(error),
    );
  });
}

function rowsOf<T extends object>(database: sqlite3.Database, sql: string): Promise<T[]> {
  return new Promise((resolve, reject) =>
    database.all<T>(sql, (error, rows) => (error === null ? resolve(rows) : reject(error))),
  );
}
