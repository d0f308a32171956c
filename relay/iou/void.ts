/*
 * What a contest makes void (rule 10): pairs of which the newest consensus says so in; their IOUs, held and issued, of every serial,
 * marked for good, out. A book never shows them again, whoever asks. Called at the start and with each consensus.
 */
import type { NetworkView, Ports } from '../../host/ports.ts';
import { saveVoid } from './store.ts';

export async function voidContested({ database, log, network }: Pick<Ports, 'database' | 'log' | 'network'>, me: string) {
  const mine = contestedOf(network, me);
  if (mine.length === 0) return;
  const fresh = await database.transaction(async (tx) => {
    const marked: Contested[] = [];
    for (const one of mine) if (await saveVoid(tx, one.interval, one.peer)) marked.push(one);
    return marked;
  });
  for (const { peer, interval } of fresh) log.warn('ious-void', { relay: peer, interval });
}

interface Contested {
  readonly peer: string;
  readonly interval: number;
}

function contestedOf(network: NetworkView, me: string): Contested[] {
  const pairs = network.consensus()?.body.nullified ?? [];
  return pairs.flatMap(({ a, b, interval }) => (a === me ? [{ peer: b, interval }] : b === me ? [{ peer: a, interval }] : []));
}
