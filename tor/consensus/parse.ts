/*
 * Reads a network-status consensus of Tor, flavour ns or microdesc (dir-spec 3.4.1, 3.9): its text comes in, a TorConsensus or a
 * refusal with the line goes out. Called by the lab, which draws networks from it, and by what stands beside a real Tor.
 */
import { ok } from '../../core/refusal.ts';
import type { Result } from '../../core/refusal.ts';
import { readItems, refuseItem, refuseLine } from './document.ts';
import type { Item } from './document.ts';
import { readFooter } from './footer.ts';
import type { Footer } from './footer.ts';
import { readFlavour, readPreamble } from './preamble.ts';
import type { Preamble } from './preamble.ts';
import { isExit, isUsable, relayReader } from './relay.ts';
import type { TorRelay } from './relay.ts';

export interface TorConsensus extends Preamble, Footer {
  /** In order of identity, each once. */
  readonly relays: readonly TorRelay[];
}

export function parseConsensus(text: string): Result<TorConsensus> {
  const read = readItems(text);
  if (!read.ok) return read;
  const endLine = lastLine(text) + 1;
  // Archives put annotations (`@type ...`) before the document.
  const items = read.value.slice(startOf(read.value, (item) => !item.keyword.startsWith('@')));
  const first = items[0];
  if (first === undefined) return refuseLine('tor-kind', endLine, '"network-status-version 3"', null);
  const flavour = readFlavour(first);
  if (!flavour.ok) return flavour;
  const [relaysAt, footerAt] = [startOf(items, opensRelays), startOf(items, (item) => item.keyword === 'directory-footer')];
  const preamble = readPreamble(flavour.value, items.slice(0, relaysAt), items[relaysAt]?.line ?? endLine);
  if (!preamble.ok) return preamble;
  const relays = readRelays(preamble.value, items.slice(relaysAt, footerAt), items[footerAt]?.line ?? endLine);
  if (!relays.ok) return relays;
  const footer = readFooter(preamble.value, items.slice(footerAt), endLine);
  if (!footer.ok) return footer;
  return ok({ ...preamble.value, relays: relays.value, ...footer.value });
}

/** |N| and |E| of PG-41: relays that are Running and Valid, and those of them with Exit and without BadExit. */
export function relaysAndExits(consensus: Pick<TorConsensus, 'relays'>): { readonly n: bigint; readonly e: bigint } {
  const usable = consensus.relays.filter(isUsable);
  return { n: BigInt(usable.length), e: BigInt(usable.filter(isExit).length) };
}

function opensRelays(item: Item): boolean {
  return item.keyword === 'r' || item.keyword === 'directory-footer';
}

/** The place of the first such item, or the end. */
function startOf(items: readonly Item[], is: (item: Item) => boolean): number {
  const place = items.findIndex(is);
  return place < 0 ? items.length : place;
}

function readRelays(preamble: Preamble, items: readonly Item[], endLine: number): Result<TorRelay[]> {
  const relays: TorRelay[] = [];
  const readRelay = relayReader(preamble);
  for (let start = 0; start < items.length;) {
    let end = start + 1;
    while (end < items.length && items[end]?.keyword !== 'r') end++;
    const relay = readRelay(items.slice(start, end), items[end]?.line ?? endLine);
    if (!relay.ok) return relay;
    const [before, opening] = [relays.at(-1), items[start] as Item];
    // dir-spec 3.4.1: sorted in ascending order by identity, so none twice.
    if (before !== undefined && relay.value.identity <= before.identity) {
      return refuseItem('tor-relay', opening, 'relays in ascending order of identity, each once');
    }
    relays.push(relay.value);
    start = end;
  }
  return ok(relays);
}

function lastLine(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
