/*
 * The directory role: composition only. Its database in, its public endpoints out, once its log is read whole. Called by node.
 */
import { signingKey } from '../core/crypto/keys.ts';
import type { RailRules } from '../core/rule/contest.ts';
import type { Ports, Role, Tx } from '../host/ports.ts';
import { isOpenAddress } from '../host/http/address.ts';
import { createJobs, type Jobs } from '../host/jobs.ts';
import { createOutbox, type Outbox } from '../host/outbox.ts';
import type { DirectoryTor } from '../tor/authority/directory-tor.ts';
import { createAppeals } from './appeal/flow.ts';
import { createComplaints } from './complaint/flow.ts';
import type { DirectoryConfig } from './config.ts';
import { createConsensuses } from './consensus/flow.ts';
import { createContests } from './contest/flow.ts';
import { createDescriptors } from './descriptor/flow.ts';
import { createDocket } from './docket/flow.ts';
import { createRelays } from './flags/flow.ts';
import { directoryEndpoints } from './http.ts';
import { directoryJobs } from './jobs.ts';
import { beginLog } from './log/begin.ts';
import { openBook } from './log/flow.ts';
import { createMailbox } from './mailbox/flow.ts';
import { createNotices, noticeKind } from './notice/flow.ts';
import { pageFacts } from './pages/facts.ts';
import { docketPages } from './pages/main.ts';
import { createProbes } from './probe/flow.ts';
import { createTorSide } from './tor/flow.ts';
import { createVerdicts } from './verdict/flow.ts';

export { migrations } from './migrations.ts';

export async function start(
  /** `rails`: what the proofs of payments show, offline. */
  ports: Pick<Ports, 'clock' | 'entropy' | 'database' | 'http' | 'log'> & {
    readonly rails: RailRules;
    /** Of a directory with a tor beside it. */
    readonly tor?: DirectoryTor | null;
  },
  config: DirectoryConfig,
): Promise<Role> {
  const { parameters } = config;
  const { networkId } = config.network;
  const key = signingKey(config.authoritySeed);
  const own = config.network.authorities.find((one) => one.key === key.publicKey);
  const book = await openBook(ports, networkId, key);
  await beginLog(book, config, key.publicKey);
  // Flows ask for jobs and put messages, which run flows.
  const schedule: Jobs['schedule'] = (tx, name, due) => jobs.schedule(tx, name, due);
  const put: Outbox['put'] = (tx, message) => outbox.put(tx, message);
  const probes = createProbes(ports, book, schedule);
  const { tor = null } = ports;
  const marks = (tor?.middleOnly ?? null) !== null;
  const whenMade = async (tx: Tx, at: number) => (marks ? schedule(tx, 'middle-only', at) : undefined);
  const torSide = createTorSide({ log: ports.log, tor }, parameters, book);
  const around = { probes, torSide, whenMade };
  const consensuses = createConsensuses(ports, { parameters, networkId, key }, book, around);
  const verdicts = createVerdicts(ports, { networkId, key }, book, schedule);
  const answering = { notices: createNotices(put), verdicts };
  const jobs = createJobs(ports, directoryJobs(parameters, { probes, consensuses, verdicts, torSide }));
  const outbox = createOutbox(ports, { notice: noticeKind(ports) });
  const now = ports.clock.now();
  await jobs.start({ probe: now, consensus: now, verdict: now, ...(marks ? { 'middle-only': now } : {}) });
  ports.log.info('directory-started', { role: 'directory', count: Number(book.top().size) });
  const relays = createRelays(ports, parameters, book);
  const docket = createDocket(ports, book, verdicts);
  return {
    name: 'directory',
    endpoints: directoryEndpoints({
      book,
      descriptors: createDescriptors(ports, book, schedule, isOpenAddress(own?.url ?? ''), tor),
      consensuses,
      relays,
      mailbox: createMailbox(ports, parameters, book),
      contests: createContests(ports, networkId, book, answering),
      appeals: createAppeals(ports, book, verdicts),
      complaints: createComplaints(ports, book, answering),
      docket,
      torSide,
    }),
    pages: docketPages(docket, pageFacts(ports, config, key.publicKey, book, relays)),
    busy: () => jobs.busy() || outbox.busy(),
    nextDue: () => soonest(jobs.nextDue(), outbox.nextDue()),
    async stop() {
      await Promise.all([jobs.stop(), outbox.stop()]);
    },
  };
}

function soonest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
