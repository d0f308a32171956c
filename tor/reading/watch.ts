/*
 * The meter of a stock tor: its control port in; readings of circuits and of links out, cumulative over everything that comes and
 * goes. Composition: what is said is read by cells.ts and dump.ts, what it means is kept by circuits.ts and channels.ts. Called by node.
 */
import type { Place } from '../../host/dial.ts';
import type { Secrets } from '../control/authenticate.ts';
import { openControl, type ControlPorts } from '../control/client.ts';
import type { Reply } from '../control/reply.ts';
import type { Session } from '../control/session.ts';
import { createListeners } from '../listeners.ts';
import type { CircuitReading, LinkReading, Meter, MeterState } from '../meter.ts';
import { cellStats } from './cells.ts';
import { createChannels, type LinkTotal } from './channels.ts';
import { createCircuits } from './circuits.ts';
import { createClients } from './clients.ts';
import { look, type Look } from './look.ts';

export interface WatchOptions {
  readonly place: Place;
  readonly secrets: Secrets;
  /** `circuits` needs a tor of a testing network, or one that grants CELL_STATS. */
  readonly kind: 'circuits' | 'links';
  /** Seconds between two dumps of Tor's channels. */
  readonly lookSec: number;
  /** The relay's id, of its fingerprint (upper case); null outside the scheme. */
  relayOf(fingerprint: string): string | null;
  /** The session's connection, of a client's `address:port` as tor sees it; null for a client without a session. */
  connectionOf(address: string): string | null;
}

export interface TorMeter extends Meter {
  readonly kind: 'circuits' | 'links';
  state(): MeterState;
  close(): Promise<void>;
}

/** Between two dumps that circuits of new channels ask for. */
const SOON_SEC = 2;

export function watchTor(ports: ControlPorts, options: WatchOptions): TorMeter {
  const { clock, log } = ports;
  const { kind, relayOf } = options;
  const clients = createClients(options.connectionOf);
  const channels = createChannels();
  const circuits = createCircuits(channels, { relayOf, connectionOf: clients.connectionOf });
  const readings = createListeners<CircuitReading>();
  const links = createListeners<readonly LinkReading[]>();
  const events = kind === 'circuits' ? ['CELL_STATS', 'ORCONN'] : [];
  let session: Session | null = null;
  /** Whether its events are heard. */
  let isReady = false;
  let hears: MeterState['hears'] = null;
  let running: Look | null = null;
  let lookedAt: number | null = null;
  let triedAt = -Infinity;

  async function up(own: Session): Promise<void> {
    session = own;
    isReady = false;
    await lookNow(own);
  }

  async function lookNow(own: Session): Promise<void> {
    if (running !== null) return;
    triedAt = clock.now();
    running = look(own, clock, isReady ? events : []);
    const seen = await running.done;
    running = null;
    if (!seen.ok) return log.warn('tor-not-read', { code: seen.refusal.code, error: seen.refusal.about });
    lookedAt = triedAt;
    const taken = channels.take(seen.value.channels);
    for (const reading of circuits.settle(taken, seen.value.own, triedAt)) readings.tell(reading);
    tellGrown();
    links.tell(channels.links().map((link) => ({ fingerprint: link.peer, relay: relayOf(link.peer), ...linkCells(link) })));
    if (!isReady && session === own) await listen(own);
  }

  /** Only after a first look: another tor's channels have the numbers of the one before. */
  async function listen(own: Session): Promise<void> {
    isReady = true;
    hears = 'links';
    if (kind === 'links') return;
    const granted = await own.ask('GETCONF TestingEnableCellStatsEvent');
    if (!granted.ok) return;
    if (granted.value.lines[0]?.text === 'TestingEnableCellStatsEvent=1') hears = 'circuits';
    else log.error('tor-without-cell-stats');
    await own.ask(`SETEVENTS ${events.join(' ')}`);
  }

  function tellGrown(): void {
    for (const reading of circuits.readings()) readings.tell(reading);
  }

  function hear(event: Reply): void {
    for (const { text } of event.lines) {
      const [, name, rest = ''] = /^([A-Z_]+) (.*)$/.exec(text) ?? [];
      if (name === 'INFO') running?.take(rest);
      if (name === 'ORCONN') clients.take(rest);
      if (name !== 'CELL_STATS') continue;
      const stats = cellStats(rest);
      if (!stats.ok) log.warn('tor-not-read', { code: stats.refusal.code });
      else circuits.take(stats.value, clock.now());
    }
    if (event.lines[0]?.text.startsWith('CELL_STATS') === true) tellGrown();
  }

  const client = openControl(ports, options.place, options.secrets, {
    up: (own) => void up(own),
    event: hear,
    away() {
      session = null;
      running?.end();
    },
  });
  const unhook = clock.onWake(() => {
    const since = clock.now() - triedAt;
    const isDue = since >= options.lookSec || since < 0 || (since >= SOON_SEC && (!isReady || circuits.isWaiting()));
    if (session !== null && isDue) void lookNow(session);
  });

  return {
    kind,
    onReading: readings.listen,
    onLinks: links.listen,
    state: () => ({ ...client.state(), hears, lookedAt, circuits: circuits.count(), strangers: circuits.strangers() }),
    async close() {
      unhook();
      session = null;
      running?.end();
      await client.close();
    },
  };
}

function linkCells({ sent, received }: LinkTotal) {
  return { sentCells: sent.cells, sentBytes: sent.bytes, receivedCells: received.cells, receivedBytes: received.bytes };
}
