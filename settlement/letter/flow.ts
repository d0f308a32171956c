/*
 * Letters (rule 9): what a creditor cannot deliver waits, sealed, at every authority; a debtor looks there at the BST before
 * it uses a fallback. Called by the stages `letters` and `bst`, and by the outbox.
 */
import { z } from 'zod';
import { bare, sign, signedSchema } from '../../core/crypto/sign.ts';
import { done } from '../../core/local/messages.ts';
import { LETTERS_BYTES_MAX } from '../../core/limits.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { url } from '../../core/wire/field.ts';
import { mailboxAnswer, signedLetter, type Letter } from '../../core/wire/mailbox.ts';
import { signedSettlement, statement } from '../../core/wire/settlement.ts';
import { placeAt } from '../../host/http/place.ts';
import { sealingKeyOf, senderKeyIn } from '../../host/network/sealing.ts';
import type { OutboxKind, OutboxRow } from '../../host/outbox.ts';
import type { Tx } from '../../host/ports.ts';
import { openLinkRequest, sealLinkRequest } from '../../host/seal.ts';
import { answerSettlement } from '../agree/flow.ts';
import { reckonNow, reckonRow } from '../agree/write.ts';
import { runningInterval, scheduleFor, sealingOf, type Office } from '../office.ts';
import type { Pair } from '../pair/pair.ts';
import { readFiguresOf, readPair } from '../pair/store.ts';
import { isClosed } from '../period/flow.ts';
import { checkStatement } from '../statement/decide.ts';
import { takeStatement } from '../statement/flow.ts';

const TAG = 'letter';
const content = z.strictObject({ statement: signedSchema(statement), settlement: signedSettlement });
const posted = z.strictObject({ authority: url, letter: signedLetter });

/** The stage `letters`. What is not signed by now, by the best that I know, goes to the mailbox too. */
export async function postLetters(office: Office, interval: number): Promise<null> {
  await office.ports.database.transaction(async (tx) => {
    for (const { peer } of await readFiguresOf(tx, interval, ['open', 'claimed'])) {
      const pair = await readPair(tx, interval, peer);
      if (pair === null) continue;
      const claimed = await claimNow(office, tx, pair);
      if (claimed.state === 'claimed' && claimed.countersignature === null) await putLetter(office, tx, claimed);
    }
  });
  return null;
}

/** A debtor that has said nothing: the claim is by my own book. */
async function claimNow(office: Office, tx: Tx, pair: Pair): Promise<Pair> {
  if (pair.state !== 'open' || pair.recall) return pair;
  const net = await reckonNow(office, tx, pair);
  return net?.side === 'creditor' ? reckonRow(office, tx, pair) : pair;
}

async function putLetter(office: Office, tx: Tx, pair: Pair): Promise<void> {
  const expires = scheduleFor(office, pair.interval)?.contestEnd ?? 0;
  const sealed = sealLetter(office, pair);
  if (sealed === null) return;
  const { number, key } = office.signer(runningInterval(office) ?? pair.interval);
  const letter: Letter = { from: office.me, key: number, to: pair.peer, id: pair.id, sealed, expires };
  const one = bare(sign('letter', office.networkId, letter, key));
  for (const { name, url: authority } of office.ports.network.network.authorities) {
    const message = { kind: 'letter', target: `authority ${name}`, body: { authority, letter: one }, expires };
    await office.put(tx, { ...message, id: `letter ${pair.id} ${name}` });
  }
}

/** Sealed once, so that a repetition is the same letter. */
function sealLetter(office: Office, pair: Pair): string | null {
  const now = runningInterval(office) ?? pair.interval;
  const to = office.ports.network.descriptor(pair.peer);
  const theirs = to === null ? null : sealingKeyOf(to.body, 'settlement', now);
  if (theirs === null || pair.mine === null || pair.settlement === null) return null;
  const text = encode({ statement: pair.mine, settlement: { body: pair.settlement.body, signature: pair.settlement.signature } });
  const link = { networkId: office.networkId, tag: TAG, from: office.me, to: pair.peer };
  const sealed = sealLinkRequest(link, sealingOf(office, now), theirs, Buffer.from(text, 'utf8'), office.ports.entropy);
  return sealed.ok ? Buffer.from(sealed.value.envelope).toString('base64') : null;
}

export function letterKind(office: Office): OutboxKind {
  return {
    async send(row) {
      const { authority, letter: one } = postedIn(row);
      return office.ports.http.post(placeAt(authority, '/directory/mailbox'), one, done);
    },
    async done() {},
    async refused(_tx, _row, refusal) {
      office.ports.log.warn('letter-not-taken', { role: 'settlement', code: refusal.code });
    },
  };
}

function postedIn(row: OutboxRow): z.infer<typeof posted> {
  const body = decode(row.body, posted, 2 * 65_536);
  invariant(body.ok, 'a letter in the outbox reads back');
  return body.value;
}

/** Fetches what waits at the authorities and answers it as if it had come by the link. How many of them were reached. */
export async function fetchLetters(office: Office): Promise<number> {
  const interval = runningInterval(office) ?? 0;
  const { number, key } = office.signer(interval);
  let reached = 0;
  const seen = new Set<string>();
  for (const { url: authority } of office.ports.network.network.authorities) {
    const ask = sign('mailbox', office.networkId, { relay: office.me, key: number, at: office.ports.clock.now() }, key);
    // What did not fit into an answer comes with the next one; an answer with nothing new is the last.
    for (let again = true; again;) {
      const address = placeAt(authority, '/directory/mailbox/fetch');
      const answer = await office.ports.http.post(address, ask, mailboxAnswer, { answerMax: 2 * LETTERS_BYTES_MAX });
      if (!answer.ok) break;
      const fresh = answer.value.letters.filter((one) => !seen.has(`${authority} ${one.id}`));
      for (const one of fresh) {
        seen.add(`${authority} ${one.id}`);
        await takeLetter(office, one.sealed);
      }
      again = fresh.length > 0;
      if (!again) reached += 1;
    }
  }
  return reached;
}

/** A letter that does not open, or says what is refused, changes nothing. */
async function takeLetter(office: Office, sealed: string): Promise<void> {
  const { database, clock, network, log } = office.ports;
  const senderKey = senderKeyIn(network);
  const receiver = { networkId: office.networkId, tag: TAG, to: office.me, keys: office.sealing };
  const opened = openLinkRequest(
    { ...receiver, senderKey: (id, number) => senderKey(id, 'settlement', number) },
    Buffer.from(sealed, 'base64'),
  );
  if (!opened.ok) return log.warn('letter-not-opened', { role: 'settlement', code: opened.refusal.code });
  const { from } = opened.value;
  const read = decode(Buffer.from(opened.value.content).toString('utf8'), content);
  if (!read.ok) return log.warn('letter-not-read', { role: 'settlement', relay: from, code: read.refusal.code });
  const taken = await database.transaction(async (tx) => {
    const { interval } = read.value.statement.body;
    const [closed, known] = [await isClosed(office, tx, interval), await readPair(tx, interval, from)];
    const checked = checkStatement(office, from, read.value.statement, { now: clock.now(), closed, known });
    if (checked.ok) await takeStatement(office, tx, from, checked.value, known);
    return checked;
  });
  const answer = taken.ok ? await answerSettlement(office, from, read.value.settlement, true) : taken;
  if (!answer.ok) log.info('letter-refused', { role: 'settlement', relay: from, code: answer.refusal.code });
}
