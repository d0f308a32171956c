/*
 * The directory's endpoints: method, path, schema, flow. All public: its log is, descriptors and letters are signed.
 */
import { z } from 'zod';
import { signedSchema, type Signed } from '../core/crypto/sign.ts';
import { LETTER_CHARS_MAX } from '../core/limits.ts';
import { ok } from '../core/refusal.ts';
import { descriptor, type Descriptor } from '../core/wire/descriptor.ts';
import { descriptorsQuery, type DescriptorsQuery } from '../core/wire/directory.ts';
import { units } from '../core/wire/field.ts';
import { signedLetter, signedMailboxFetch, type Letter, type MailboxFetch } from '../core/wire/mailbox.ts';
import { readings } from '../host/http/reading.ts';
import type { Endpoint } from '../host/ports.ts';
import type { Consensuses } from './consensus/flow.ts';
import type { Descriptors } from './descriptor/flow.ts';
import type { Relays } from './flags/flow.ts';
import type { Book } from './log/flow.ts';
import type { Mailbox } from './mailbox/flow.ts';

export interface Items {
  readonly book: Book;
  readonly descriptors: Descriptors;
  readonly consensuses: Consensuses;
  readonly relays: Relays;
  readonly mailbox: Mailbox;
}

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

const read = readings('directory');

export function directoryEndpoints({ book, descriptors, consensuses, relays, mailbox }: Items): readonly Endpoint[] {
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

function lasting(endpoint: Endpoint): Endpoint {
  return { ...endpoint, lasting: true };
}
