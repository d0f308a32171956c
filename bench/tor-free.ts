/*
 * One end of the transport without payments, in a process of its own: which end, and what it is to reach, in; the port on which it listens
 * as JSON out. Nothing meters it and nobody is asked. Ends with its standard input. Started by tor-ways.ts.
 */
import { systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import { silentLog } from '../host/log.ts';
import { systemTcp } from '../host/tcp.ts';
import { startClientEnd } from '../tor/transport/client.ts';
import { startGuardEnd } from '../tor/transport/guard.ts';
import { keyPair } from '../tor/transport/noise.ts';
import { orDoor } from '../tor/transport/or-port.ts';
import { networkId, testKey, testSeed } from '../test/harness/view.ts';

const tcp = systemTcp();
const ports = { tcp, clock: systemClock(), entropy: systemEntropy(), log: silentLog() };
const listen = { host: '127.0.0.1', port: 0 };
const guardKey = keyPair(testSeed('free guard'));

async function guardEnd(orPort: number): Promise<number> {
  const tor = orDoor(tcp, { host: '127.0.0.1', port: orPort });
  const end = await startGuardEnd({ ...ports, meter: null, tor }, { networkId, listen, keys: [guardKey] });
  end.transport.onOpen(async () => true);
  return end.address.port;
}

async function clientEnd(): Promise<number> {
  const subscriber = testKey('free subscriber');
  const keyOf = () => guardKey.publicKey;
  const circuits = { onReading: () => () => undefined };
  const end = await startClientEnd({ ...ports, circuits }, { networkId, listen, subscriber, keyOf, hops: 3, leavesTor: true });
  return end.address.port;
}

const [which, orPort] = process.argv.slice(2);
const port = which === 'guard' ? await guardEnd(Number(orPort)) : await clientEnd();
process.stdout.write(`${JSON.stringify({ port })}\n`);
process.stdin.resume().once('end', () => process.exit(0));
