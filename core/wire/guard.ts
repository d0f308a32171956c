/*
 * Between a subscriber and its guard: the account that the guard signs, the tally that both sign, the subscriber's signed
 * requests and the bill (design §5). The guard never learns an exit, and stores no circuit.
 */
import { z } from 'zod';
import { countersignedSchema, signedSchema } from '../crypto/sign.ts';
import { ACCOUNT_DEPOSITS_MAX, RAILS_MAX } from '../limits.ts';
import { destination, hex16, hex32, interval, keyNumber, nickname, railName, seconds, signedUnits, units } from './field.ts';

/** The usage total of one interval: guard signs, then subscriber. `amount` is rounded up once (rule 3). */
export const tally = z.strictObject({
  guard: hex32,
  guardKey: keyNumber,
  subscriber: hex32,
  interval,
  terms: hex32,
  rail: railName,
  serial: units,
  /** Bytes of circuits, at least the starting amount each; and what else the transport carried. */
  circuitBytes: units,
  otherBytes: units,
  /** The same by price: through standard hops (otherBytes among them), and out of an exit. */
  relayBytes: units,
  exitBytes: units,
  amount: units,
});
export type Tally = z.infer<typeof tally>;
export const signedTally = signedSchema(tally);
export const countersignedTally = countersignedSchema(tally);

export const creditedDeposit = z.strictObject({ payment: z.string().max(200), amount: units, at: seconds });
export type CreditedDeposit = z.infer<typeof creditedDeposit>;

/** Signed by the guard at subscription and after every change. */
export const account = z.strictObject({
  guard: hex32,
  guardKey: keyNumber,
  subscriber: hex32,
  serial: units,
  rail: railName,
  /** The subscriber's own, never another's (PG-02). */
  destination,
  /** The newest; `deposited` counts all. */
  deposits: z.array(creditedDeposit).max(ACCOUNT_DEPOSITS_MAX),
  deposited: units,
  /** Noticed on the rail, not yet confirmed. */
  unconfirmed: units,
  withdrawn: units,
  /** Amounts of all intervals' tallies; and the newest of these, of whichever guard of a family, null before the first. */
  spent: units,
  lastTally: z.strictObject({ interval, serial: units, amount: units }).nullable(),
  balance: signedUnits,
  state: z.enum(['open', 'low', 'cut-off']),
  at: seconds,
});
export type Account = z.infer<typeof account>;
export const signedAccount = signedSchema(account);

/** What a subscriber asks, signed by its key; `id` makes a repetition the same request. */
export const request = z.strictObject({
  subscriber: hex32,
  guard: hex32,
  id: hex16,
  at: seconds,
  ask: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('subscribe'), rail: railName }),
    z.strictObject({ kind: z.literal('account') }),
    z.strictObject({ kind: z.literal('tally'), interval }),
    z.strictObject({ kind: z.literal('sign-tally'), tally: countersignedTally }),
    z.strictObject({ kind: z.literal('withdraw'), amount: units, destination }),
    z.strictObject({ kind: z.literal('bill'), interval }),
  ]),
});
export type SubscriberRequest = z.infer<typeof request>;
export const signedRequest = signedSchema(request);

/** The readable form of an interval's tally. */
export const bill = z.strictObject({
  guard: hex32,
  guardKey: keyNumber,
  subscriber: hex32,
  interval,
  terms: hex32,
  rail: railName,
  circuitBytes: units,
  otherBytes: units,
  /** Price of a GiB through a circuit of the network's usual length. */
  pricePerGib: units,
  charge: units,
  balance: signedUnits,
  at: seconds,
});
export type Bill = z.infer<typeof bill>;

export const withdrawal = z.strictObject({
  id: hex16,
  state: z.enum(['accepted', 'sent', 'paid']),
  amount: units,
  destination,
  payment: z.string().max(200).nullable(),
});
export type Withdrawal = z.infer<typeof withdrawal>;

/** The one answer to every request. */
export const requestAnswer = z.strictObject({
  account: signedAccount,
  tally: signedTally.nullable(),
  bill: signedSchema(bill).nullable(),
  withdrawal: withdrawal.nullable(),
});
export type RequestAnswer = z.infer<typeof requestAnswer>;

/** What a guard tells anybody who may become its subscriber. */
export const guardOffer = z.strictObject({
  id: hex32,
  nickname,
  /** The one that the guard prefers first. */
  rails: z
    .array(
      z.strictObject({
        rail: railName,
        /** A GiB, and the starting amount, through a circuit of the network's usual length that leaves Tor. */
        pricePerGib: units,
        startingAmount: units,
        /** Of a deposit before it counts. */
        confirmations: z.int().min(0),
      }),
    )
    .max(RAILS_MAX),
});
export type GuardOffer = z.infer<typeof guardOffer>;

/** In the order of the checks. */
export const guardRefusals = {
  'request-other-guard': { retry: false, text: 'the request is for another guard', remedy: 'send it to the guard that it names' },
  'request-signature': { retry: false, text: 'the subscriber has not signed it', remedy: 'sign with the account’s key' },
  'request-time': { retry: false, text: 'it is dated too far from the guard’s clock', remedy: 'set the clock' },
  'request-no-account': { retry: false, text: 'this key has no account here', remedy: 'subscribe first: ptg subscribe' },
  'request-rail': {
    retry: false,
    text: 'the guard takes no deposits on that rail',
    remedy: 'choose one of the rails that ptg guards shows',
  },
  'request-busy': { retry: true, text: 'the guard takes no more subscribers now', remedy: 'try later, or choose another guard' },
  'request-unknown-terms': {
    retry: true,
    text: 'the terms of that interval are not known here',
    remedy: 'wait for the next consensus',
  },
  'tally-signature': {
    retry: false,
    text: 'a signature under the tally does not fit',
    remedy: 'sign the guard’s newest tally as it is',
  },
  'tally-old': { retry: false, text: 'it is not the guard’s newest tally', remedy: 'ask for the newest one' },
  'withdraw-funds': {
    retry: false,
    text: 'the balance does not cover it',
    remedy: 'withdraw no more than the balance: ptg balance',
  },
  'withdraw-destination': { retry: false, text: 'the destination cannot be paid to', remedy: 'give one of the account’s rail' },
  'withdraw-conflict': { retry: false, text: 'another withdrawal has this id', remedy: 'use a new id for a new withdrawal' },
} as const;
