/*
 * The directory role: composition only. Its database in, its public endpoints out, once its log is read whole. Called by node.
 */
import { signingKey } from '../core/crypto/keys.ts';
import type { Ports, Role } from '../host/ports.ts';
import { isOpenAddress } from '../host/http/address.ts';
import { createJobs, type Jobs } from '../host/jobs.ts';
import type { DirectoryConfig } from './config.ts';
import { createConsensuses } from './consensus/flow.ts';
import { createDescriptors } from './descriptor/flow.ts';
import { createRelays } from './flags/flow.ts';
import { directoryEndpoints } from './http.ts';
import { directoryJobs } from './jobs.ts';
import { beginLog } from './log/begin.ts';
import { openBook } from './log/flow.ts';
import { createMailbox } from './mailbox/flow.ts';
import { createProbes } from './probe/flow.ts';

export { migrations } from './migrations.ts';

export async function start(
  ports: Pick<Ports, 'clock' | 'entropy' | 'database' | 'http' | 'log'>,
  config: DirectoryConfig,
): Promise<Role> {
  const { parameters } = config;
  const { networkId } = config.network;
  const key = signingKey(config.authoritySeed);
  const own = config.network.authorities.find((one) => one.key === key.publicKey);
  const book = await openBook(ports, networkId, key);
  await beginLog(book, config, key.publicKey);
  // Flows ask for jobs, and jobs run flows.
  const schedule: Jobs['schedule'] = (tx, name, due) => jobs.schedule(tx, name, due);
  const probes = createProbes(ports, book, schedule);
  const consensuses = createConsensuses(ports, { parameters, networkId, key }, book, probes);
  const jobs = createJobs(ports, directoryJobs(parameters, probes, consensuses));
  const now = ports.clock.now();
  await jobs.start({ probe: now, consensus: now });
  ports.log.info('directory-started', { role: 'directory', count: Number(book.top().size) });
  return {
    name: 'directory',
    endpoints: directoryEndpoints({
      book,
      descriptors: createDescriptors(ports, book, schedule, isOpenAddress(own?.url ?? '')),
      consensuses,
      relays: createRelays(ports, parameters, book),
      mailbox: createMailbox(ports, parameters, book),
    }),
    busy: () => jobs.busy(),
    nextDue: () => jobs.nextDue(),
    stop: () => jobs.stop(),
  };
}
