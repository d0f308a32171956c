/*
 * What the operator reads: links, IOUs, status. Books, credit and neighbours in; plain objects for one JSON answer out. Nothing
 * here names a circuit. Called by http.ts for local calls alone.
 */
import { scaledValue, valueFloor, type Traffic } from '../../core/rule/price.ts';
import type { Iou } from '../../core/wire/iou.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { Ports } from '../../host/ports.ts';
import { isUnderCertified } from '../circuit/compare.ts';
import type { Circuits } from '../circuit/table.ts';
import type { RelayConfig } from '../config.ts';
import { isNearLimit } from '../credit/decide.ts';
import type { CreditFlow } from '../credit/flow.ts';
import type { Publisher } from '../descriptor/flow.ts';
import { alarmIn, readEvidence, readInterval, readOwn, readVoid } from '../iou/store.ts';
import type { Links } from '../iou/links.ts';
import { intervalNow, nextTick, periodOf } from '../period.ts';
import type { Meter } from '../../tor/meter.ts';
import type { CellWatch } from './cells.ts';
import type { Neighbours } from './neighbours.ts';

/** Of what was certified for own subscribers. */
const INTERVALS_SHOWN = 8;

export interface LinkParts {
  readonly ports: Ports & { readonly meter: Meter };
  readonly config: RelayConfig;
  readonly circuits: Circuits;
  readonly links: Links;
  readonly neighbours: Neighbours;
  readonly credit: CreditFlow;
  readonly cells: CellWatch;
  readonly publisher: Publisher;
}

export interface Readings {
  links(): Promise<unknown>;
  /** Of one interval; the running one when null. */
  ious(interval: number | null): Promise<unknown>;
  status(): Promise<unknown>;
}

export function createReadings(parts: LinkParts): Readings {
  const { ports, config, circuits, neighbours, credit } = parts;
  const { clock, database, network } = ports;
  const running = () => intervalNow(network, clock.now());
  const alarm = alarmIn(ports.log);

  async function links() {
    const interval = running();
    const terms = interval === null ? null : network.terms(interval);
    if (interval === null || terms === null) return { interval: null, links: [] };
    const [rows, evidence, owed, credits] = await database.transaction(async (tx) => {
      const kept = await readInterval(tx, interval, alarm);
      const peers = new Set([...kept.map((row) => row.peer), ...neighbours.all(), ...circuits.holders(), ...circuits.issuers()]);
      return [kept, await readEvidence(tx), await credit.owedTo(tx), await credit.ofAll(tx, [...peers].sort(), terms)] as const;
    });
    const told = [...credits].map(([peer, lent]) => {
      const held = rows.find((row) => row.peer === peer && row.direction === 'held')?.signed.body ?? null;
      const issued = rows.find((row) => row.peer === peer && row.direction === 'issued')?.signed.body ?? null;
      const conflicts = evidence.filter((one) => one.peer === peer).length;
      return {
        peer,
        ...namesOf(peer),
        held: totals(held),
        issued: totals(issued),
        lent,
        conflicts,
        ...compared(peer, interval),
        cells: parts.cells.of(peer),
        ...borrowed(peer, interval, owed),
      };
    });
    return { interval, links: told };
  }

  /** Null fields: not in the directory, so not billed. */
  function namesOf(peer: string) {
    const known = network.descriptor(peer)?.body ?? null;
    return { nickname: known?.nickname ?? null, billed: known !== null };
  }

  /** What the peer certified beside what the own meter shows; of the interval before, the last word. */
  function compared(peer: string, interval: number) {
    const now = circuits.compared(peer, interval);
    return { ...now, underCertified: isUnderCertified(now), before: circuits.compared(peer, interval - 1) };
  }

  /** What this relay may still certify to the peer, and whether the peer answers. */
  function borrowed(peer: string, interval: number, owed: ReadonlyMap<string, bigint>) {
    const { creditLeftBytes, unreachableSince, refused } = neighbours.of(peer);
    const usedBytes = owed.get(peer) ?? 0n;
    const warning = creditLeftBytes !== null && isNearLimit(usedBytes, creditLeftBytes);
    const link = parts.links.get(peer, interval);
    const acknowledged = link?.held?.serial ?? null;
    const lastTick = link?.signed?.body.issuedAt ?? null;
    return { borrowed: { usedBytes, leftBytes: creditLeftBytes, warning }, acknowledged, lastTick, unreachableSince, refused };
  }

  return {
    links,
    async ious(asked) {
      const interval = asked ?? running();
      if (interval === null) return { interval: null, ious: [] };
      const terms = network.terms(interval);
      const [rows, voided] = await database.transaction(
        async (tx) => [await readInterval(tx, interval, alarm), await readVoid(tx, interval)] as const,
      );
      const ious = rows.map(({ direction, peer, signed: { body } }) => {
        const { issuer, holder, serial, relayBytes, exitBytes, issuedAt } = body;
        const { nickname } = namesOf(direction === 'held' ? issuer : holder);
        const what = { direction, issuer, holder, nickname, serial, relayBytes, exitBytes, issuedAt };
        return { ...what, values: valuesOf(terms, body), void: voided.has(peer) };
      });
      return { interval, ious };
    },
    async status() {
      const now = clock.now();
      const interval = running();
      const period = interval === null ? null : periodOf(network, interval);
      const consensus = network.consensus()?.body ?? null;
      return {
        id: config.id,
        nickname: config.nickname,
        flags: network.entry(config.id)?.flags ?? [],
        consensus: consensus === null ? null : { validAfter: consensus.validAfter, validUntil: consensus.validUntil },
        descriptor: { ...parts.publisher.state(), offline: config.identitySeed === null },
        meter: ports.meter.kind,
        tor: ports.meter.state?.() ?? null,
        interval,
        cutOff: period?.schedule.cutOff ?? null,
        nextTick: period === null ? null : nextTick(period, now),
        peers: new Set([...neighbours.all(), ...circuits.holders()]).size,
        unreachable: neighbours.all().filter((peer) => neighbours.of(peer).unreachableSince !== null).length,
        unbilled: circuits.holders().filter((peer) => network.descriptor(peer) === null).length,
        forOwn: await database.transaction((tx) => readOwn(tx, INTERVALS_SHOWN)),
      };
    },
  };
}

function totals(body: Iou | null) {
  return body === null ? null : { serial: body.serial, relayBytes: body.relayBytes, exitBytes: body.exitBytes };
}

/** By rail, in its smallest units, rounded down. */
function valuesOf(terms: Terms | null, traffic: Traffic): Record<string, bigint> {
  if (terms === null) return {};
  const rails = Object.entries(terms.parameters.rails);
  return Object.fromEntries(rails.map(([name, rail]) => [name, valueFloor(terms, scaledValue(terms, rail, traffic))]));
}
