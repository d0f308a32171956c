/*
 * A relay of the private network with our meter beside it: what it read so far, by circuit and by link, and a way to take the control
 * port away from it.
 */
import { readFile } from 'node:fs/promises';
import { systemClock } from '../../host/clock.ts';
import { dial, type Dial, type Place } from '../../host/dial.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import type { CircuitReading, LinkReading } from '../../tor/meter.ts';
import { watchTor, type TorMeter, type WatchOptions } from '../../tor/reading/watch.ts';
import { later } from '../harness/later.ts';
import type { TorNetwork } from '../../lab/testbed/tor/network.ts';

export interface Metered {
  readonly meter: TorMeter;
  /** Newest of each circuit, in the order in which they were first read. */
  readings(): CircuitReading[];
  /** Every one, in order. */
  readonly all: CircuitReading[];
  /** By the neighbour's name. */
  link(name: string): LinkReading | null;
  /** How often links were told. */
  looks(): number;
  /** The control port cannot be reached, until it is mended. */
  cut(): void;
  mend(): void;
}

export interface MeteredOptions extends Partial<WatchOptions> {
  /** Relays outside the scheme. */
  readonly strangers?: readonly string[];
}

export function metered(network: TorNetwork, name: string, options: MeteredOptions = {}): Metered {
  const node = network.node(name);
  const names = new Map(network.names.map((one) => [network.node(one).fingerprint, one]));
  const newest = new Map<string, CircuitReading>();
  const all: CircuitReading[] = [];
  const wire = wireThatIsCut();
  let links: readonly LinkReading[] = [];
  let looks = 0;
  const ports = { clock: systemClock(), entropy: systemEntropy(), log: silentLog() };
  const meter = watchTor(
    { ...ports, dial: wire.dial },
    {
      place: node.control,
      secrets: secretsOf(),
      kind: 'circuits',
      lookSec: 3,
      relayOf: (fingerprint) => {
        const found = names.get(fingerprint) ?? null;
        return found !== null && options.strangers?.includes(found) === true ? null : found;
      },
      connectionOf: (address) => address,
      ...options,
    },
  );
  meter.onReading((reading) => {
    all.push(reading);
    newest.set(`${reading.previous.relay}/${reading.previous.connection}/${reading.previous.circuit}`, reading);
  });
  meter.onLinks?.((told) => {
    links = told;
    looks += 1;
  });
  later(() => meter.close());
  return {
    meter,
    all,
    readings: () => [...newest.values()],
    link: (peer) => links.find((one) => one.fingerprint === network.node(peer).fingerprint) ?? null,
    looks: () => looks,
    cut: wire.cut,
    mend: wire.mend,
  };
}

export function secretsOf(given: Partial<WatchOptions['secrets']> = {}): WatchOptions['secrets'] {
  return { cookieFile: null, passwordFile: null, read: async (file) => readFile(file).catch(() => null), ...given };
}

function wireThatIsCut(): { dial: Dial; cut(): void; mend(): void } {
  let isCut = false;
  let end: () => void = () => undefined;
  // Nobody listens on the discard port here: it is refused as that of a tor that is gone.
  const nowhere: Place = { host: '127.0.0.1', port: 9 };
  return {
    dial(place, ears) {
      const stream = dial(isCut ? nowhere : place, ears);
      end = () => stream.end();
      return stream;
    },
    cut() {
      isCut = true;
      end();
    },
    mend: () => (isCut = false),
  };
}
