/*
 * Credit of peers: settlement's outcomes go in, and for one issuer or all of them the credit that this relay lends comes out.
 * Called by http.ts, iou/take.ts and link/flow.ts.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { localRefusals, type Done, type PairOutcome } from '../../core/local/messages.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import { railTermsOf } from '../../core/rule/price.ts';
import { sameFamily } from '../../core/wire/descriptor.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { Clock, Database, NetworkView, Tx } from '../../host/ports.ts';
import type { RelayConfig } from '../config.ts';
import { intervalNow } from '../period.ts';
import { boughtBytes, creditOf, creditUnits, type Credit, type CreditBook } from './decide.ts';
import { readReceived, readUnpaid, saveOutcome, type Unpaid } from './store.ts';

export interface CreditFlow {
  takeOutcome(outcome: PairOutcome): Promise<Result<Done>>;
  /** What this relay lends an issuer now, by these terms. */
  of(tx: Tx, issuer: string, terms: Terms): Promise<Credit>;
  /** The same for every peer named. */
  ofAll(tx: Tx, peers: readonly string[], terms: Terms): Promise<Map<string, Credit>>;
  /** What this relay itself has certified to each peer and has not paid. */
  owedTo(tx: Tx): Promise<Map<string, bigint>>;
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

  async function read(tx: Tx, peer: string | null, peers: readonly string[], terms: Terms): Promise<Map<string, Credit>> {
    const { creditStartBytes, creditIntervals } = terms.parameters;
    const running = intervalNow(network, clock.now()) ?? terms.interval;
    const received = await readReceived(tx, running - creditIntervals, peer);
    const unpaid = await readUnpaid(tx, 'held', peer);
    const credits = new Map<string, Credit>();
    for (const one of peers) {
      const receivedBytes = received.reduce((sum, row) => (row.peer === one ? sum + row.bytes : sum), 0n);
      const mine = unpaid.filter((row) => row.peer === one).flatMap(unlapsed);
      credits.set(one, creditOf({ startBytes: creditStartBytes, receivedBytes, unpaid: mine, family: isFamily(one) }));
    }
    return credits;
  }

  return {
    async takeOutcome(outcome) {
      const terms = network.terms(outcome.interval);
      if (terms === null) return refuse('book-unknown', String(outcome.interval));
      const rail = railTermsOf(terms, outcome.rail);
      await database.transaction((tx) => saveOutcome(tx, outcome, rail === null ? 0n : boughtBytes(rail, outcome.received)));
      return ok({ done: true });
    },
    of: async (tx, issuer, terms) => (await read(tx, issuer, [issuer], terms)).get(issuer) as Credit,
    ofAll: (tx, peers, terms) => read(tx, null, peers, terms),
    async owedTo(tx) {
      const owed = new Map<string, bigint>();
      for (const row of await readUnpaid(tx, 'issued', null)) {
        for (const { terms, totals } of unlapsed(row)) {
          owed.set(row.peer, (owed.get(row.peer) ?? 0n) + creditUnits(terms, totals));
        }
      }
      return owed;
    },
  };
}
