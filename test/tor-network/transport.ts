/*
 * A real tor at both ends of `paidguard`: its client reaches the network through a Bridge line and the client's end, its guard is an
 * ordinary relay in the consensus, asked at its ORPort with nothing changed, and then at an Extended ORPort. Called by stage.spec.
 */
import { expect } from 'chai';
import { appendFileSync } from 'node:fs';
import { connect } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import { systemTcp } from '../../host/tcp.ts';
import { dial, type Place } from '../../host/dial.ts';
import type { SessionReading } from '../../tor/meter.ts';
import { watchTor, type TorMeter } from '../../tor/reading/watch.ts';
import { startClientEnd, type ClientEnd } from '../../tor/transport/client.ts';
import { startGuardEnd, type GuardEnd, type TorDoor } from '../../tor/transport/guard.ts';
import { watchOwnCircuits, type OwnWatch } from '../../tor/transport/own-circuits.ts';
import { extOrDoor, orDoor } from '../../tor/transport/or-port.ts';
import { later } from '../harness/later.ts';
import { freePorts } from '../../lab/ports.ts';
import { download } from '../../lab/testbed/tor/download.ts';
import type { TorClient, TorNetwork } from '../../lab/testbed/tor/network.ts';
import { until } from '../../lab/testbed/tor/process.ts';
import { networkId } from '../harness/view.ts';
import { secretsOf } from './metered.ts';
import { alice, guardId, guardKey } from '../tor/transport-net.ts';

const MIB = 1_048_576;

export function transportEnds(running: () => TorNetwork): void {
  describe('paidguard', () => {
    const tcp = systemTcp();
    const ports = { tcp, clock: systemClock(), entropy: systemEntropy(), log: silentLog() };
    const here = { host: '127.0.0.1', port: 0 };

    it('downloads through the guard’s ORPort, its torrc untouched; both ends count the same', async () => {
      await downloads('or', orDoor(tcp, { host: '127.0.0.1', port: running().node('guard').orPort }));
    });

    it('downloads through an Extended ORPort, where tor is told the client’s address', async () => {
      const { folder } = running().node('guard');
      const [free] = (await freePorts(1)) as [number];
      appendFileSync(join(folder, 'torrc'), `ExtORPort 127.0.0.1:${free}\n`);
      running().node('guard').reload();
      const file = join(folder, 'extended_orport_auth_cookie');
      const cookie = () => readFile(file).catch(() => null);
      await until(async () => (await cookie()) !== null && (await answers(free)), 'the Extended ORPort');
      const address = { host: '127.0.0.1', port: free };
      const seen: string[] = [];
      const door = extOrDoor(tcp, ports.entropy, { address, cookie, transport: 'paidguard' });
      await downloads('ext', async (client) => {
        const made = await door(client);
        if (made !== null) seen.push(made.connection);
        return made;
      });
      expect(seen[0]).match(/^127\.0\.0\.1:\d+$/);
    });

    it('counts at both ends what tor counts: circuits within four cells each, and the rest', async () => {
      const at = running().node('guard');
      const names = new Map(running().names.map((one) => [running().node(one).fingerprint, one]));
      const readings: SessionReading[] = [];
      const own = new Map<number, bigint>();
      let connectionOf: (address: string) => string | null = () => null;
      const control = { ...ports, dial };
      const meter = watchTor(control, {
        place: at.control,
        secrets: secretsOf(),
        kind: 'circuits',
        lookSec: 3,
        relayOf: (fingerprint) => names.get(fingerprint) ?? null,
        connectionOf: (address) => connectionOf(address),
      });
      later(() => meter.close());
      const carried = await downloads('counted', orDoor(tcp, { host: '127.0.0.1', port: at.orPort }), {
        meter,
        onGuard(guard) {
          connectionOf = guard.connectionOf;
          guard.transport.onReading((reading) => void readings.push(reading));
        },
        own: (place) =>
          watchOwnCircuits(control, { place, secrets: secretsOf(), relayOf: (id) => (id === at.fingerprint ? guardId : null) }),
        onClient: (client) => void client.transport.onReading(({ circuit, bytes }) => void own.set(circuit, bytes)),
      });
      // Client and sessions are over: what is told last is all.
      const last = new Map(readings.map((one) => [one.connection, one]));
      const sum = (of: (one: SessionReading) => bigint) => [...last.values()].reduce((all, one) => all + of(one), 0n);
      const [circuits, rest] = [sum((one) => one.circuitBytes), sum((one) => one.otherBytes)];
      const counted = [...own.values()].reduce((all, one) => all + one, 0n);
      process.stderr.write(
        `      ${own.size} circuits: guard ${circuits / 514n} cells, client ${counted / 514n}; rest ${rest} of ${carried}\n`,
      );
      expect(circuits + rest).equal(carried);
      expect(Number(circuits / 514n)).greaterThan(10_000);
      // A guard sees one cell of each extension less than its client sent, and may hear of cells that the client's tor never told.
      expect(Number((counted - circuits) / 514n)).within(-4 * own.size, 4 * own.size);
    });

    interface Watched {
      readonly meter: TorMeter;
      onGuard(guard: GuardEnd): void;
      own(place: Place): OwnWatch;
      onClient(client: ClientEnd): void;
    }

    async function downloads(name: string, tor: TorDoor, watched: Watched | null = null): Promise<bigint> {
      const guard = await startGuardEnd(
        { ...ports, meter: watched?.meter ?? null, tor },
        { networkId, listen: here, keys: [guardKey] },
      );
      later(() => guard.stop());
      watched?.onGuard(guard);
      const user = await running().addClient(`bridged-${name}`);
      const own = watched?.own(user.control) ?? null;
      if (own !== null) later(() => own.close());
      const sessions: string[] = [];
      let allowed = 0n;
      guard.transport.onOpen(async ({ connection }) => sessions.push(connection) > 0);
      guard.transport.onAllow(async ({ wanted }) => {
        allowed += wanted;
        return wanted;
      });
      const client = await startClientEnd(
        { ...ports, circuits: own ?? { onReading: () => () => undefined } },
        {
          ...{ networkId, listen: here, subscriber: alice, hops: 3, leavesTor: true },
          keyOf: (id) => (id === guardId ? guardKey.publicKey : null),
        },
      );
      later(() => client.stop());
      watched?.onClient(client);
      later(() => user.stop());
      await startBridged(user, client.address.port, guard.address.port);
      if (own !== null) await until(() => own.state().up, 'the client’s control port');
      for (let round = 0; round < 2; round++) {
        await download({ socksPort: user.socksPort, filePort: running().exitPort, user: `${name} ${round}`, size: 5 * MIB });
      }
      if (watched !== null) {
        // A moment for the events of the last second.
        await until(() => meterRests(watched), 'the last events');
        await user.stop();
        await until(() => guard.count().sessions === 0, 'the sessions to be over');
      }
      const carried = client.carried(guardId);
      expect(Number(carried)).within(10 * MIB, 12 * MIB);
      // What was allowed is at most a portion more than what passed; without a meter nobody is asked.
      if (watched === null) expect(allowed).equal(0n);
      else expect(Number(allowed - carried)).within(0, 2 * MIB * sessions.length);
      expect(sessions.length).greaterThan(0);
      return carried;
    }

    /** Looked at its channels once more, twice. */
    let seenAt: number[] = [];
    function meterRests({ meter }: Watched): boolean {
      const { lookedAt } = meter.state?.() ?? { lookedAt: null };
      if (lookedAt !== null && !seenAt.includes(lookedAt)) seenAt = [...seenAt, lookedAt];
      return seenAt.length >= 3;
    }

    function startBridged(user: TorClient, pt: number, guardPort: number): Promise<void> {
      const { fingerprint } = running().node('guard');
      return user.begin([
        'UseBridges 1',
        `ClientTransportPlugin paidguard socks5 127.0.0.1:${pt}`,
        `Bridge paidguard 127.0.0.1:${guardPort} ${fingerprint} guard=${guardId}`,
      ]);
    }
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => undefined);
    socket.once('connect', () => socket.destroy());
  });
}
