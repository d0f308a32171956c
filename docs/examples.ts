/*
 * The examples of docs/spec: real objects, made by core from fixed names. `node --import tsx docs/examples.ts` prints them;
 * with --write it puts each between its markers in the pages, and those of the docket into examples/. A test compares the pages with this, and checks the signatures.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ObjectName } from '../core/crypto/sign.ts';
import { sha256Hex } from '../core/crypto/hash.ts';
import { encode } from '../core/wire/codec.ts';
import { descriptorDigest } from '../core/wire/descriptor.ts';
import { termsDigest } from '../core/wire/terms.ts';
import { sealLinkRequest } from '../host/seal.ts';
import { CONTROL, header } from '../tor/transport/frame.ts';
import { prologueOf, transportKey } from '../tor/transport/keys.ts';
import { writeMessage } from '../tor/transport/message.ts';
import { initiate, keyPair, respond } from '../tor/transport/noise.ts';
import * as story from './story.ts';

export interface Example {
  /** Canonical JSON, or plain lines where an example is no object. */
  readonly text: string;
  /** Of signed objects: the tag, and the names of the keys that signed, in order. */
  readonly signed?: { readonly object: ObjectName; readonly by: readonly string[] };
}

export function examples(): Readonly<Record<string, Example>> {
  return {
    keys: lines(keyNames.map((name) => [name, story.publicOf(name)])),
    network: json(story.network),
    terms: json(story.terms),
    'terms-digest': lines([['SHA-256("ptg/terms/v1" 00 canonical terms)', termsDigest(story.terms)]]),
    descriptor: signed(story.relays[0], 'descriptor', 'R1 identity'),
    'descriptor-digest': lines(story.relays.map((one) => [one.body.nickname, descriptorDigest(one)])),
    consensus: json(story.consensus),
    iou: signed(story.iou, 'iou', 'R1 iou'),
    delivery: signed(story.delivery, 'delivery', 'R1 iou'),
    ack: signed(story.ack, 'ack', 'R2 iou'),
    'ack-query': json(story.ackQuery),
    statement: signed(story.statement, 'statement', 'R2 settlement'),
    settlement: signed(story.settlement, 'settlement', 'R2 settlement', 'R1 settlement'),
    receipt: signed(story.receipt, 'receipt', 'R2 settlement'),
    account: signed(story.account, 'account', 'R1 guard'),
    tally: signed(story.tally, 'tally', 'R1 guard', 'U1 account'),
    bill: signed(story.bill, 'bill', 'R1 guard'),
    subscribe: signed(story.subscribe, 'request', 'U1 account'),
    'sign-tally': signed(story.signTally, 'request', 'U1 account'),
    withdraw: signed(story.withdraw, 'request', 'U1 account'),
    transfer: signed(story.transfers[2], 'transfer', 'R1 wallet'),
    entry: json(story.entries[2]),
    head: signed(story.head, 'loghead', 'ledger log'),
    proof: json(story.proof),
    'local-session-open': json({ connection: 'connection-1', hops: 3, leavesTor: true, session: hex16('session') }),
    'local-book': json({ closed: true, lines: [{ held: null, issued: story.iou, peer: story.ack.body.holder }], next: null }),
    'local-withdraw': json({
      amount: '1000',
      destination: story.settlement.body.destination,
      id: hex16('withdrawal'),
      rail: story.settlement.body.rail,
    }),
    seal: sealed(),
    handshake: handshake(),
    log: lines([
      ...story.log.leaves.map((leaf, index): [string, string] => [`leaf ${index}`, leaf]),
      ...story.log.roots.map((root, index): [string, string] => [`root of ${index + 1}`, root]),
      ...story.log.inclusionOf0In3.map((hash): [string, string] => ['inclusion of 0 in 3', hash]),
      ...story.log.consistency2To3.map((hash): [string, string] => ['consistency 2 to 3', hash]),
    ]),
    contest: signed(story.contest, 'contest', 'R2 settlement'),
    appeal: signed(story.appeal, 'appeal', 'R1 settlement'),
    'docket-answer': json(story.docketAnswer),
    'docket-line': json(story.docketLine),
    verdict: signed(story.verdict, 'verdict', 'auth1 authority'),
    complaint: signed(story.complaint, 'complaint', 'U1 account'),
    answer: signed(story.answer, 'answer', 'R1 guard'),
    'mailbox-fetch': signed(story.mailboxFetch, 'mailbox', 'R1 settlement'),
  };
}

/** All pages of the specification, by file name, with every example as it should stand there. */
export function filledPages(): Map<string, { readonly file: string; readonly is: string; readonly due: string }> {
  const all = examples();
  const pages = new Map<string, { file: string; is: string; due: string }>();
  for (const name of readdirSync(specFolder).filter((one) => one.endsWith('.md'))) {
    const is = readFileSync(`${specFolder}${name}`, 'utf8');
    const due = is.replace(marked, (_whole, key: string) => {
      const example = all[key];
      if (example === undefined) throw new Error(`${name}: no example "${key}"`);
      const language = /^[{[]/.test(example.text) ? 'json' : 'text';
      return `<!-- example:${key} -->\n\`\`\`${language}\n${example.text}\n\`\`\`\n<!-- /example:${key} -->`;
    });
    pages.set(name, { file: `${specFolder}${name}`, is, due });
  }
  return pages;
}

/** Objects of the docket as files of their own, which `ptg verify` reads; with the network.json to trust. */
export function exampleFiles(): Map<string, { readonly file: string; readonly due: string }> {
  const all = { ...story.docketFiles, 'example-network': story.network };
  return new Map(
    Object.entries(all).map(([name, object]) => [
      `${name}.json`,
      { file: `${filesFolder}${name}.json`, due: `${encode(object)}\n` },
    ]),
  );
}

const filesFolder = fileURLToPath(new URL('../examples/', import.meta.url));
const specFolder = fileURLToPath(new URL('spec/', import.meta.url));
const marked = /<!-- example:([a-z-]+) -->[\s\S]*?<!-- \/example:\1 -->/g;

const keyNames = [
  ...['R1', 'R2', 'R3'].flatMap((name) => [`${name} identity`, `${name} iou`, `${name} settlement`, `${name} wallet`]),
  'R1 guard',
  'U1 account',
  'U1 wallet',
  'auth1 authority',
  'ledger log',
  'ledger mint',
];

/** A sealed ack query from R1 to R2; chance is a hash here, so that it can be made again. */
function sealed(): Example {
  const [from, to] = [story.relays[0].body.id, story.relays[1].body.id];
  const [mine, theirs] = [story.sealingOf('R1 relay-sealing'), story.sealingOf('R2 relay-sealing')];
  const nonce = story.seedOf('nonce');
  const content = Buffer.from(encode(story.ackQuery), 'utf8');
  const link = { networkId: story.networkId, tag: 'ack-query', from, to };
  const made = sealLinkRequest(link, mine, theirs, content, { bytes: (count) => nonce.subarray(0, count) });
  if (!made.ok) throw new Error(made.refusal.code);
  const { envelope } = made.value;
  return lines([
    ['sender seed', hex(story.seedOf('R1 relay-sealing'))],
    ['receiver seed', hex(story.seedOf('R2 relay-sealing'))],
    ['content', content.toString('utf8')],
    ['version, from, keys', envelope.toString('hex', 0, 41)],
    ['nonce', envelope.toString('hex', 41, 65)],
    ['length', `${envelope.length} bytes`],
    ['first 32 of cipher', envelope.toString('hex', 65, 97)],
    ['seal', envelope.toString('hex', envelope.length - 16)],
    ['SHA-256 of it all', sha256Hex(envelope)],
  ]);
}

/** U1 opens a session at R1. */
function handshake(): Example {
  const guard = { publicKey: Buffer.from(guardKey().publicKey), secretKey: Buffer.from(guardKey().secretKey) };
  const mine = transportKey(story.keyOf('U1 account'));
  const prologue = prologueOf(story.networkId);
  const ephemeral = (name: string) => keyPair(story.seedOf(name));
  const nothing = Buffer.alloc(0);
  const first = initiate({ mine, ephemeral: ephemeral('ephemeral U1'), theirs: guard.publicKey, prologue }, nothing);
  const asked = first === null ? null : respond(guard, prologue, first.message);
  const second = asked === null ? null : asked.reply(ephemeral('ephemeral R1'), nothing);
  const secured = first === null || second === null ? null : first.finish(second.message);
  if (first === null || second === null || secured === null) throw new Error('the handshake of the example');
  const subscriber = story.publicOf('U1 account');
  const open = writeMessage({ kind: 'open', subscriber, hops: 3, leavesTor: true });
  const sealed = secured.send.seal(open);
  return lines([
    ['prologue', prologue.toString('hex')],
    ['guard seed', hex(story.seedOf('R1 guard-sealing'))],
    ['guard key', hex(guard.publicKey)],
    ['client seed', hex(story.seedOf('U1 account'))],
    ['client key', hex(mine.publicKey)],
    ['client ephemeral', hex(story.seedOf('ephemeral U1'))],
    ['guard ephemeral', hex(story.seedOf('ephemeral R1'))],
    ['first message', hex(first.message)],
    ['second message', hex(second.message)],
    ['handshake hash', hex(secured.hash)],
    ['open', open.toString('utf8')],
    ['its frame', hex(Buffer.concat([header(CONTROL, sealed.length), sealed]))],
  ]);
}

const guardKey = () => story.sealingOf('R1 guard-sealing');

function json(value: unknown): Example {
  return { text: encode(value) };
}

function signed(value: unknown, object: ObjectName, ...by: string[]): Example {
  return { text: encode(value), signed: { object, by } };
}

function lines(pairs: readonly (readonly [string, string])[]): Example {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return { text: pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n') };
}

function hex16(name: string): string {
  return sha256Hex('ptg example\0', name).slice(0, 32);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

if (process.argv[1]?.endsWith('docs/examples.ts') === true) {
  if (process.argv.includes('--write')) {
    for (const { file, is, due } of filledPages().values()) if (is !== due) writeFileSync(file, due);
    for (const { file, due } of exampleFiles().values()) writeFileSync(file, due);
  } else {
    for (const [name, { text }] of Object.entries(examples())) process.stdout.write(`== ${name}\n${text}\n`);
  }
}
