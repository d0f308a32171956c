/*
 * Credit of peers: settlement's outcomes go in, and for one issuer or all of them the credit that this relay lends comes out.
 * Called by http.ts, iou/take.ts and link/flow.ts.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { localRefusals, type Done, type PairOutcome } from '../../core/local/messages.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import { railTermsOf } from '../../core/rule/price.ts';
import { sameFamily } from '../../core/wire/descriptor.ts';
import type { Iou } from '../../core/wire/iou.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { Clock, Database, NetworkView, Tx } from '../../host/ports.ts';
import type { RelayConfig } from '../config.ts';
import { intervalNow } from '../period.ts';
import { boughtBytes, creditOf, creditUnits, type Credit, type CreditBook } from './decide.ts';
import { readOutcomes, readUnpaid, saveOutcome, type Outcome, type Unpaid } from './store.ts';

export interface CreditFlow {
  takeOutcome(outcome: PairOutcome): Promise<Result<Done>>;
  /** What is needed to say what this relay lends some issuers, of whom it holds these totals. */
  lend(tx: Tx, issuers: readonly string[], held: readonly Unpaid[]): Promise<Lending>;
  /** What is lent an issuer now, by these terms. */
  of(lending: Lending, issuer: string, terms: Terms): Credit;
  /** An IOU is taken in the same transaction: what is lent after it is less. */
  take(lending: Lending, iou: Iou): void;
  /** What it lends every peer named. */
  ofAll(tx: Tx, peers: readonly string[], terms: Terms): Promise<Map<string, Credit>>;
  /** What this relay itself has certified to each peer and has not paid. */
  owedTo(tx: Tx): Promise<Map<string, bigint>>;
}

/** Of one transaction, read once for many deliveries. */
export interface Lending {
  readonly totals: Map<string, readonly Unpaid[]>;
  readonly outcomes: ReadonlyMap<string, readonly Outcome[]>;
}

const refuse = refuser(localRefusals);

interface CreditPorts {
  readonly clock: Clock;
  readonly database: Database;
  readonly network: NetworkView;
}

export function createCredit({ clock, database, network }: CreditPorts, config: RelayConfig): CreditFlow {
  const me = { ...config.descriptor, published: 0, expires: 0 };

  function isFamily(peer: string): boolean {
    const other = network.descriptor(peer);
    return other !== null && sameFamily(me, other.body);
  }

  /** Rule 10: a debt neither paid nor contested lapses with the window, whatever settlement said of it or did not say. */
  function unlapsed({ interval, totals }: Unpaid): CreditBook['unpaid'] {
    // Terms of an interval with IOUs are kept as long as these.
    const terms = network.terms(interval);
    if (terms === null || clock.now() >= scheduleOf(terms.parameters, interval).contestEnd) return [];
    return [{ terms, totals }];
  }

  function unpaidOf({ totals, outcomes }: Lending, issuer: string): CreditBook['unpaid'] {
    const settled = outcomes.get(issuer) ?? [];
    const isDischarged = ({ interval }: Unpaid) => settled.some((one) => one.discharged && one.interval === interval);
    return (totals.get(issuer) ?? []).flatMap((one) => (isDischarged(one) ? [] : unlapsed(one)));
  }

  function creditIn(lending: Lending, issuer: string, terms: Terms): Credit {
    const { creditStartBytes, creditIntervals } = terms.parameters;
    const since = (intervalNow(network, clock.now()) ?? terms.interval) - creditIntervals;
    let receivedBytes = 0n;
    for (const one of lending.outcomes.get(issuer) ?? []) if (one.interval >= since) receivedBytes += one.bytes;
    const unpaid = unpaidOf(lending, issuer);
    return creditOf({ startBytes: creditStartBytes, receivedBytes, unpaid, family: isFamily(issuer) });
  }

  return {
    async takeOutcome(outcome) {
      const terms = network.terms(outcome.interval);
      if (terms === null) return refuse('book-unknown', String(outcome.interval));
      const rail = railTermsOf(terms, outcome.rail);
      await database.transaction((tx) => saveOutcome(tx, outcome, rail === null ? 0n : boughtBytes(rail, outcome.received)));
      return ok({ done: true });
    },
    lend: async (tx, issuers, held) => ({ totals: byPeer(held), outcomes: byPeer(await readOutcomes(tx, issuers)) }),
    of: creditIn,
    take({ totals }, { issuer, interval, relayBytes, exitBytes }) {
      const others = (totals.get(issuer) ?? []).filter((one) => one.interval !== interval);
      totals.set(issuer, [...others, { peer: issuer, interval, totals: { relayBytes, exitBytes } }]);
    },
    async ofAll(tx, peers, terms) {
      const all = { totals: byPeer(await readUnpaid(tx, 'held')), outcomes: byPeer(await readOutcomes(tx, null)) };
      return new Map(peers.map((peer) => [peer, creditIn(all, peer, terms)]));
    },
    async owedTo(tx) {
      const owed = new Map<string, bigint>();
      for (const row of await readUnpaid(tx, 'issued')) {
        for (const { terms, totals } of unlapsed(row)) {
          owed.set(row.peer, (owed.get(row.peer) ?? 0n) + creditUnits(terms, totals));
        }
      }
      return owed;
    },
  };
}

function byPeer<T extends { readonly peer: string }>(rows: readonly T[]): Map<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const before = found.get(row.peer);
    if (before === undefined) found.set(row.peer, [row]);
    else before.push(row);
  }
  return found;
}
