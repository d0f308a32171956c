/*
 * The network as this node sees it: network.json, a database and a way to call the authorities in; the NetworkView port out. Asks
 * them by a job of its own, and keeps what it learned on disk. Opened once a node, before its roles; works before any consensus.
 */
import type { Verified } from '../../core/crypto/sign.ts';
import { intervalAt } from '../../core/rule/interval.ts';
import { checkInTime, verifyConsensus, type Consensus } from '../../core/wire/consensus.ts';
import type { Network } from '../../core/wire/network.ts';
import type { Terms } from '../../core/wire/terms.ts';
import { inTurn } from '../in-turn.ts';
import { createJobs } from '../jobs.ts';
import { errorText } from '../log.ts';
import type { Clock, Database, HttpClient, Log, NetworkView } from '../ports.ts';
import { fetchConsensus, fetchDescriptors, type Fetched } from './fetch.ts';
import { createKnown, isFixed, type Known } from './known.ts';
import {
  deleteDescriptor,
  readConsensus,
  readDescriptors,
  readTerms,
  saveConsensus,
  saveDescriptor,
  saveTerms,
} from './store.ts';

export interface ViewPorts {
  readonly network: Network;
  readonly clock: Clock;
  readonly http: HttpClient;
  /** Opened with networkMigrations. */
  readonly database: Database;
  readonly log: Log;
}

/** What the node holds: roles are given it as a NetworkView. */
export interface RunningView extends NetworkView {
  /** The terms of an interval, asked of the authorities where they are not known. */
  fetchTerms(interval: number): Promise<Terms | null>;
  busy(): boolean;
  nextDue(): number | null;
  close(): Promise<void>;
}

/** Seconds at most between two tries while there is no fresh consensus, where no terms say another. */
const RETRY_SEC_MAX = 60;

/** After its last descriptor has expired nothing of a relay's is open for so long, carries of a few intervals included. */
const KEPT_SEC = 365 * 24 * 3600;

export async function openNetworkView(ports: ViewPorts): Promise<RunningView> {
  const { network, clock, log } = ports;
  const known = createKnown();
  await load(ports, known);
  const listeners = new Set<(consensus: Verified<Consensus>) => void>();
  const turn = inTurn();
  /** Intervals whose terms were asked for since the last consensus: once is enough. */
  const asked = new Set<number>();
  let asking = 0;
  let tries = 0;
  let firstAuthority = 0;

  const order = () => network.authorities.map((_, i) => at(network.authorities, firstAuthority + i));

  async function refreshNow(): Promise<void> {
    const before = known.consensus()?.body.validAfter ?? -1;
    const newest = await newestConsensus();
    // Another authority is asked first next time: none can hold back a newer consensus for long.
    firstAuthority++;
    if (newest !== null && newest.verified.body.validAfter > before) await take(newest);
    await fetchMissing();
    const now = known.consensus();
    if (now === null || now.body.validAfter <= before) return;
    asked.clear();
    for (const run of [...listeners]) callBack(run, now);
  }

  /** The first that is fresh; where none is, the newest. */
  async function newestConsensus(): Promise<Fetched | null> {
    let newest: Fetched | null = null;
    for (const { url } of order()) {
      const fetched = await fetchConsensus(ports, url, '/directory/consensus');
      if (fetched === null) continue;
      const inTime = checkInTime(fetched.verified.body, clock.now());
      if (!inTime.ok) {
        log.warn('consensus-refused', { url, code: inTime.refusal.code, error: inTime.refusal.about });
        continue;
      }
      if (newest === null || fetched.verified.body.validAfter > newest.verified.body.validAfter) newest = fetched;
      if (newest.verified.body.freshUntil > clock.now()) break;
    }
    return newest;
  }

  async function take({ document, verified }: Fetched): Promise<void> {
    const seen = known.newTerms(verified.body);
    await ports.database.transaction(async (tx) => {
      await saveConsensus(tx, document);
      for (const one of seen) await saveTerms(tx, one);
    });
    known.setConsensus(verified);
    for (const one of seen) known.addTerms(one);
    const gone = known.forget(clock.now() - KEPT_SEC);
    if (gone.length === 0) return;
    await ports.database.transaction(async (tx) => {
      for (const id of gone) await deleteDescriptor(tx, id);
    });
  }

  async function fetchMissing(): Promise<void> {
    for (const { url } of order()) {
      const wanted = known.missing();
      if (wanted.size === 0) return;
      const found = await fetchDescriptors(ports, url, wanted);
      await ports.database.transaction(async (tx) => {
        for (const one of found) await saveDescriptor(tx, one);
      });
      for (const one of found) known.addDescriptor(one);
    }
    const still = known.missing().size;
    if (still > 0) log.warn('descriptors-missing', { count: still });
  }

  async function askTerms(interval: number): Promise<Terms | null> {
    for (const { url } of order()) {
      const seen = known.terms(interval);
      if (seen !== null && isFixed(seen)) break;
      const fetched = await fetchConsensus(ports, url, `/directory/terms/${interval}`);
      const found =
        fetched === null ? [] : known.newTerms(fetched.verified.body).filter((one) => one.terms.interval === interval);
      await ports.database.transaction(async (tx) => {
        for (const one of found) await saveTerms(tx, one);
      });
      for (const one of found) known.addTerms(one);
    }
    return known.terms(interval)?.terms ?? null;
  }

  /** Somebody needs terms of the past that this node was not there for. */
  function wantTerms(interval: number): void {
    const running = known.consensus()?.body.terms[0];
    if (running === undefined || asked.has(interval) || asked.size >= ASKED_MAX) return;
    if (interval < 0 || interval > intervalAt(running.parameters, clock.now())) return;
    asked.add(interval);
    asking++;
    turn(() => askTerms(interval))
      .catch((thrown: unknown) => log.error('terms-not-fetched', { interval, error: errorText(thrown) }))
      .finally(() => asking--);
  }

  function callBack(run: (consensus: Verified<Consensus>) => void, consensus: Verified<Consensus>): void {
    try {
      run(consensus);
    } catch (thrown) {
      log.error('consensus-listener-failed', { error: errorText(thrown) });
    }
  }

  const refresh = () => turn(refreshNow);
  const jobs = createJobs(ports, [
    {
      name: 'refresh-consensus',
      run: async () => {
        await refresh();
        const consensus = known.consensus()?.body ?? null;
        const fresh = consensus !== null && consensus.freshUntil > clock.now() && known.missing().size === 0;
        tries = fresh ? 0 : tries + 1;
        return nextRefresh(consensus, clock.now(), tries);
      },
    },
  ]);
  // Not by `first`: there may be a row of an earlier run, with a later time.
  await ports.database.transaction((tx) => jobs.schedule(tx, 'refresh-consensus', clock.now()));
  await jobs.start();

  return {
    network,
    consensus: known.consensus,
    terms(interval) {
      const seen = known.terms(interval);
      if (seen === null) wantTerms(interval);
      return seen?.terms ?? null;
    },
    termsDigest(interval) {
      const digest = known.termsDigest(interval);
      if (digest === null) wantTerms(interval);
      return digest;
    },
    entry: known.entry,
    descriptor: known.descriptor,
    refresh,
    onConsensus(run) {
      const listener = (consensus: Verified<Consensus>) => run(consensus);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    fetchTerms: (interval) => turn(() => askTerms(interval)),
    busy: () => jobs.busy() || asking > 0,
    nextDue: () => jobs.nextDue(),
    async close() {
      await jobs.stop();
      await turn(async () => undefined);
    },
  };
}

const ASKED_MAX = 64;

async function load(ports: ViewPorts, known: Known): Promise<void> {
  const alarm = () => ports.log.error('document-damaged', { file: 'network.sqlite' });
  const stored = await ports.database.transaction(async (tx) => ({
    consensus: await readConsensus(tx, alarm),
    descriptors: await readDescriptors(tx, alarm),
    terms: await readTerms(tx, alarm),
  }));
  // Verified once more: network.json may have been changed since.
  const verified = stored.consensus === null ? null : verifyConsensus(stored.consensus, ports.network);
  if (verified?.ok) known.setConsensus(verified.value);
  for (const one of stored.descriptors) known.addDescriptor(one);
  for (const one of stored.terms) known.addTerms(one);
}

/** Halfway through, and as soon as a newer one is due; where that is late, after 1, 2, 4 … sixtieths of the time between two. */
function nextRefresh(consensus: Consensus | null, now: number, tries: number): number {
  const span = consensus?.terms[0]?.parameters.consensusSec ?? RETRY_SEC_MAX;
  if (consensus === null || tries > 0) {
    const first = Math.max(1, Math.floor(span / 60));
    return now + Math.min(first * 2 ** Math.min(tries - 1, 20), Math.max(1, Math.floor(span / 10)));
  }
  return Math.min(now + Math.max(1, Math.floor(span / 2)), consensus.freshUntil);
}

function at<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T;
}
