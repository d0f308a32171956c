/*
 * IOUs: each relay's rows against what its neighbour's disk has of the same link and interval. Called by audit.ts; the seeded world
 * also keeps the totals, to see that none shrinks.
 */
import { number, text, type Rows } from './rows.ts';

export interface LinkRow {
  readonly direction: 'held' | 'issued';
  readonly interval: string;
  readonly peer: string;
  readonly serial: bigint;
  readonly relayBytes: bigint;
  readonly exitBytes: bigint;
  readonly signed: string;
}

export interface RelayLinks {
  readonly name: string;
  readonly id: string;
  /** Its wallet on the ledger, as its own descriptor says. */
  readonly account: string;
  readonly links: readonly LinkRow[];
}

interface SignedIou {
  readonly body: {
    readonly issuer: string;
    readonly holder: string;
    readonly interval: number;
    readonly serial: string;
    readonly relayBytes: string;
    readonly exitBytes: string;
  };
}

export async function readLinks(name: string, relay: Rows): Promise<RelayLinks> {
  const [own] = await relay.table('own_descriptor', ['relay', 'signed']);
  const descriptor = own === undefined ? null : (JSON.parse(text(own, 'signed')) as DescriptorShown);
  const columns = ['direction', 'interval_number', 'peer', 'serial', 'relay_bytes', 'exit_bytes', 'signed'];
  const links = (await relay.table('iou', columns)).map((row) => ({
    direction: text(row, 'direction') as LinkRow['direction'],
    interval: text(row, 'interval_number'),
    peer: text(row, 'peer'),
    serial: number(row, 'serial'),
    relayBytes: number(row, 'relay_bytes'),
    exitBytes: number(row, 'exit_bytes'),
    signed: text(row, 'signed'),
  }));
  const fallback = descriptor?.body.rails.find((one) => one.rail === 'ledger')?.fallback ?? '';
  return { name, id: own === undefined ? '' : text(own, 'relay'), account: fallback.split('.')[0] ?? '', links };
}

interface DescriptorShown {
  readonly body: { readonly rails: readonly { readonly rail: string; readonly fallback: string }[] };
}

export function auditLinks(relays: readonly (RelayLinks & { readonly isTrusted: boolean })[]): string[] {
  const byId = new Map(relays.map((one) => [one.id, one]));
  const faults: string[] = [];
  for (const me of relays) {
    if (!me.isTrusted) continue;
    for (const link of me.links) {
      const what = `${me.name}: IOU ${link.direction} of interval ${link.interval} with ${byId.get(link.peer)?.name ?? link.peer}`;
      if (!isAsWritten(me.id, link)) faults.push(`${what} is not what its columns say`);
      const peer = byId.get(link.peer);
      if (link.direction === 'held' && peer?.isTrusted === true) faults.push(...againstIssuer(what, me, link, peer));
    }
  }
  return faults;
}

function isAsWritten(me: string, link: LinkRow): boolean {
  const { body } = JSON.parse(link.signed) as SignedIou;
  const [issuer, holder] = link.direction === 'held' ? [link.peer, me] : [me, link.peer];
  return (
    body.issuer === issuer &&
    body.holder === holder &&
    String(body.interval) === link.interval &&
    BigInt(body.serial) === link.serial &&
    BigInt(body.relayBytes) === link.relayBytes &&
    BigInt(body.exitBytes) === link.exitBytes
  );
}

/** What is signed is on the issuer's disk before anybody can hold it. */
function againstIssuer(what: string, me: RelayLinks, held: LinkRow, issuer: RelayLinks): string[] {
  const issued = issuer.links.find((one) => one.direction === 'issued' && one.interval === held.interval && one.peer === me.id);
  if (issued === undefined) return [`${what} was never issued`];
  if (issued.serial === held.serial) return issued.signed === held.signed ? [] : [`${what}: one serial, two contents`];
  const isBelow = issued.serial > held.serial && issued.relayBytes >= held.relayBytes && issued.exitBytes >= held.exitBytes;
  return isBelow ? [] : [`${what} is more than was issued`];
}
