/*
 * What a contest of an unpaid pair says (rule 10): the pair, its terms and the settlement before in; the contest's content, or null
 * where nothing is due, out. Decides alone, but for the wallet's own destination. Called at the end of the payment window.
 */
import type { Countersigned } from '../../core/crypto/sign.ts';
import { basisOf, dueOf } from '../../core/rule/contest.ts';
import type { Contest, ContestGround } from '../../core/wire/contest.ts';
import type { Settlement } from '../../core/wire/settlement.ts';
import type { Tx } from '../../host/ports.ts';
import { termsFor, type Office, type OwnRail } from '../office.ts';
import { bothSigned, type Pair } from '../pair/pair.ts';

/** `before`: the settlement of the interval before, if both signed one. */
export async function contestOf(
  office: Office,
  tx: Tx,
  pair: Pair,
  before: Countersigned<Settlement> | null,
): Promise<Contest | null> {
  const known = termsFor(office, pair.interval);
  const rail = pair.rail === null ? null : office.rail(pair.rail);
  if (known === null || rail === null || pair.side !== 'creditor') return null;
  const { interval } = pair;
  const draft: Contest = {
    contestant: office.me,
    contestantKey: office.signer(interval).number,
    accused: pair.peer,
    interval,
    terms: known.digest,
    rail: rail.wallet.rail,
    amount: 0n,
    destination: pair.settlement?.body.destination ?? (await ownDestination(rail, tx, pair.id)),
    ground: groundOf(pair, before),
    at: office.ports.clock.now(),
  };
  const amount = dueOf(known.terms, draft.rail, basisOf(draft));
  return amount === 0n ? null : { ...draft, amount };
}

/** What is published, where the wallet has none of its own for now. */
async function ownDestination({ wallet }: OwnRail, tx: Tx, id: string): Promise<string> {
  const own = await wallet.destination(tx, id);
  return own.ok ? own.value : wallet.fallback();
}

function groundOf(pair: Pair, before: Countersigned<Settlement> | null): ContestGround {
  const agreed = bothSigned(pair);
  if (agreed !== null) return { kind: 'agreed', settlement: agreed };
  const isCarried = before !== null && before.body.rail === pair.rail && before.body.carryLeft.amount > 0n;
  return { kind: 'claimed', held: bareOrNull(pair.held), issued: bareOrNull(pair.issued), carry: isCarried ? before : null };
}

function bareOrNull<T extends { readonly body: unknown; readonly signature: string } | null>(signed: T) {
  return signed === null ? null : { body: signed.body as NonNullable<T>['body'], signature: signed.signature };
}
