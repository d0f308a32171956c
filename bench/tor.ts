/*
 * `tor.stream.…`, `tor.payments.…`, `tor.cpu.…`: so many MiB through one circuit, and through four at once, by each way to the same guard,
 * in rounds that alternate; and the processor time of whoever carries them. Listed in main.ts.
 */
import { pause } from '../host/clock.ts';
import { download } from '../lab/testbed/tor/download.ts';
import { rowOf, type Bench, type Row } from './bench.ts';
import { median, timed } from './measure.ts';
import { coreSecOf } from './processes.ts';
import { missingTor, obfs4Program, withWays, type Way, type WayName, type Ways } from './tor-ways.ts';

const MIB = 1_048_576;
const STREAMS = [1, 4] as const;
/** Of a round that does not count. */
const WARM_MIB_MAX = 10;

const measured = (): WayName[] => (obfs4Program() === null ? ['paid', 'free'] : ['paid', 'free', 'obfs4']);

export const tor: Bench = {
  names: [
    ...STREAMS.flatMap((streams) => measured().map((way) => `tor.stream.${streams}.${way}`)),
    ...STREAMS.map((streams) => `tor.payments.cost.${streams}`),
    ...STREAMS.flatMap((streams) => [...measured(), 'metered'].map((what) => `tor.cpu.${streams}.${what}`)),
  ],
  work: 'MiB',
  size: 100,
  // Less than this is over before tor's windows are open.
  growth: null,
  missing: missingTor,
  async run(rounds, size) {
    if (obfs4Program() === null) say('rows of obfs4 are left out: there is no obfs4proxy; apt-get install obfs4proxy');
    const warm = Math.min(WARM_MIB_MAX, size);
    const mib = STREAMS.length * (warm + rounds * size);
    return withWays(mib * MIB, async (ways) => {
      await round(ways, 0, warm, () => undefined);
      const figures = new Figures();
      for (let at = 0; at < rounds; at += 1)
        await round(ways, at, size, (took) => {
          figures.keep(took);
          say(
            `round ${at + 1} of ${rounds}, ${took.streams} at once, ${took.way}: ${speedOf(size, took.wallSec).toFixed(1)} MB/s`,
          );
        });
      // What was measured as paid was paid.
      await ways.charged(mib * MIB);
      return rowsOf(figures, size);
    });
  },
};

interface Taken {
  readonly way: WayName;
  readonly streams: number;
  readonly wallSec: number;
  /** Processor seconds of the transport's ends; of the client's tor and the guard's; of all four tors. */
  readonly ends: number;
  readonly tors: number;
  readonly path: number;
}

/** Until all is told and signed: tor tells once a second, and only while it counts; the guard's end five seconds later. */
const TOLD_MS = 8000;

/** Each way in its turn; another begins each round. */
async function round(ways: Ways, at: number, mib: number, keep: (took: Taken) => void): Promise<void> {
  const first = at % ways.all.length;
  for (const streams of STREAMS) {
    for (const way of [...ways.all.slice(first), ...ways.all.slice(0, first)]) {
      await ways.countCells(way.name === 'paid');
      keep(await carry(ways, way, streams, Math.floor((mib * MIB) / streams)));
      if (way.name === 'paid') await pause(TOLD_MS);
    }
  }
}

let users = 0;

/** Until the last byte is there: what is compared afterwards is not the way's. Each stream names a user of its own, and so a circuit. */
async function carry({ filePort, relays }: Ways, way: Way, streams: number, size: number): Promise<Taken> {
  const [guard = 0] = relays;
  const counted = { ends: way.ends, tors: [way.tor, guard], path: [way.tor, ...relays] };
  const before = { ends: coreSecOf(counted.ends), tors: coreSecOf(counted.tors), path: coreSecOf(counted.path) };
  const all: Promise<void>[] = [];
  const { wallSec } = await timed(() => {
    const arrived = Array.from({ length: streams }, () => {
      const user = `stream-${(users += 1)}`;
      return new Promise<void>((resolve, reject) => {
        const onBytes = (count: number): void => void (count === size && resolve());
        const one = download({ socksPort: way.socksPort, filePort, user, size, onBytes });
        one.catch(reject);
        all.push(one);
      });
    });
    return Promise.all(arrived);
  });
  const since = (of: keyof typeof before): number => coreSecOf(counted[of]) - before[of];
  const taken = { way: way.name, streams, wallSec, ends: since('ends'), tors: since('tors'), path: since('path') };
  await Promise.all(all);
  return taken;
}

class Figures {
  readonly #all: Taken[] = [];

  keep(taken: Taken): void {
    this.#all.push(taken);
  }

  middle(way: WayName, streams: number, of: (taken: Taken) => number): number {
    const some = this.#all.filter((one) => one.way === way && one.streams === streams);
    return median(some.map(of));
  }
}

function rowsOf(figures: Figures, mib: number): Row[] {
  const seconds = (way: WayName, streams: number): number => figures.middle(way, streams, ({ wallSec }) => wallSec);
  const speed = (way: WayName, streams: number): number => speedOf(mib, seconds(way, streams));
  const perGib = (way: WayName, streams: number, of: (taken: Taken) => number): number =>
    (figures.middle(way, streams, of) * 1024) / mib;
  return [
    ...STREAMS.flatMap((streams) =>
      measured().map((way) => rowOf(`tor.stream.${streams}.${way}`, 'MB/s', speed(way, streams), speed('direct', streams))),
    ),
    ...STREAMS.map((streams) =>
      rowOf(`tor.payments.cost.${streams}`, `s for ${mib} MiB`, seconds('paid', streams), seconds('free', streams)),
    ),
    ...STREAMS.flatMap((streams) => {
      const bare = perGib('direct', streams, ({ tors }) => tors);
      const ends = (way: WayName): number => perGib(way, streams, (taken) => taken.ends);
      const path = (way: WayName): number => perGib(way, streams, (taken) => taken.path);
      return [
        ...measured().map((way) => rowOf(`tor.cpu.${streams}.${way}`, 's a GiB, both ends', ends(way), bare)),
        rowOf(`tor.cpu.${streams}.metered`, 's a GiB, four tors', path('paid'), path('direct')),
      ];
    }),
  ];
}

function speedOf(mib: number, sec: number): number {
  return (mib * MIB) / 1e6 / sec;
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
