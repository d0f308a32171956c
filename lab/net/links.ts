/*
 * A network's directed links of one interval in typed arrays: what each relay issued to each other one. Made row by row, or from a
 * list; read by net.ts.
 */
import { invariant } from '../../core/refusal.ts';
import { noTraffic, type Traffic } from '../../core/rule/price.ts';

/**
 * Rows in order of issuer and in each of holder, one a link. `first[i]` is where the row of issuer i begins; `first[relays]` the
 * number of links. Byte totals have 64 bits, as everywhere.
 */
export interface Links {
  readonly relays: number;
  readonly first: Uint32Array;
  readonly holder: Uint16Array;
  readonly relayBytes: BigUint64Array;
  readonly exitBytes: BigUint64Array;
}

export interface Link extends Traffic {
  readonly issuer: number;
  readonly holder: number;
}

/** Numbers of relays fit 16 bits: three times the directory's bound. */
const RELAYS_MAX = 65_535;

export function linksOf(relays: number, list: readonly Link[]): Links {
  invariant(relays <= RELAYS_MAX, 'a relay’s number fits 16 bits');
  const sorted = [...list].sort((a, b) => a.issuer - b.issuer || a.holder - b.holder);
  const links = emptyLinks(relays, sorted.length);
  for (const [place, { issuer, holder, relayBytes, exitBytes }] of sorted.entries()) {
    const before = sorted[place - 1];
    invariant(issuer !== holder && holder < relays && issuer < relays, 'a link is between two relays');
    invariant(before === undefined || before.issuer !== issuer || before.holder !== holder, 'there is one total a link');
    links.holder[place] = holder;
    links.relayBytes[place] = relayBytes;
    links.exitBytes[place] = exitBytes;
    links.first[issuer + 1] = place + 1;
  }
  for (let issuer = 1; issuer <= relays; issuer += 1) {
    links.first[issuer] = Math.max(links.first[issuer] as number, links.first[issuer - 1] as number);
  }
  return links;
}

/** What one relay issued to another. */
export function trafficOf({ first, holder, relayBytes, exitBytes }: Links, issuer: number, to: number): Traffic {
  const begin = first[issuer] as number;
  const place = begin + holder.subarray(begin, first[issuer + 1]).indexOf(to);
  if (place < begin) return noTraffic;
  return { relayBytes: relayBytes[place] as bigint, exitBytes: exitBytes[place] as bigint };
}

/** To be filled by its maker. */
export function emptyLinks(relays: number, count: number): Links {
  return {
    relays,
    first: new Uint32Array(relays + 1),
    holder: new Uint16Array(count),
    relayBytes: new BigUint64Array(count),
    exitBytes: new BigUint64Array(count),
  };
}
