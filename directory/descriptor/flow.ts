/*
 * A descriptor's journey: checked, its Tor identity asked for where there is a tor, written to the log, its relay greeted by a probe at once. And back out: by digest, by name.
 * Called by http.ts.
 */
import { bare, type Signed } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { bindingRefusals, type Descriptor } from '../../core/wire/descriptor.ts';
import type { DescriptorsAnswer, PublishAnswer } from '../../core/wire/directory.ts';
import type { Jobs } from '../../host/jobs.ts';
import type { Ports } from '../../host/ports.ts';
import type { DirectoryTor } from '../../tor/authority/directory-tor.ts';
import { readEntry } from '../log/entry.ts';
import type { Book } from '../log/flow.ts';
import type { Asked } from '../tor/bind.ts';
import { acceptDescriptor } from './decide.ts';
import { insertDigest, readDescriptorEntries } from './store.ts';

export interface Descriptors {
  /** The same again is answered the same. */
  publish(signed: Signed<Descriptor>): Promise<Result<PublishAnswer>>;
  fetch(digests: readonly string[]): Promise<Result<DescriptorsAnswer>>;
}

const refuse = refuser(bindingRefusals);

export function createDescriptors(
  ports: Pick<Ports, 'clock' | 'database' | 'log'>,
  book: Book,
  schedule: Jobs['schedule'],
  /** Whether relays must be on the open Internet, as the authority is. */
  open: boolean,
  tor: DirectoryTor | null,
): Descriptors {
  const refused = (signed: Signed<Descriptor>, code: string): void =>
    ports.log.info('descriptor-refused', { relay: signed.body.id, code });
  return {
    async publish(signed) {
      // What is refused, or known, costs no turn at the log.
      const known = tor === null ? null : 'unasked';
      const first = acceptDescriptor(book.state(), signed, { now: ports.clock.now(), open, tor: known });
      if (!first.ok) {
        refused(signed, first.refusal.code);
        return first;
      }
      if (first.value.added === null) return ok({ digest: first.value.digest });
      const asked = tor === null ? ok(null) : await askTor(tor, signed.body.fingerprint ?? '');
      if (!asked.ok) {
        refused(signed, asked.refusal.code);
        return asked;
      }
      const answer = await book.write<Result<PublishAnswer>>((state, now) => {
        const accepted = acceptDescriptor(state, signed, { now, open, tor: asked.value });
        if (!accepted.ok) return { entries: [], value: accepted };
        const { digest, added } = accepted.value;
        if (added === null) return { entries: [], value: ok({ digest }) };
        return {
          entries: [{ kind: 'descriptor', at: now, signed: bare(added) }],
          value: ok({ digest }),
          async save(tx, position) {
            await insertDigest(tx, digest, position);
            await schedule(tx, 'greet', now);
          },
        };
      });
      if (!answer.ok) refused(signed, answer.refusal.code);
      return answer;
    },
    async fetch(digests) {
      const texts = await ports.database.transaction((tx) => readDescriptorEntries(tx, digests));
      const entries = texts.map(readEntry);
      return ok({ descriptors: entries.flatMap((entry) => (entry.kind === 'descriptor' ? [entry.signed] : [])) });
    },
  };
}

async function askTor(tor: DirectoryTor, fingerprint: string): Promise<Result<Asked>> {
  const said = await tor.descriptor(fingerprint);
  return said.ok ? ok({ said: said.value }) : refuse('descriptor-tor-unread', `${said.refusal.code}: ${said.refusal.about}`);
}
