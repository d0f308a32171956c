/*
 * The torrc that `ptg connect` writes, and the guard for which it does: own, of the family, or none with the reason.
 */
import { expect } from 'chai';
import { chooseGuard } from '../../client/guards/choose.ts';
import { connectSpec } from '../../node/spec.ts';
import { membersOf, torrcText } from '../../node/torrc.ts';
import { fingerprintOf, idOf, viewOf, without, type Relay } from './relays.ts';

describe('the choice of a guard', () => {
  const family = ['G', 'H', 'K'].map(idOf);
  const chosen = (relays: Readonly<Record<string, Relay>>, down: string[] = []): unknown => {
    const { guard, instead } = chooseGuard(viewOf(relays), idOf('G'), new Set(down.map(idOf)));
    return [guard?.descriptor.nickname ?? null, instead];
  };

  it('is the subscription’s own while it may be used', () => {
    expect(chosen({ H: { family }, G: { family } })).deep.equal(['G', null]);
  });

  for (const [name, G, instead, down] of [
    ['has lost its flag', { flags: without('Guard') }, 'flag-lost', []],
    ['does not run', { flags: without('Guard', 'Running') }, 'not-running', []],
    ['takes no connections', { paidguard: undefined }, 'no-transport', []],
    ['does not name its tor', { fingerprint: null }, 'no-fingerprint', []],
    ['does not answer', {}, 'unreachable', ['G']],
  ] as const) {
    it(`is the best of its family that may be used, when it ${name}; without one it says why`, () => {
      const own = { ...G, family } as Relay;
      const other = { H: { family, flags: without('Guard') }, K: { family }, X: {} };
      expect(chosen({ G: own, ...other }, [...down])).deep.equal(['K', instead]);
      expect(chosen({ G: own, ...other }, [...down, 'K'])).deep.equal([null, instead]);
      // A family is one where both name each other.
      expect(chosen({ G: own, K: { family: [] }, X: {} }, [...down])).deep.equal([null, instead]);
    });
  }

  it('is none when the consensus does not list it', () => {
    expect(chosen({ X: {} })).deep.equal([null, 'unlisted']);
  });
});

describe('the torrc of a subscriber', () => {
  const guard = { id: idOf('G'), nickname: 'G', address: 'g.example:9262', fingerprint: fingerprintOf('G') };
  const given = {
    spec: connectSpec.parse({}),
    dataDirectory: '/home/ann/tor',
    transport: '127.0.0.1:9260',
    guard,
    secret: Buffer.from('ann'),
    include: null,
  };
  const linesOf = (more: Partial<Parameters<typeof torrcText>[0]>): string[] =>
    torrcText({ ...given, members: null, ...more }).split('\n');

  it('has the guard as its bridge, through the transport, and one guard only', () => {
    const lines = linesOf({});
    expect(lines).include(`Bridge paidguard g.example:9262 ${fingerprintOf('G').toUpperCase()} guard=${idOf('G')}`);
    expect(lines).include.members(['UseBridges 1', 'ConfluxEnabled 0', 'ClientTransportPlugin paidguard socks5 127.0.0.1:9260']);
    expect(lines).include.members(['SocksPort 127.0.0.1:9250', 'ControlPort 127.0.0.1:9261', 'CookieAuthentication 1']);
    expect(lines.some((line) => /Nodes/.test(line))).equal(false);
  });

  it('leaves no relay but members for the other hops', () => {
    const shared = fingerprintOf('shared');
    const members = membersOf(
      viewOf({
        ...{ G: { flags: without('Exit') }, M: { flags: without('Exit', 'Guard') }, E: { flags: without('Guard') } },
        ...{
          down: { flags: without('Running') },
          bare: { fingerprint: null },
          one: { fingerprint: shared },
          two: { fingerprint: shared },
        },
      }),
    );
    const named = (...names: string[]): string =>
      names
        .map((name) => `$${fingerprintOf(name).toUpperCase()}`)
        .sort()
        .join(',');
    const lines = linesOf({ members });
    expect(lines).include.members([`MiddleNodes ${named('E', 'G', 'M')}`, `ExitNodes ${named('E')}`, 'StrictNodes 1']);
  });

  it('has few second hops to onion services, of members that last, the same each time and others for others', () => {
    const names = Array.from({ length: 40 }, (_, at) => `M${at}`);
    const lasting = Object.fromEntries(names.map((name) => [name, {}]));
    const members = membersOf(viewOf({ G: {}, slow: { flags: without('Fast') }, new: { flags: without('Stable') }, ...lasting }));
    const secondsOf = (secret: string, some = members): string[] => {
      const line = linesOf({ members: some, secret: Buffer.from(secret) }).find((one) => one.startsWith('HSLayer2Nodes '));
      return line?.split(' ')[1]?.split(',') ?? [];
    };
    const own = secondsOf('ann');
    expect(own).lengthOf(4);
    expect(names.map((name) => `$${fingerprintOf(name).toUpperCase()}`)).include.members(own);
    expect(secondsOf('ann')).deep.equal(own);
    expect(secondsOf('bob')).not.deep.equal(own);
    // One that is gone is replaced; the others stay.
    const left = { ...members, lasting: members.lasting.filter((one) => `$${one}` !== own[0]) };
    expect(secondsOf('ann', left).slice(0, 3)).deep.equal(own.slice(1));
    // With no other member than the guard, tor chooses.
    expect(secondsOf('ann', membersOf(viewOf({ G: {} })))).deep.equal([]);
  });

  it('takes onion addresses alone where circuits are paid as staying in Tor', () => {
    expect(linesOf({})).include('SocksPort 127.0.0.1:9250');
    expect(linesOf({ spec: connectSpec.parse({ leavesTor: false }) })).include('SocksPort 127.0.0.1:9250 OnionTrafficOnly');
  });

  it('takes a control socket, and the user’s own lines before its own', () => {
    const lines = linesOf({ spec: connectSpec.parse({ control: 'unix:/run/ann/control' }), include: '/home/ann/own.torrc' });
    expect(lines).include('ControlSocket /run/ann/control');
    expect(lines[1]).equal('%include /home/ann/own.torrc');
  });
});
