/*
 * What doctor says of the tor beside a node, on a control port that answers as tor 0.4.9 did, and of the doors for subscribers: each
 * thing that is wrong is named alone, with its remedy.
 */
import { expect } from 'chai';
import { createServer } from 'node:net';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signingKey } from '../../core/crypto/keys.ts';
import { systemTcp, type TcpServer } from '../../host/tcp.ts';
import { examineTor } from '../../node/care/doctor-tor.ts';
import { keysFrom } from '../../node/keys.ts';
import { nodeSpec } from '../../node/spec.ts';
import { later, undoAll } from '../harness/later.ts';
import { testParameters, testSeed, testView } from '../harness/view.ts';
import { scripted, settled, type Scripted } from '../tor/control-port.ts';

afterEach(undoAll);

const FINGERPRINT = '05AF568538A3DAC7013AB255E901D4B6F6A4B940';
const keys = keysFrom(testSeed('R1'));
/** As captured from tor 0.4.9.11; what is not set stands without a value. */
const said: Readonly<Record<string, string>> = {
  ORPort: '=127.0.0.1:19974',
  ClientOnly: '=0',
  BridgeRelay: '=0',
  PublishServerDescriptor: '=1',
  ContactInfo: '',
  TestingEnableCellStatsEvent: '=0',
  AuthoritativeDirectory: '=1',
  AuthDirListMiddleOnly: '=1',
};

describe('doctor beside a tor', () => {
  let home = '';
  let id = '';
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'ptg-doctor-tor-'));
    later(() => rm(home, { recursive: true }));
    id = signingKey(await keys('identity')).publicKey;
  });

  interface Given {
    readonly roles?: readonly string[];
    readonly tor?: object | null;
    readonly transport?: object;
    readonly fingerprint?: string | null;
    /** Of tor: what it answers otherwise. */
    readonly set?: Readonly<Record<string, string>>;
    readonly info?: string;
    readonly login?: string;
    readonly methods?: string;
    readonly isAway?: boolean;
    /** Of further authorities, in their order: each a control port of its own. */
    readonly others?: readonly Pick<Given, 'set' | 'isAway'>[];
  }
  async function look(given: Given) {
    const { fingerprint = FINGERPRINT.toLowerCase(), set = {}, methods = 'NULL' } = given;
    // The tor beside is dialled first, then the further ones.
    const dialledAs = (dialled: number): Pick<Given, 'set' | 'isAway'> => given.others?.[dialled - 2] ?? { set, ...given };
    const control: Scripted = scripted(
      (command, dialled) => {
        const settings: Readonly<Record<string, string>> = {
          ...said,
          ContactInfo: `=me ptg:${id}`,
          DataDirectory: `=${home}`,
          ...dialledAs(dialled).set,
        };
        if (command === 'PROTOCOLINFO 1') return `250-PROTOCOLINFO 1\r\n250-AUTH METHODS=${methods}\r\n250 OK\r\n`;
        if (command.startsWith('AUTHENTICATE')) return given.login ?? '250 OK\r\n';
        if (command === 'GETINFO version') return '250-version=0.4.9.11\r\n250 OK\r\n';
        if (command === 'GETINFO fingerprint') return given.info ?? `250-fingerprint=${FINGERPRINT}\r\n250 OK\r\n`;
        const options = command.replace('GETCONF ', '').split(' ');
        const lines = options.map((option) => `${option}${settings[option] ?? ' is unknown'}`);
        return lines.map((line, at) => `250${at === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('');
      },
      () => dialledAs(control.dialled()).isAway !== true,
    );
    const spec = nodeSpec.parse({
      roles: given.roles ?? ['relay'],
      relay: { nickname: 'R1', exit: false, guard: true, bandwidth: 1, ...(fingerprint === null ? {} : { fingerprint }) },
      ...(given.transport === undefined ? {} : { transport: given.transport }),
      ...(given.tor === null ? {} : { tor: { control: '127.0.0.1:9051', ...given.tor } }),
    });
    const { network } = testView([], testParameters());
    const findings = await examineTor({ spec, home, network, keys }, { ...control.ports, tcp: systemTcp() });
    await settled();
    for (const one of findings) expect(one.remedy === null, one.what).equal(one.state === 'ok');
    return findings;
  }
  async function ailing(given: Given): Promise<string[]> {
    return (await look(given)).filter(({ state }) => state !== 'ok').map(({ what, state, seen }) => `${what} ${state}: ${seen}`);
  }

  it('finds a relay’s tor healthy; and says nothing of a node without one', async () => {
    expect(await ailing({})).deep.equal([]);
    expect((await look({})).map(({ what }) => what)).deep.equal(['tor', 'tor torrc', 'tor fingerprint', 'tor meter']);
    const plain = nodeSpec.parse({ roles: ['relay'] });
    const { network } = testView([], testParameters());
    const { ports } = scripted(() => null);
    expect(await examineTor({ spec: plain, home, network, keys }, { ...ports, tcp: systemTcp() })).deep.equal([]);
  });

  it('a control port that is away, takes no secret of ours, or is none; nothing else is said then', async () => {
    expect(await ailing({ isAway: true })).deep.equal(['tor fail: the connection to the control port was closed: ECONNREFUSED']);
    const refusing = await ailing({ login: '515 Authentication failed: Wrong length on authentication cookie.\r\n' });
    expect(refusing).deep.equal([
      'tor fail: Tor refused a command of its control port: 515 Authentication failed: Wrong length on authentication cookie.',
    ]);
    const unread = await look({ methods: 'COOKIE,SAFECOOKIE COOKIEFILE="/nowhere/control_auth_cookie"' });
    expect(unread.map(({ seen }) => seen)[0]).match(/cannot be read.*: \/nowhere\/control_auth_cookie$/);
    expect(unread[0]?.remedy).include('debian-tor');
    expect((await ailing({ methods: 'HASHEDPASSWORD' }))[0]).include('no method of authentication');
  });

  it('ContactInfo without the key, or with another’s; a bridge; a tor that is no relay', async () => {
    const torrc = async (set: Given['set'], more: object = {}) =>
      (await look({ ...more, ...(set === undefined ? {} : { set }) })).filter(({ state }) => state !== 'ok');
    const [missing, ...others] = await torrc({ ContactInfo: '' });
    expect(others).deep.equal([]);
    expect(missing?.remedy).equal(`add the line: ContactInfo ptg:${id} ciissversion:2; then reload tor`);
    expect((await torrc({ ContactInfo: '=nobody@example.org' }))[0]?.seen).equal(
      'ContactInfo does not name the payment key: nobody@example.org',
    );
    expect((await torrc({ ContactInfo: `=ptg:${'cd'.repeat(32)}` }))[0]?.seen).include('another payment key');
    expect((await torrc({ BridgeRelay: '=1' })).map(({ what }) => what)).deep.equal(['tor torrc']);
    const none = await torrc({ ORPort: '' }, { info: '551 Not running in server mode\r\n' });
    expect(none.map(({ what, state }) => `${what} ${state}`)).deep.equal(['tor torrc fail', 'tor fingerprint fail']);
  });

  it('another tor than [relay] names, and none named: the line to write stands there', async () => {
    const line = `set fingerprint = "${FINGERPRINT.toLowerCase()}" under [relay] in ptg.toml`;
    const [other] = (await look({ fingerprint: '0'.repeat(40) })).filter(({ state }) => state === 'fail');
    expect([other?.what, other?.remedy?.startsWith(line)]).deep.equal(['tor fingerprint', true]);
    const [unnamed] = (await look({ fingerprint: null })).filter(({ state }) => state === 'warn');
    expect([unnamed?.what, unnamed?.remedy]).deep.equal(['tor fingerprint', line]);
  });

  it('circuits asked for, and CELL_STATS not granted', async () => {
    const meter = { meter: 'circuits' };
    expect(await ailing({ tor: meter })).deep.equal([
      'tor meter fail: circuits is wanted, and this tor does not grant CELL_STATS',
    ]);
    expect(await ailing({ tor: meter, set: { TestingEnableCellStatsEvent: '=1' } })).deep.equal([]);
  });

  it('of a directory: a tor that is no authority, does not vote MiddleOnly, reads another file, or one that cannot be written', async () => {
    const file = join(home, 'approved-routers');
    const authority = (set: Given['set'] = {}, approvedRouters = file) =>
      ailing({ roles: ['directory'], tor: { approvedRouters }, set });
    expect(await authority()).deep.equal([]);
    await writeFile(file, '');
    expect(await authority()).deep.equal([]);
    expect(await authority({ AuthoritativeDirectory: '=0' })).deep.equal([
      'tor authority fail: this tor is no authority of Tor: its marks take no flag',
    ]);
    expect(await authority({ AuthDirListMiddleOnly: '=0' })).deep.equal(['tor authority fail: it does not vote MiddleOnly']);
    expect(await authority({}, join(home, 'other'))).deep.equal([`tor authority fail: it does not read ${join(home, 'other')}`]);
    const gone = join(home, 'gone');
    expect(await authority({ DataDirectory: `=${gone}` }, join(gone, 'approved-routers'))).deep.equal([
      `tor authority fail: ${join(gone, 'approved-routers')} cannot be written`,
    ]);
  });

  it('of a directory that marks in several authorities: each is looked at, and named by its control port', async () => {
    const other = join(home, 'other');
    const places = ['127.0.0.1:9052', '127.0.0.1:9053', '127.0.0.1:9054'];
    const authorities = places.map((control) => ({ control, approvedRouters: join(other, 'approved-routers') }));
    const tor = { approvedRouters: join(home, 'approved-routers'), authorities };
    const healthy = { set: { DataDirectory: `=${other}` } };
    await mkdir(other);
    const given = { roles: ['directory'], tor, others: [healthy, healthy, healthy] };
    expect(await ailing(given)).deep.equal([]);
    expect((await look(given)).filter(({ what }) => what === 'tor authority')).length(4);
    const silent = { ...healthy, set: { ...healthy.set, AuthDirListMiddleOnly: '=0' } };
    expect(await ailing({ ...given, others: [{ isAway: true }, { set: {} }, silent] })).deep.equal([
      'tor authority fail: at 127.0.0.1:9052: the connection to the control port was closed: ECONNREFUSED',
      `tor authority fail: at 127.0.0.1:9053: it does not read ${join(other, 'approved-routers')}`,
      'tor authority fail: at 127.0.0.1:9054: it does not vote MiddleOnly',
    ]);
    await rm(other, { recursive: true });
    expect(await ailing({ ...given, others: [healthy] })).deep.include(
      `tor authority fail: at 127.0.0.1:9052: ${join(other, 'approved-routers')} cannot be written`,
    );
    // The own tor away: the others are looked at all the same. A relay's node marks nowhere.
    expect(await ailing({ ...given, isAway: true, others: [silent, healthy, healthy] })).length(5);
    expect((await look({ ...given, roles: ['relay'] })).filter(({ what }) => what === 'tor authority')).deep.equal([]);
  });

  describe('the door for subscribers', () => {
    async function port(take: (bytes: Buffer) => Buffer): Promise<string> {
      const server: TcpServer = await systemTcp().listen({ host: '127.0.0.1', port: 0 }, ({ stream }) => {
        stream.on('data', (bytes: Buffer) => void stream.write(take(bytes)));
        stream.resume();
        // Types: SAFE_COOKIE, and the end.
        stream.write(Buffer.from([1, 0]));
      });
      later(() => server.close());
      return `127.0.0.1:${server.address.port}`;
    }
    async function closedPort(): Promise<string> {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    }
    const door = async (transport: object) =>
      ailing({ tor: null, roles: ['guard'], transport: { listen: '127.0.0.1:0', ...transport } });

    it('is an ORPort that answers, or nobody', async () => {
      expect(await door({ orPort: await port(() => Buffer.alloc(0)) })).deep.equal([]);
      const closed = await closedPort();
      expect(await door({ orPort: closed })).deep.equal([`tor door fail: nobody answers at ${closed}`]);
    });

    it('is an Extended ORPort that takes the cookie of its file', async () => {
      const [file, extOrCookieFile] = [join(home, 'cookie'), 'cookie'];
      const closed = await closedPort();
      expect(await door({ extOrPort: closed, extOrCookieFile })).deep.equal([`tor door fail: nobody answers at ${closed}`]);
      const extOrPort = await port(() => Buffer.alloc(64));
      expect(await door({ extOrPort, extOrCookieFile })).deep.equal([`tor door fail: its cookie cannot be read: ${file}`]);
      await writeFile(file, Buffer.concat([Buffer.from('! Extended ORPort Auth Cookie !\n'), Buffer.alloc(32, 7)]));
      expect(await door({ extOrPort, extOrCookieFile })).deep.equal([
        `tor door fail: ${extOrPort} does not take the cookie in ${file}`,
      ]);
    });
  });
});
