/*
 * The verdict: an authority's signed certificate of how a case ended, with all the evidence that it was decided on and nothing more,
 * so that anybody checks it again offline with nothing but network.json (design §5). And what the docket shows of its cases.
 */
import { z } from 'zod';
import { signedSchema } from '../crypto/sign.ts';
import { APPEALS_MAX, DOCKET_PAGE_MAX, VERDICT_BYTES_MAX } from '../limits.ts';
import { signedAnswer, signedComplaint } from './complaint.ts';
import { signedAppeal, signedContest } from './contest.ts';
import { descriptor } from './descriptor.ts';
import { hex32, interval, railName, seconds, units } from './field.ts';
import { terms } from './terms.ts';

export const caseState = z.enum(['open', 'answered', 'upheld', 'dismissed', 'withdrawn', 'late']);
export const outcome = z.enum(['upheld', 'dismissed', 'withdrawn', 'late']);
export type Outcome = z.infer<typeof outcome>;

/** By what it ended: the kind of the evidence, the contestant's withdrawal, or that nothing came. */
export const reason = z.enum([
  'no-answer',
  'withdrawn',
  'receipt',
  'payment',
  'carried',
  'set-off',
  'account',
  'payout',
  'tallies',
  'withdrawals',
]);
export type Reason = z.infer<typeof reason>;

/** Descriptors of one relay that a case needs: that of the filing, and earlier ones with other fallbacks. */
export const DESCRIPTORS_OF_CASE_MAX = 4;
const described = signedSchema(descriptor);

export const verdict = z.strictObject({
  authority: hex32,
  case: hex32,
  about: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('contest'),
      signed: signedContest,
      /** The newest at the filing, and those before it that were in force since the settlement time. */
      contestant: z.array(described).min(1).max(DESCRIPTORS_OF_CASE_MAX),
      accused: described,
      /** When the contestant's settlement lay ready for the accused at an authority. */
      letterAt: seconds.nullable(),
      /** Those that were accepted, in order, with the time of each. */
      appeals: z.array(z.strictObject({ at: seconds, signed: signedAppeal })).max(APPEALS_MAX),
    }),
    z.strictObject({
      kind: z.literal('complaint'),
      signed: signedComplaint,
      guard: described,
      answers: z.array(z.strictObject({ at: seconds, signed: signedAnswer })).max(APPEALS_MAX),
    }),
  ]),
  /** Of the interval contested; of the running one when the complaint was filed. */
  terms,
  filedAt: seconds,
  outcome,
  reason,
  at: seconds,
});
export type Verdict = z.infer<typeof verdict>;
export const signedVerdict = signedSchema(verdict);

/** A case as the docket lists it. */
export const docketLine = z.strictObject({
  case: hex32,
  kind: z.enum(['contest', 'complaint']),
  /** Of a complaint the subscriber’s key. */
  reporter: hex32,
  accused: hex32,
  /** Null for a complaint. */
  interval: interval.nullable(),
  rail: railName,
  /** Still due: what was claimed, without what appeals took off. */
  amount: units,
  state: caseState,
  reason: reason.nullable(),
  filedAt: seconds,
  /** Until then an answer keeps it from counting against the flag; until then it may be dismissed. */
  answerBy: seconds,
  appealBy: seconds,
  decidedAt: seconds.nullable(),
  /** Whether it counts against the accused’s Guard flag now (rule 12). */
  counts: z.boolean(),
});
export type DocketLine = z.infer<typeof docketLine>;

/** GET /directory/docket: newest first; `before` of the next page, null after the last. */
export const docketPage = z.strictObject({ cases: z.array(docketLine).max(DOCKET_PAGE_MAX), before: units.nullable() });
export type DocketPage = z.infer<typeof docketPage>;

/** One thing that happened to a case; `id` is its place in the public log. */
export const docketChange = z.strictObject({
  id: units,
  at: seconds,
  what: z.enum(['filed', 'answered', 'decided']),
  case: hex32,
  /** After it. */
  state: caseState,
  reason: reason.nullable(),
});
export type DocketChange = z.infer<typeof docketChange>;

/** GET /directory/docket/changes?after=ID: oldest first. */
export const docketChanges = z.strictObject({ changes: z.array(docketChange).max(DOCKET_PAGE_MAX), last: units.nullable() });
export type DocketChanges = z.infer<typeof docketChanges>;

/** GET /directory/docket/case/ID. */
export const docketCase = z.strictObject({
  line: docketLine,
  changes: z.array(docketChange).max(2 * APPEALS_MAX),
  about: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('contest'),
      signed: signedContest,
      letterAt: seconds.nullable(),
      appeals: z.array(z.strictObject({ at: seconds, signed: signedAppeal })).max(APPEALS_MAX),
    }),
    z.strictObject({
      kind: z.literal('complaint'),
      signed: signedComplaint,
      answers: z.array(z.strictObject({ at: seconds, signed: signedAnswer })).max(APPEALS_MAX),
    }),
  ]),
  /** The newest, once there is one. */
  verdict: signedVerdict.nullable(),
});
export type DocketCase = z.infer<typeof docketCase>;
export const DOCKET_CASE_BYTES_MAX = 2 * VERDICT_BYTES_MAX;

/** The docket's answer to a filing, an appeal, a complaint and an answer: the same again is answered the same. */
export const docketAnswer = z.strictObject({ case: hex32, state: caseState });
export type DocketAnswer = z.infer<typeof docketAnswer>;

/** What the standing of a relay is reckoned from (docs/rules, standing): the settled record, and time. */
export const relayRecord = z.strictObject({
  relay: hex32,
  /** Contests and complaints against it that were upheld, and that were paid late. */
  upheld: z.int().min(0),
  late: z.int().min(0),
  /** Contests of its own that were dismissed, but by `carried`. */
  refuted: z.int().min(0),
  /** Intervals known through whose windows are over, without any of the first two. */
  onTime: z.int().min(0),
  firstSeen: seconds,
  /** Its place in the directory's order, from 1, and of how many. */
  place: z.int().min(1),
  of: z.int().min(1),
  /** Reporters, families as one, whose contests count against its Guard flag now. */
  reporters: z.int().min(0),
});
export type RelayRecord = z.infer<typeof relayRecord>;

/** POST to the settlement, or the guard, of the accused: the docket has news for it. It fetches the case itself. */
export const caseNotice = z.strictObject({ case: hex32 });
export type CaseNotice = z.infer<typeof caseNotice>;

export const docketRefusals = {
  'docket-no-case': { retry: false, text: 'the docket has no such case', remedy: 'list the cases: ptg docket' },
  'docket-undecided': { retry: true, text: 'the case is not decided yet', remedy: 'wait for the end of its appeal window' },
} as const;
