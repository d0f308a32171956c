/*
 * The directory's endpoints: method, path, schema, flow. Public but for one: its log is, and what is posted is signed.
 */
import { z } from 'zod';
import { signedSchema, type Signed } from '../core/crypto/sign.ts';
import { LETTER_CHARS_MAX } from '../core/limits.ts';
import { ok } from '../core/refusal.ts';
import { signedAnswer, signedComplaint, type Answer, type Complaint } from '../core/wire/complaint.ts';
import { signedAppeal, signedContest, type Appeal, type Contest } from '../core/wire/contest.ts';
import { descriptor, type Descriptor } from '../core/wire/descriptor.ts';
import { descriptorsQuery, type DescriptorsQuery } from '../core/wire/directory.ts';
import { hex32, units } from '../core/wire/field.ts';
import { signedLetter, signedMailboxFetch, type Letter, type MailboxFetch } from '../core/wire/mailbox.ts';
import { readings } from '../host/http/reading.ts';
import type { Endpoint } from '../host/ports.ts';
import type { Appeals } from './appeal/flow.ts';
import type { Complaints } from './complaint/flow.ts';
import type { Consensuses } from './consensus/flow.ts';
import type { Contests } from './contest/flow.ts';
import type { Descriptors } from './descriptor/flow.ts';
import type { Docket } from './docket/flow.ts';
import type { Relays } from './flags/flow.ts';
import type { Book } from './log/flow.ts';
import type { Mailbox } from './mailbox/flow.ts';
import type { TorSide } from './tor/flow.ts';

export interface Items {
  readonly book: Book;
  readonly descriptors: Descriptors;
  readonly consensuses: Consensuses;
  readonly relays: Relays;
  readonly mailbox: Mailbox;
  readonly contests: Contests;
  readonly appeals: Appeals;
  readonly complaints: Complaints;
  readonly docket: Docket;
  readonly torSide: TorSide;
}

/** With a rail's proof in it, or a complaint's tallies. */
const EVIDENCE_BYTES_MAX = 131_072;

const nothing = z.strictObject({});
const ofInterval = z.strictObject({
  interval: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,9})$/, 'an interval')
    .transform(Number),
});
const ofRelay = z.strictObject({ relay: z.string().min(1).max(64) });
const ofPage = z.strictObject({ from: units });
const ofInclusion = z.strictObject({ index: units, size: units });
const ofConsistency = z.strictObject({ from: units, to: units });
const ofCase = z.strictObject({ case: hex32 });
const ofDocket = z.strictObject({ before: units.optional(), relay: hex32.optional() });
const ofChanges = z.strictObject({ after: units.optional() });

const read = readings('directory');

export function directoryEndpoints(items: Items): readonly Endpoint[] {
  return [...ofNetwork(items), ...filings(items), ...ofTheDocket(items), ofTheTor(items)];
}

function ofNetwork({ book, descriptors, consensuses, relays, mailbox }: Items): readonly Endpoint[] {
  return [
    {
      method: 'POST',
      path: '/directory/publish',
      access: 'public',
      tag: 'descriptor',
      input: signedSchema(descriptor),
      answer: (input: Signed<Descriptor>) => descriptors.publish(input),
    },
    {
      method: 'POST',
      path: '/directory/descriptors',
      access: 'public',
      tag: 'directory',
      input: descriptorsQuery,
      answer: (input: DescriptorsQuery) => descriptors.fetch(input.digests),
    },
    {
      method: 'POST',
      path: '/directory/mailbox',
      access: 'public',
      tag: 'letter',
      input: signedLetter,
      bodyMax: LETTER_CHARS_MAX + 1024,
      answer: (input: Signed<Letter>) => mailbox.put(input),
    },
    {
      method: 'POST',
      path: '/directory/mailbox/fetch',
      access: 'public',
      tag: 'mailbox',
      input: signedMailboxFetch,
      answer: (input: Signed<MailboxFetch>) => mailbox.fetch(input),
    },
    lasting(read('/directory/consensus', nothing, () => consensuses.newest())),
    read('/directory/terms/:interval', ofInterval, (input) => consensuses.ofTerms(input.interval)),
    lasting(read('/directory/relays', nothing, async () => ok(relays.all()))),
    read('/directory/relay/:relay', ofRelay, async (input) => relays.one(input.relay)),
    read('/directory/log/head', nothing, async () => ok(book.head())),
    read('/directory/log/entries', ofPage, (input) => book.page(input.from)),
    read('/directory/log/inclusion', ofInclusion, async (input) => book.inclusion(input.index, input.size)),
    read('/directory/log/consistency', ofConsistency, async (input) => book.consistency(input.from, input.to)),
  ];
}

function filings({ contests, appeals, complaints }: Items): readonly Endpoint[] {
  const post = { method: 'POST', access: 'public', bodyMax: EVIDENCE_BYTES_MAX } as const;
  return [
    {
      ...post,
      path: '/directory/contest',
      tag: 'contest',
      input: signedContest,
      answer: (input: Signed<Contest>) => contests.file(input),
    },
    {
      ...post,
      path: '/directory/appeal',
      tag: 'appeal',
      input: signedAppeal,
      answer: (input: Signed<Appeal>) => appeals.appeal(input),
    },
    {
      ...post,
      path: '/directory/complaint',
      tag: 'complaint',
      input: signedComplaint,
      answer: (input: Signed<Complaint>) => complaints.complain(input),
    },
    {
      ...post,
      path: '/directory/answer',
      tag: 'answer',
      input: signedAnswer,
      answer: (input: Signed<Answer>) => complaints.answer(input),
    },
  ];
}

function ofTheDocket({ docket }: Items): readonly Endpoint[] {
  return [
    read('/directory/docket', ofDocket, async (input) =>
      docket.page({ before: input.before ?? null, relay: input.relay ?? null }),
    ),
    read('/directory/docket/case/:case', ofCase, (input) => docket.one(input.case)),
    read('/directory/docket/verdict/:case', ofCase, (input) => docket.verdict(input.case)),
    read('/directory/docket/changes', ofChanges, async (input) => docket.changes(input.after ?? null)),
    read('/directory/docket/record/:relay', ofRelay, async (input) => docket.record(input.relay)),
  ];
}

/** For the operator: what the tor beside it says, and whether it knows whom we deny Guard. */
function ofTheTor({ torSide }: Items): Endpoint {
  const answer = async () => ok({ tor: torSide.status() });
  return { method: 'GET', path: '/directory/tor', access: 'local', tag: 'tor', input: nothing, answer };
}

function lasting(endpoint: Endpoint): Endpoint {
  return { ...endpoint, lasting: true };
}
