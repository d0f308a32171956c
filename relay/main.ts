/*
 * The relay role, put together: what the machine and the meter give, and its configuration, in; the role out. Called by node.
 */
import { createJobs } from '../host/jobs.ts';
import type { Ports, Role } from '../host/ports.ts';
import type { Meter } from '../tor/meter.ts';
import { createCircuits } from './circuit/table.ts';
import type { RelayConfig } from './config.ts';
import { createCredit } from './credit/flow.ts';
import { createPublisher } from './descriptor/flow.ts';
import { endpoints } from './http.ts';
import { createIssuer, openOf } from './iou/issue.ts';
import { createLinks } from './iou/links.ts';
import { createTaker } from './iou/take.ts';
import { voidContested } from './iou/void.ts';
import { jobTable } from './jobs.ts';
import { ownKeys } from './keys.ts';
import { createCellWatch } from './link/cells.ts';
import { createWarnOfLess } from './link/compared.ts';
import { createReadings } from './link/flow.ts';
import { createNeighbours } from './link/neighbours.ts';
import { intervalNow, openPeriods } from './period.ts';
import { createSessionFlow } from './session/flow.ts';
import { createShortfalls } from './session/shortfall.ts';
import { createSessions } from './session/table.ts';
import { createTasks } from './tasks.ts';

export async function start(ports: Ports & { readonly meter: Meter }, config: RelayConfig): Promise<Role> {
  const { clock, database, log, meter, network } = ports;
  const me = config.id;
  const keys = ownKeys(config);
  const tasks = createTasks(log);
  const sessions = createSessions();
  const circuits = createCircuits(sessions);
  const links = createLinks();
  const neighbours = createNeighbours();
  const cells = createCellWatch(log);
  const credit = createCredit(ports, config);
  const publisher = createPublisher(ports, config);
  const tellShortfalls = config.hasGuard ? createShortfalls(ports, sessions, circuits, tasks) : null;
  const issuer = createIssuer({ ports, me, keys, circuits, links, neighbours, tasks, retryInGrace, turnedFree });
  const taker = createTaker({
    ports,
    me,
    keys,
    circuits,
    credit,
    cells,
    passOn: issuer.passOn,
    warnOfLess: createWarnOfLess(log),
  });
  const readings = createReadings({ ports, config, circuits, links, neighbours, credit, cells, publisher });
  const { table, waitsForTerms } = jobTable({ ports, issuer, circuits, publisher, tellShortfalls });
  const jobs = createJobs(ports, table);
  const askFor = (name: string, due = clock.now()) => database.transaction((tx) => jobs.schedule(tx, name, due));
  let retryDue = -1;

  function retryInGrace(interval: number): void {
    if (retryDue > clock.now()) return;
    const graceSec = network.terms(interval)?.parameters.graceSec ?? 0;
    retryDue = clock.now() + Math.max(1, Math.floor(graceSec / 60));
    tasks.run('retry', () => askFor('tick', retryDue));
  }

  function turnedFree(): void {
    tellShortfalls?.(openPeriods(network, clock.now()).map(openOf));
  }

  // Readings before the first consensus belong to no interval and are not billed.
  const unhookMeter = meter.onReading((reading) => circuits.read(reading, intervalNow(network, clock.now()) ?? -1));
  const unhookLinks = meter.onLinks?.(cells.take);
  const unhookNetwork = network.onConsensus(() => {
    if (waitsForTerms()) tasks.run('first-tick', () => askFor('tick'));
    tasks.run('void', () => voidContested(ports, me));
  });
  // What was contested while this process was away.
  await voidContested(ports, me);
  await jobs.start({ tick: clock.now(), forget: clock.now() });
  // At each start, whatever was planned before it.
  await askFor('publish');

  return {
    name: 'relay',
    endpoints: endpoints(ports, config, { taker, sessions: createSessionFlow(ports, sessions, circuits), credit, readings }),
    sealing: keys.sealing,
    relay: me,
    busy: () => jobs.busy() || tasks.busy() || taker.busy(),
    nextDue: () => jobs.nextDue(),
    async stop() {
      unhookMeter();
      unhookLinks?.();
      unhookNetwork();
      await jobs.stop();
      await tasks.stop();
      await taker.stop();
    },
  };
}
