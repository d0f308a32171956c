/*
 * Verifying what a guard and its subscriber sign: account, tally, bill.
 */
import { signedSchema, type Countersigned, type Signed } from '../crypto/sign.ts';
import { railTermsOf, usageCeil } from '../rule/price.ts';
import { bill, countersignedTally, signedAccount, signedTally, type Account, type Bill, type Tally } from '../wire/guard.ts';
import { kind, signedBy, termsClaim, timeText, type ByRelay, type Claim, type Known } from './kind.ts';

export const accountKind = kind<Signed<Account>>({
  title: 'an account',
  schema: signedAccount,
  signers: (signed, known) => signedBy(known, [guardOf('account', signed, null)]),
  claims: ({ body }) => [
    {
      what: 'its balance is what was deposited, less what was withdrawn and spent',
      holds: body.balance === body.deposited - body.withdrawn - body.spent,
    },
    {
      what: 'the deposits that it names are no more than what was deposited',
      holds: body.deposits.reduce((sum, one) => sum + one.amount, 0n) <= body.deposited,
    },
  ],
  says: ({ body }) => [
    ['guard', body.guard],
    ['subscriber', body.subscriber],
    ['deposited', `${body.deposited} on ${body.rail}, to ${body.destination}`],
    ['spent', `${body.spent}, withdrawn ${body.withdrawn}`],
    ['balance', `${body.balance} (${body.state})`],
    ['signed at', `${timeText(body.at)}, serial ${body.serial}`],
  ],
  proves: 'the guard owed the subscriber this balance at that time, and takes deposits at this destination',
  provesNot: ['that it is the last one: a higher serial counts', 'what the subscriber used: a tally that both signed shows that'],
});

const tallySays = ({ body }: Signed<Tally>): [string, string][] => [
  ['guard', body.guard],
  ['subscriber', body.subscriber],
  ['interval', `${body.interval}, serial ${body.serial}`],
  ['used', `${body.circuitBytes} bytes of circuits and ${body.otherBytes} of other traffic`],
  ['amount', `${body.amount} on ${body.rail}`],
];

export const tallyKind = kind<Countersigned<Tally>>({
  title: 'a tally, signed by both',
  schema: countersignedTally,
  signers: ({ body, signature, countersignature }, known) =>
    signedBy(known, [
      guardOf('tally', { body, signature }, body.interval),
      { role: 'its subscriber', object: 'tally', signed: { body, signature: countersignature }, key: body.subscriber },
    ]),
  claims: ({ body }, known) => tallyClaims(body, known),
  says: tallySays,
  proves: 'guard and subscriber agree on what was used in that interval so far, and on what it costs',
  provesNot: ['that it is the last one: a higher serial counts', 'to whom, or when, anything was sent'],
});

export const offeredTallyKind = kind<Signed<Tally>>({
  title: 'a tally, signed by its guard alone',
  schema: signedTally,
  signers: (signed, known) => signedBy(known, [guardOf('tally', signed, signed.body.interval)]),
  claims: ({ body }, known) => tallyClaims(body, known),
  says: tallySays,
  proves: 'the guard reckons so much as used in that interval',
  provesNot: ['that the subscriber agrees'],
});

export const billKind = kind<Signed<Bill>>({
  title: 'a bill',
  schema: signedSchema(bill),
  signers: (signed, known) => signedBy(known, [guardOf('bill', signed, signed.body.interval)]),
  claims: ({ body }, known) => [termsClaim(body, known)],
  says: ({ body }) => [
    ['guard', body.guard],
    ['subscriber', body.subscriber],
    ['interval', String(body.interval)],
    ['used', `${body.circuitBytes} bytes of circuits and ${body.otherBytes} of other traffic`],
    ['charge', `${body.charge} on ${body.rail}, at ${body.pricePerGib} a GiB`],
    ['balance', `${body.balance} at ${timeText(body.at)}`],
  ],
  proves: 'the guard billed this charge for that interval',
  provesNot: ['that the subscriber agrees: a tally that both signed shows that'],
});

type OfGuard = Pick<Tally, 'guard' | 'guardKey'>;

function guardOf(object: 'account' | 'tally' | 'bill', signed: Signed<OfGuard>, interval: number | null): ByRelay {
  const { guard, guardKey } = signed.body;
  return { role: 'its guard', object, signed, relay: guard, use: 'guard', number: guardKey, interval };
}

function tallyClaims(body: Tally, known: Known): Claim[] {
  const terms = known.terms(body.terms);
  const rail = terms === null ? null : railTermsOf(terms, body.rail);
  if (terms === null) return [termsClaim(body, known)];
  return [
    termsClaim(body, known),
    {
      what: 'its amount is the price of its bytes, rounded up',
      holds: rail !== null && usageCeil(terms, rail, body) === body.amount,
    },
  ];
}
