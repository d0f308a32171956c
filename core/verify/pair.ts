/*
 * Verifying what two relays sign for each other: IOU, statement, settlement, receipt. Where the terms are known, sums are reckoned
 * again by rule 8.
 */
import { signedSchema, type Signed, type Countersigned } from '../crypto/sign.ts';
import { scheduleOf } from '../rule/interval.ts';
import { netOf } from '../rule/net.ts';
import { railTermsOf } from '../rule/price.ts';
import { iou, totalsOf, type Iou } from '../wire/iou.ts';
import {
  countersignedSettlement,
  receipt,
  settlementId,
  signedSettlement,
  statement,
  type Receipt,
  type Settlement,
  type Statement,
} from '../wire/settlement.ts';
import { kind, signedBy, termsClaim, timeText, type ByRelay, type Claim, type Known } from './kind.ts';

export const iouKind = kind<Signed<Iou>>({
  title: 'an IOU',
  schema: signedSchema(iou),
  signers: (signed, known) => signedBy(known, [iouSigner('its issuer', signed)]),
  claims: ({ body }, known) => [
    { what: 'issuer and holder are two relays', holds: body.issuer !== body.holder },
    termsClaim(body, known),
  ],
  says: ({ body }) => [
    ['issuer', body.issuer],
    ['holder', body.holder],
    ['interval', `${body.interval}, serial ${body.serial}, issued ${timeText(body.issuedAt)}`],
    ['owes for', `${body.relayBytes} bytes at the standard price and ${body.exitBytes} at the exit price`],
  ],
  proves: 'the issuer signed that it owes the holder for so much traffic in that interval',
  provesNot: ['that it is the last one: a higher serial counts more', 'that it is unpaid, or was not voided by a contest'],
});

export const statementKind = kind<Signed<Statement>>({
  title: 'a statement',
  schema: signedSchema(statement),
  signers: ({ body, ...rest }, known) =>
    signedBy(known, [
      ...shown(body.held, 'the other side, of the IOU held'),
      ...shown(body.issued, 'its writer, of the IOU issued'),
      { ...settling('its writer', body.from, body.fromKey, body.interval), object: 'statement', signed: { body, ...rest } },
    ]),
  claims: ({ body }, known) => [
    ...iouClaims('held', body.held, { issuer: body.to, holder: body.from, ...body }),
    ...iouClaims('issued', body.issued, { issuer: body.from, holder: body.to, ...body }),
    termsClaim(body, known),
  ],
  says: ({ body }) => [
    ['from', body.from],
    ['to', body.to],
    ['interval', String(body.interval)],
    ['holds', totalsText(body.held)],
    ['issued', totalsText(body.issued)],
  ],
  proves: 'its writer showed these as the best IOUs that it had of the pair',
  provesNot: ['what the other side has', 'that anything was agreed or paid'],
});

const settlementSays = ({ body }: Signed<Settlement>): [string, string][] => [
  ['id', body.id],
  ['creditor', body.creditor],
  ['debtor', body.debtor],
  ['interval', String(body.interval)],
  ['amount', `${body.amount} on ${body.rail}, due ${timeText(body.due)}`],
  ['to', body.destination ?? 'nothing is paid now'],
  ['carried in', String(body.carryIn.amount)],
  ['carried on', String(body.carryLeft.amount)],
];

export const settlementKind = kind<Countersigned<Settlement>>({
  title: 'a settlement, signed by both',
  schema: countersignedSettlement,
  signers({ body, signature, countersignature }, known) {
    const debtor = settling('its debtor', body.debtor, body.debtorKey, body.interval);
    return signedBy(known, [
      ...creditorSide({ body, signature }),
      { ...debtor, object: 'settlement', signed: { body, signature: countersignature } },
    ]);
  },
  claims: ({ body }, known) => settlementClaims(body, known),
  says: settlementSays,
  proves: 'both agreed that the debtor owes the creditor this amount, to this destination, at that time',
  provesNot: ['that it was paid: a receipt or a proof of the payment shows that'],
});

export const offeredKind = kind<Signed<Settlement>>({
  title: 'a settlement, signed by its creditor alone',
  schema: signedSettlement,
  signers: (signed, known) => signedBy(known, creditorSide(signed)),
  claims: ({ body }, known) => settlementClaims(body, known),
  says: settlementSays,
  proves: 'the creditor asked for this amount, and signed this destination',
  provesNot: ['that the debtor agreed', 'that it was paid'],
});

export const receiptKind = kind<Signed<Receipt>>({
  title: 'a receipt',
  schema: signedSchema(receipt),
  signers: (signed, known) => {
    const { body } = signed;
    return signedBy(known, [
      { ...settling('its creditor', body.creditor, body.creditorKey, body.interval), object: 'receipt', signed },
    ]);
  },
  claims({ body }, known) {
    const paid = known.payment(body.proof);
    const id = settlementId(known.network.networkId, body.interval, body.creditor, body.debtor);
    return [
      { what: 'the settlement is of this pair and interval', holds: body.settlement === id },
      { what: 'its proof of the payment is of its rail', holds: body.proof.rail === body.rail },
      { what: 'its proof of the payment holds', holds: paid !== null },
      { what: 'the proof is of the payment that it names', holds: paid?.payment === body.payment },
      { what: 'the payment is of no less than its amount', holds: paid !== null && paid.amount >= body.amount },
    ];
  },
  says: ({ body }) => [
    ['creditor', body.creditor],
    ['debtor', body.debtor],
    ['settlement', `${body.settlement}, interval ${body.interval}`],
    ['amount', `${body.amount} on ${body.rail}, payment ${body.payment}`],
    ['signed at', timeText(body.at)],
  ],
  proves: 'the creditor discharged the debtor of that settlement, and the rail shows the payment',
  provesNot: ['that the payment went to the settlement’s destination: compare it with the settlement'],
});

function settling(role: string, relay: string, number: number, interval: number) {
  return { role, relay, number, interval, use: 'settlement' } as const;
}

function iouSigner(role: string, signed: Signed<Iou>): ByRelay {
  const { issuer, issuerKey, interval } = signed.body;
  return { role, object: 'iou', signed, relay: issuer, use: 'iou', number: issuerKey, interval };
}

function shown(held: Signed<Iou> | null, role: string): ByRelay[] {
  return held === null ? [] : [iouSigner(role, held)];
}

/** The IOUs inside first: who changed one of those changed what is around it, too. */
function creditorSide(signed: Signed<Settlement>): ByRelay[] {
  const { body } = signed;
  return [
    ...shown(body.owed, 'its debtor, of the IOU owed'),
    ...shown(body.owing, 'its creditor, of the IOU owing'),
    { ...settling('its creditor', body.creditor, body.creditorKey, body.interval), object: 'settlement', signed },
  ];
}

interface Place {
  readonly issuer: string;
  readonly holder: string;
  readonly interval: number;
  readonly terms: string;
}

function iouClaims(name: string, held: Signed<Iou> | null, place: Place): Claim[] {
  if (held === null) return [];
  const { issuer, holder, interval, terms } = held.body;
  return [
    { what: `the IOU ${name} is of this pair`, holds: issuer === place.issuer && holder === place.holder },
    { what: `the IOU ${name} is of this interval and its terms`, holds: interval === place.interval && terms === place.terms },
  ];
}

function settlementClaims(body: Settlement, known: Known): Claim[] {
  const id = settlementId(known.network.networkId, body.interval, body.creditor, body.debtor);
  const terms = known.terms(body.terms);
  const rail = terms === null ? null : railTermsOf(terms, body.rail);
  const structure: Claim[] = [
    { what: 'its id is of this pair and interval', holds: body.id === id },
    ...iouClaims('owed', body.owed, { issuer: body.debtor, holder: body.creditor, ...body }),
    ...iouClaims('owing', body.owing, { issuer: body.creditor, holder: body.debtor, ...body }),
    { what: 'it names a destination just where something is paid', holds: body.amount > 0n === (body.destination !== null) },
    termsClaim(body, known),
  ];
  if (terms === null) return structure;
  if (rail === null) return [...structure, { what: 'its terms have this rail', holds: false }];
  const net = netOf(terms, rail, { held: totalsOf(body.owed), issued: totalsOf(body.owing), carry: body.carryIn });
  return [
    ...structure,
    { what: 'by its IOUs and the carry it is the creditor who is owed', holds: net.creditor !== 'them' },
    { what: 'its amount is the net of its IOUs and the carry', holds: net.amount === body.amount },
    { what: 'what is carried on is the rest', holds: net.carryLeft.amount === body.carryLeft.amount },
    { what: 'it is due at the balance settlement time', holds: scheduleOf(terms.parameters, body.interval).bst === body.due },
  ];
}

function totalsText(held: Signed<Iou> | null): string {
  const { relayBytes, exitBytes } = totalsOf(held);
  return held === null ? 'no IOU' : `serial ${held.body.serial}: ${relayBytes} bytes standard, ${exitBytes} exit`;
}
