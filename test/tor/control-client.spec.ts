/*
 * Authentication and coming back, where the other side is not a tor that works: an impostor, one that hangs, one that talks nonsense,
 * one that goes and comes. What a real tor answers is in test/tor-network.
 */
import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import type { Secrets } from '../../tor/control/authenticate.ts';
import { openControl } from '../../tor/control/client.ts';
import type { Session } from '../../tor/control/session.ts';
import { scripted, settled, type Scripted } from './control-port.ts';

const cookie = Buffer.alloc(32, 7);
const place = { host: '127.0.0.1', port: 9051 };
const OK = '250 OK\r\n';

function secrets(given: Partial<Secrets> = {}): Secrets {
  return { cookieFile: null, passwordFile: null, read: async (file) => (file === '/cookie' ? cookie : null), ...given };
}

function protocol(methods: string, file = ' COOKIEFILE="/cookie"'): string {
  return `250-PROTOCOLINFO 1\r\n250-AUTH METHODS=${methods}${file}\r\n250-VERSION Tor="0.4.9.11"\r\n${OK}`;
}

/** control-spec: HMAC-SHA256 under a fixed key of cookie, client nonce and server nonce. */
function challenge(command: string, known: Buffer): string {
  const nonce = Buffer.alloc(32, 9);
  const message = Buffer.concat([known, Buffer.from(command.split(' ')[2] ?? '', 'hex'), nonce]);
  const key = 'Tor safe cookie authentication server-to-controller hash';
  const hash = createHmac('sha256', key).update(message).digest('hex').toUpperCase();
  return `250 AUTHCHALLENGE SERVERHASH=${hash} SERVERNONCE=${nonce.toString('hex').toUpperCase()}\r\n`;
}

function answering(info: string, known = cookie) {
  return (command: string): string | null => {
    if (command.startsWith('PROTOCOLINFO')) return info;
    if (command.startsWith('AUTHCHALLENGE')) return challenge(command, known);
    return OK;
  };
}

async function meet(world: Scripted, given: Secrets) {
  const heard: string[] = [];
  const sessions: Session[] = [];
  const client = openControl(world.ports, place, given, {
    up: (session) => {
      sessions.push(session);
      heard.push('up');
    },
    event: (event) => heard.push(event.lines[0]?.text ?? ''),
    away: () => heard.push('away'),
  });
  await settled();
  return { client, heard, sessions };
}

const tick = async (world: Scripted, seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    world.clock.advance(world.clock.now() + 1);
    await settled();
  }
};

describe('tor: authentication at the control port', () => {
  it('proves that it knows the cookie, and shows it to nobody', async () => {
    const world = scripted(answering(protocol('COOKIE,SAFECOOKIE')));
    const { client, heard } = await meet(world, secrets());
    expect(heard).deep.equal(['up']);
    const nonce = Buffer.from(world.asked[1]?.split(' ')[2] ?? '', 'hex');
    const key = 'Tor safe cookie authentication controller-to-server hash';
    const proof = createHmac('sha256', key).update(Buffer.concat([cookie, nonce, Buffer.alloc(32, 9)]));
    expect(world.asked[2]).equal(`AUTHENTICATE ${proof.digest('hex').toUpperCase()}`);
    expect(world.asked.join(' ').toLowerCase()).not.include(cookie.toString('hex'));
    await client.close();
  });

  it('leaves an impostor that does not know the cookie', async () => {
    const world = scripted(answering(protocol('COOKIE,SAFECOOKIE'), Buffer.alloc(32, 8)));
    const { client, heard } = await meet(world, secrets());
    expect([heard, client.state().reason]).deep.equal([[], 'control-impostor']);
    expect(world.asked.map((command) => command.split(' ')[0])).deep.equal(['PROTOCOLINFO', 'AUTHCHALLENGE']);
    await client.close();
  });

  it('uses the plain cookie, a password or nothing where Tor wants that', async () => {
    const cases: [string, Partial<Secrets>, string][] = [
      ['COOKIE', {}, `AUTHENTICATE ${cookie.toString('hex').toUpperCase()}`],
      ['HASHEDPASSWORD,SAFECOOKIE', { passwordFile: '/password' }, 'AUTHENTICATE "a \\"b\\\\"'],
      ['NULL', {}, 'AUTHENTICATE'],
    ];
    for (const [methods, given, expected] of cases) {
      const world = scripted(answering(protocol(methods)));
      const read = async (file: string) => (file === '/password' ? Buffer.from('a "b\\\r\nsecond line') : cookie);
      const { client } = await meet(world, secrets({ ...given, read }));
      expect(world.asked.at(-1)).equal(expected);
      await client.close();
    }
  });

  it('says what is missing', async () => {
    const cases: [string, Partial<Secrets>, string][] = [
      [protocol('SAFECOOKIE', ' COOKIEFILE="/gone"'), {}, 'control-secret: /gone'],
      [protocol('SAFECOOKIE'), { read: async () => Buffer.alloc(31) }, 'control-secret: /cookie'],
      [protocol('HASHEDPASSWORD', ''), {}, 'control-method: HASHEDPASSWORD'],
      [OK, {}, 'control-protocol: OK'],
      ['510 what?\r\n', {}, 'control-refused: 510 what?'],
    ];
    for (const [info, given, reason] of cases) {
      const world = scripted(answering(info));
      const { client, heard } = await meet(world, secrets(given));
      expect([heard, client.state().reason]).deep.equal([[], reason]);
      await tick(world, 5);
      expect(world.logged, 'once').deep.equal([`tor-away ${JSON.stringify({ error: reason })}`]);
      await client.close();
    }
  });
});

describe('tor: a control port that comes and goes', () => {
  it('is dialled again after 1, 2, 4 … 60 seconds, and from 1 once it was there', async () => {
    let isThere = false;
    const world = scripted(answering(protocol('NULL')), () => isThere);
    const { client, heard } = await meet(world, secrets());
    const at: number[] = [];
    for (let second = 0; second < 200; second += 1) {
      const before = world.dialled();
      await tick(world, 1);
      if (world.dialled() > before) at.push(second + 1);
    }
    expect(at).deep.equal([1, 3, 7, 15, 31, 63, 123, 183]);
    expect(world.logged).deep.equal(['tor-away {"error":"ECONNREFUSED"}']);
    isThere = true;
    await tick(world, 60);
    world.hangUp();
    await settled();
    const before = world.dialled();
    await tick(world, 1);
    expect([world.dialled() - before, heard]).deep.equal([1, ['up', 'away', 'up']]);
    await client.close();
  });

  it('is left when it talks nonsense, answers what nobody asked, or owes a reply for too long', async () => {
    const bad: ((world: Scripted) => Promise<void>)[] = [
      async (world) => world.say('nonsense\r\n'),
      async (world) => world.say(OK),
      async (world) => tick(world, 31),
    ];
    for (const [at, spoil] of bad.entries()) {
      const answer = answering(protocol('NULL'));
      const world = scripted((command) => (command === 'GETINFO version' ? null : answer(command)));
      const { client, heard, sessions } = await meet(world, secrets());
      const asked = at === 2 ? sessions[0]?.ask('GETINFO version') : undefined;
      await spoil(world);
      await settled();
      expect(heard.slice(0, 2), String(at)).deep.equal(['up', 'away']);
      if (asked !== undefined) expect(await asked).deep.include({ ok: false });
      await tick(world, 1);
      expect(heard.at(-1)).equal('up');
      await client.close();
    }
  });

  it('hears events between replies, and sends no command of two lines', async () => {
    const world = scripted(answering(protocol('NULL')));
    const { client, heard, sessions } = await meet(world, secrets());
    world.say('650 BW 1 2\r\n');
    expect(heard).deep.equal(['up', 'BW 1 2']);
    expect(await sessions[0]?.ask('GETINFO version\r\nSIGNAL HALT')).deep.include({ ok: false });
    expect(world.asked.join(' ')).not.include('HALT');
    await client.close();
    expect(await sessions[0]?.ask('GETINFO version')).deep.include({ ok: false });
  });
});
