/*
 * What a case shows, as people read it: IOUs of both directions and what they are worth, settlements, receipts, payments as the
 * rail proves them, accounts, tallies. Signed objects in, markup out. Called by case.ts.
 */
import type { Countersigned, Signed } from '../../core/crypto/sign.ts';
import { railTermsOf, scaledValue, valueFloor } from '../../core/rule/price.ts';
import type { AnswerEvidence, Complaint } from '../../core/wire/complaint.ts';
import type { AppealEvidence, Contest } from '../../core/wire/contest.ts';
import type { Account, Tally } from '../../core/wire/guard.ts';
import { totalsOf, type Iou } from '../../core/wire/iou.ts';
import type { Carry, PaymentProof, Receipt, Settlement } from '../../core/wire/settlement.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { Known } from './known.ts';
import { markup, type Markup, type Value } from '../../host/http/markup.ts';
import { facts, grouped, money, relayLink, relayName, table, time } from './words.ts';

export interface Shower {
  readonly known: Known;
  /** Of the interval contested; null where they are not known. */
  readonly terms: Terms | null;
  readonly rail: string;
}

export function contestEvidence(shower: Shower, body: Contest): Markup {
  const { known, rail } = shower;
  const { contestant, accused, ground } = body;
  const [by, against] = [relayName(known, contestant), relayName(known, accused)];
  if (ground.kind === 'agreed') {
    return markup`<p>${by} shows the settlement that both signed.</p>
${settlementShown(shower, ground.settlement)}`;
  }
  const { held, issued, carry } = ground;
  return markup`<p>${against} signed no settlement. ${by} shows the IOUs of both directions, and claims their net.</p>
${iousTable(shower, [
  [`${against} owes ${by}`, held],
  [`${by} owes ${against}`, issued],
])}
${facts([
  ['Claimed', money(body.amount, rail)],
  ['To be paid to', markup`<code>${body.destination}</code>`],
])}
${carry === null ? null : markup`<h3>The settlement of the interval before, whose rest is claimed as well</h3>${settlementShown(shower, carry)}`}`;
}

function settlementShown(shower: Shower, { body }: Countersigned<Settlement>): Markup {
  const { known } = shower;
  const { creditor, debtor, owed, owing, carryIn, carryLeft, amount, rail, destination, due } = body;
  const [first, second] = [relayName(known, creditor), relayName(known, debtor)];
  return markup`${iousTable(shower, [
    [`${second} owes ${first}`, owed],
    [`${first} owes ${second}`, owing],
  ])}
${facts([
  ['Settlement', markup`<code>${body.id}</code>, interval ${body.interval}`],
  ['Creditor, debtor', markup`${relayLink(known, creditor)}, ${relayLink(known, debtor)}`],
  ['Carried in, in the creditor’s favour', carryShown(carryIn, rail)],
  ['To be paid', money(amount, rail)],
  ['Carried on', carryShown(carryLeft, rail)],
  ['To be paid to', destination === null ? 'nothing is to be paid now' : markup`<code>${destination}</code>`],
  ['Due', time(due)],
])}`;
}

function carryShown({ amount, since }: Carry, rail: string): Value {
  return amount === 0n ? 'nothing' : markup`${money(amount, rail)}, since interval ${since}`;
}

function iousTable(shower: Shower, ious: readonly (readonly [string, Signed<Iou> | null])[]): Markup {
  return table({
    caption: ious.length > 1 ? 'IOU totals, both directions' : 'IOU totals',
    heads: ['direction', 'serial', 'bytes through relays', 'bytes out of an exit', 'worth', 'issued'],
    rows: ious.map(([direction, one]) => iouRow(shower, direction, one)),
    none: 'No IOU is shown.',
  });
}

function iouRow({ terms, rail }: Shower, direction: string, one: Signed<Iou> | null): Value[] {
  if (one === null) return [direction, '–', '0', '0', money(0n, rail), 'none is shown'];
  const prices = terms === null ? null : railTermsOf(terms, rail);
  const worth = terms === null || prices === null ? null : valueFloor(terms, scaledValue(terms, prices, totalsOf(one)));
  const { serial, relayBytes, exitBytes, issuedAt } = one.body;
  return [
    direction,
    grouped(serial),
    grouped(relayBytes),
    grouped(exitBytes),
    worth === null ? 'terms not known' : money(worth, rail),
    time(issuedAt),
  ];
}

/** Against a contest. */
export function appealEvidenceShown(shower: Shower, from: string, evidence: AppealEvidence): Markup {
  const { known } = shower;
  switch (evidence.kind) {
    case 'receipt':
      return receiptShown(known, evidence.receipt.body);
    case 'payment':
      return markup`<p>The rail’s proof of a payment.</p>${paymentShown(known, evidence.proof)}
${evidence.settlement === null ? null : settlementShown(shower, evidence.settlement)}`;
    case 'carried':
      return markup`<p>The settlement that both signed: nothing is to be paid now.</p>${settlementShown(shower, evidence.settlement)}`;
    case 'set-off': {
      const { issuer } = evidence.iou.body;
      return markup`<p>A later IOU of the contestant.</p>${iousTable(shower, [[`${relayName(known, issuer)} owes ${relayName(known, from)}`, evidence.iou]])}`;
    }
  }
}

function receiptShown(known: Known, { creditor, debtor, rail, amount, payment, proof, at }: Receipt): Markup {
  return markup`<p>The receipt of ${relayLink(known, creditor)} for ${relayLink(known, debtor)}.</p>
${facts([
  ['Received', money(amount, rail)],
  ['Payment', markup`<code>${payment}</code>`],
  ['Signed', time(at)],
])}${paymentShown(known, proof)}`;
}

function paymentShown(known: Known, proof: PaymentProof): Markup {
  const shown = known.payment(proof);
  if (shown === null) return markup`<p>Its proof on the rail ${proof.rail} cannot be read here.</p>`;
  return facts([
    ['Payment shown by the rail', markup`<code>${shown.payment}</code>`],
    ['Paid', money(shown.amount, proof.rail)],
    ['Paid to', markup`<code>${shown.destination}</code>`],
    ['At', time(shown.at)],
  ]);
}

export function complaintEvidence(known: Known, { subscriber, guard, account, about }: Complaint): Markup {
  const name = relayName(known, guard);
  const claim =
    about.kind === 'deposit'
      ? markup`<p>A deposit to the account’s own destination, which ${name} does not credit.</p>${paymentShown(known, about.proof)}`
      : withdrawalShown(name, account.body.rail, about.request.body.ask, about.request.body);
  return markup`${claim}
<h3>The account as the guard signed it</h3>
${accountShown(account.body)}
<h3>Who complains</h3>
<p>The account’s key, as it stands in what was signed: <code>${subscriber}</code></p>`;
}

function withdrawalShown(
  name: string,
  rail: string,
  ask: { readonly kind: string; readonly amount?: bigint; readonly destination?: string },
  { id, at }: { readonly id: string; readonly at: number },
): Markup {
  return markup`<p>A withdrawal, which ${name} has not paid.</p>${facts([
    ['Asked for', ask.amount === undefined ? 'nothing' : money(ask.amount, rail)],
    ['To be paid to', markup`<code>${ask.destination ?? ''}</code>`],
    ['Asked at', time(at)],
    ['Request', markup`<code>${id}</code>`],
  ])}`;
}

function accountShown({ serial, rail, destination, deposited, withdrawn, spent, balance, deposits, at }: Account): Markup {
  return markup`${facts([
    ['Signed', markup`${time(at)}, serial ${grouped(serial)}`],
    ['Destination', markup`<code>${destination}</code>`],
    ['Deposited', money(deposited, rail)],
    ['Withdrawn', money(withdrawn, rail)],
    ['Spent', money(spent, rail)],
    ['Balance', money(balance, rail)],
  ])}
${table({
  caption: 'Deposits that it credits',
  heads: ['payment', 'amount', 'paid'],
  rows: deposits.map((one) => [markup`<code>${one.payment}</code>`, money(one.amount, rail), time(one.at)]),
  none: 'It credits no deposit.',
})}`;
}

/** Against a complaint. */
export function answerEvidenceShown(known: Known, evidence: AnswerEvidence): Markup {
  switch (evidence.kind) {
    case 'account':
      return markup`<p>An account that credits the deposit.</p>${accountShown(evidence.account.body)}`;
    case 'payout':
      return markup`<p>The rail’s proof of the payout.</p>${paymentShown(known, evidence.proof)}`;
    case 'tallies':
      return markup`<p>Tallies that the subscriber signed: the balance was used up.</p>${talliesShown(evidence.tallies.map((one) => one.body))}`;
    case 'withdrawals':
      return markup`<p>Other withdrawals that the subscriber asked for and got: they left too little.</p>${evidence.withdrawals.map(
        ({ proof }) => paymentShown(known, proof),
      )}${talliesShown(evidence.tallies.map((one) => one.body))}`;
  }
}

function talliesShown(tallies: readonly Tally[]): Markup {
  return table({
    caption: 'Tallies signed by both',
    heads: ['interval', 'serial', 'bytes in circuits', 'other bytes', 'amount'],
    rows: tallies.map((one) => [
      one.interval,
      grouped(one.serial),
      grouped(one.circuitBytes),
      grouped(one.otherBytes),
      money(one.amount, one.rail),
    ]),
    none: 'None is shown.',
  });
}
