/*
 * The consensus, each consensusSec: whoever was not asked lately is probed, terms are fixed, the document is composed, signed and
 * written down. Called by its job; read by http.ts.
 */
import type { SigningKey } from '../../core/crypto/keys.ts';
import { sign } from '../../core/crypto/sign.ts';
import { CONSENSUS_BYTES_MAX } from '../../core/limits.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { intervalStart } from '../../core/rule/interval.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { consensusDocument, hasFlag, type Consensus, type ConsensusDocument } from '../../core/wire/consensus.ts';
import { directoryRefusals } from '../../core/wire/directory.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Ports, Tx } from '../../host/ports.ts';
import { judgeAll } from '../flags/decide.ts';
import { consensusDigest } from '../log/entry.ts';
import type { Book } from '../log/flow.ts';
import { notAskedSince, roundBefore, slotAt } from '../probe/decide.ts';
import type { Probes } from '../probe/flow.ts';
import type { TorSide } from '../tor/flow.ts';
import { changeOfGuards } from '../state/guards.ts';
import { composeConsensus, fixTerms } from './decide.ts';
import { deleteOldConsensuses, insertConsensus, nameTermsConsensus, readNewestConsensus, readTermsConsensus } from './store.ts';

export interface Consensuses {
  /** Makes the one that is due, if it is not there yet; answers when the next is. */
  make(now: number): Promise<number>;
  newest(): Promise<Result<ConsensusDocument>>;
  /** The one that fixed the terms of that interval. */
  ofTerms(interval: number): Promise<Result<ConsensusDocument>>;
}

export interface ConsensusMaker {
  readonly parameters: Parameters;
  readonly networkId: string;
  readonly key: SigningKey;
}

/** What is asked before a consensus is made, and due after it. */
export interface Around {
  readonly probes: Probes;
  readonly torSide: Pick<TorSide, 'look'>;
  whenMade(tx: Tx, now: number): Promise<void>;
}

const refuse = refuser(directoryRefusals);

export function createConsensuses(
  ports: Pick<Ports, 'database' | 'log'>,
  { parameters, networkId, key }: ConsensusMaker,
  book: Book,
  { probes, torSide, whenMade }: Around,
): Consensuses {
  const { database, log } = ports;
  let newest: ConsensusDocument | null = null;

  /** False: not yet. In a transaction of its own, because the document names a log that has the terms in it. */
  const fix = (slot: number): Promise<boolean> =>
    book.write((state, now) => {
      const fixed = fixTerms(state, parameters, judgeAll(state, parameters, now), slot);
      return { entries: (fixed ?? []).map((terms) => ({ kind: 'terms', at: now, terms })), value: fixed !== null };
    });

  const publish = (slot: number): Promise<ConsensusDocument> =>
    book.write((state, now) => {
      const judged = judgeAll(state, parameters, now);
      const body = composeConsensus(state, parameters, judged, { slot, now, log: book.top() });
      const guards = changeOfGuards(state.guards, guardsIn(body));
      const signatures = [{ authority: key.publicKey, signature: sign('consensus', networkId, body, key).signature }];
      const document = { body, signatures };
      return {
        entries: [{ kind: 'consensus', at: now, digest: consensusDigest(body), validAfter: slot, guards }],
        value: document,
        async save(tx) {
          await save(tx, parameters, body, encode(document));
          await whenMade(tx, now);
        },
      };
    });

  return {
    async make(now) {
      const slot = slotAt(parameters, now);
      const next = slot + parameters.consensusSec;
      if (hasMade(book, slot)) return next;
      await probes.ask((state) => notAskedSince(state, roundBefore(parameters, slot), now));
      if (!(await torSide.look(now))) return soon(now, next);
      if (hasMade(book, slot) || !(await fix(slot))) return next;
      newest = await publish(slot);
      log.info('consensus-made', { role: 'directory', count: newest.body.relays.length });
      return next;
    },
    async newest() {
      if (newest === null) {
        const text = await database.transaction(readNewestConsensus);
        if (text === null) return refuse('directory-no-consensus', networkId);
        newest ??= read(text);
      }
      return ok(newest);
    },
    async ofTerms(interval) {
      const text = await database.transaction((tx) => readTermsConsensus(tx, interval));
      return text === null ? refuse('directory-no-terms', `interval ${interval}`) : ok(read(text));
    },
  };
}

/** A tor that was dialled with us is not there at once. */
function soon(now: number, next: number): number {
  return Math.min(now + 1, next);
}

function hasMade(book: Book, slot: number): boolean {
  const last = book.state().consensus;
  return last !== null && last.validAfter >= slot;
}

function guardsIn({ relays }: Consensus): Set<string> {
  return new Set(relays.filter((one) => hasFlag(one, 'Guard')).map((one) => one.id));
}

async function save(tx: Tx, parameters: Parameters, body: Consensus, document: string): Promise<void> {
  await insertConsensus(tx, body.validAfter, document);
  for (const { interval } of body.terms) {
    await nameTermsConsensus(tx, interval, intervalStart(parameters, interval), body.validAfter);
  }
  await deleteOldConsensuses(tx, body.validAfter);
}

function read(text: string): ConsensusDocument {
  const document = decode(text, consensusDocument, CONSENSUS_BYTES_MAX);
  invariant(document.ok, 'a stored consensus is one that was made');
  return document.value;
}
