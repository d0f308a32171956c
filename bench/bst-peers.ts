/*
 * The neighbours of a relay at the end of an interval: how many, in; in a folder what its own book says and what each of them says at
 * the settlement, signed beforehand with their own keys, out. Called by bst.ts; read back by bst-run.ts.
 */
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import sodium from 'sodium-native';
import { sha256Hex } from '../core/crypto/hash.ts';
import type { SigningKey } from '../core/crypto/keys.ts';
import { asStored, bare, countersign, sign, type Signed, type Verified } from '../core/crypto/sign.ts';
import { invariant } from '../core/refusal.ts';
import { scheduleOf } from '../core/rule/interval.ts';
import { noCarry } from '../core/rule/net.ts';
import { encode } from '../core/wire/codec.ts';
import type { Descriptor } from '../core/wire/descriptor.ts';
import { totalsOf, type Iou } from '../core/wire/iou.ts';
import { settlementId, type Settlement, type Statement } from '../core/wire/settlement.ts';
import { termsDigest } from '../core/wire/terms.ts';
import { openDatabase } from '../host/db/open.ts';
import { ledgerReceiving } from '../rail/ledger/receiving.ts';
import { saveIou } from '../relay/iou/store.ts';
import { migrations } from '../relay/migrations.ts';
import { reckonOn } from '../settlement/pair/reckon.ts';
import { networkId, testDescriptor, testParameters, testTerms, testView } from '../test/harness/view.ts';

export const me = 'me';
export const interval = 0;
export const parameters = testParameters();
const terms = testTerms(interval);
const digest = termsDigest(terms);
const { bst, start } = scheduleOf(parameters, interval);

/** Where I am paid for a settlement. */
export const receiving = ledgerReceiving({
  http: { get: () => Promise.reject(new Error('offline')), post: () => Promise.reject(new Error('offline')) },
  network: testView([]).network,
  account: keyOf('me wallet').publicKey,
  refSecret: Buffer.alloc(32, 7),
});

/** What one neighbour says, as it comes off the wire. */
export interface Said {
  readonly statement: string;
  /** Its settlement where I owe; mine with its second signature where it owes. */
  readonly settlement: string;
  readonly iAmOwed: boolean;
}

export interface Peers {
  readonly descriptors: readonly Verified<Descriptor>[];
  said(peer: string): Said;
  close(): void;
}

/** libsodium makes a key in a hundredth of the time. */
export function keyOf(name: string): SigningKey {
  const [publicKey, secretKey] = [Buffer.alloc(32), Buffer.alloc(64)];
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, Buffer.from(sha256Hex('test seed', name), 'hex'));
  return { publicKey: publicKey.toString('hex'), secretKey };
}

/** Makes `folder/relay.sqlite`, `descriptors.json`, and `said` with its `index.json`. */
export async function makePeers(folder: string, count: number): Promise<void> {
  const relay = await openDatabase({ file: join(folder, 'relay.sqlite') }, migrations, 'relay');
  const said = openSync(join(folder, 'said'), 'w');
  const index: Record<string, [number, number]> = {};
  const descriptors: Signed<Descriptor>[] = [bare(describe(me))];
  let at = 0;
  for (let first = 0; first < count; first += 500) {
    await relay.transaction(async (tx) => {
      for (let place = first; place < Math.min(first + 500, count); place += 1) {
        const one = speak(`peer ${place}`, place);
        await saveIou(tx, 'held', one.held);
        await saveIou(tx, 'issued', one.issued);
        const text = Buffer.from(JSON.stringify(one.said), 'utf8');
        writeSync(said, text);
        index[one.descriptor.body.id] = [at, text.length];
        at += text.length;
        descriptors.push(bare(one.descriptor));
      }
    });
  }
  closeSync(said);
  await relay.close();
  writeFileSync(join(folder, 'descriptors.json'), JSON.stringify(descriptors));
  writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
}

export function openPeers(folder: string): Peers {
  const signed = JSON.parse(readFileSync(join(folder, 'descriptors.json'), 'utf8')) as Signed<Descriptor>[];
  const index = new Map(Object.entries(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as object));
  const file = openSync(join(folder, 'said'), 'r');
  return {
    descriptors: signed.map((one) => asStored(one)),
    said(peer) {
      const [at, length] = index.get(peer) as [number, number];
      const bytes = Buffer.alloc(length);
      readSync(file, bytes, 0, length, at);
      return JSON.parse(bytes.toString('utf8')) as Said;
    },
    close: () => closeSync(file),
  };
}

interface Spoken {
  readonly descriptor: Verified<Descriptor>;
  /** By me. */
  readonly held: Verified<Iou>;
  readonly issued: Verified<Iou>;
  readonly said: Said;
}

function speak(name: string, place: number): Spoken {
  const [id, mine] = [keyOf(`${name} identity`).publicKey, keyOf(`${me} identity`).publicKey];
  const held = iouOf(name, id, mine, place);
  const issued = iouOf(me, mine, id, place);
  const settleKey = keyOf(`${name} settlement`);
  const statement: Statement = {
    ...{ from: id, fromKey: 1, to: mine, interval, terms: digest },
    ...{ held: bare(issued), issued: bare(held), rails: ['ledger'] },
  };
  const net = reckonOn(terms, 'ledger', { held: totalsOf(held), issued: totalsOf(issued) }, noCarry);
  invariant(net !== null && net.side !== 'nobody', 'somebody owes');
  const iAmOwed = net.side === 'creditor';
  const body = settlementOf(iAmOwed ? [mine, id] : [id, mine], iAmOwed ? [held, issued] : [issued, held], net);
  const first = sign('settlement', networkId, body, iAmOwed ? keyOf(`${me} settlement`) : settleKey);
  const settlement = iAmOwed ? countersign('settlement', networkId, first, settleKey) : bare(first);
  return {
    descriptor: describe(name),
    held,
    issued,
    said: {
      statement: encode(bare(sign('statement', networkId, statement, settleKey))),
      settlement: encode(settlement),
      iAmOwed,
    },
  };
}

function settlementOf(
  [creditor, debtor]: readonly [string, string],
  [owed, owing]: readonly [Signed<Iou>, Signed<Iou>],
  net: NonNullable<ReturnType<typeof reckonOn>>,
): Settlement {
  const id = settlementId(networkId, interval, creditor, debtor);
  const own = creditor === keyOf(`${me} identity`).publicKey;
  return {
    ...{ id, creditor, creditorKey: 1, debtor, debtorKey: 1, interval, terms: digest, owed: bare(owed), owing: bare(owing) },
    carryIn: net.carryIn,
    amount: net.amount,
    carryLeft: net.side === 'debtor' ? { amount: -net.carryOut.amount, since: net.carryOut.since } : net.carryOut,
    rail: 'ledger',
    destination: own ? receiving.at(id) : `${creditor}.${sha256Hex(id).slice(0, 32)}`,
    due: bst,
  };
}

function iouOf(issuerName: string, issuer: string, holder: string, place: number): Verified<Iou> {
  const drawn = sha256Hex('bytes', issuerName, String(place));
  const body: Iou = {
    ...{ issuer, issuerKey: 1, holder, interval, terms: digest, serial: 360n, issuedAt: start + 21_600 },
    relayBytes: BigInt(`0x${drawn.slice(0, 9)}`),
    exitBytes: BigInt(`0x${drawn.slice(9, 17)}`),
  };
  return sign('iou', networkId, body, keyOf(`${issuerName} iou`));
}

let template: Descriptor | null = null;

function describe(name: string): Verified<Descriptor> {
  template ??= testDescriptor('template').body;
  const [set] = template.keys;
  invariant(set !== undefined, 'a descriptor has keys');
  const key = (role: string) => keyOf(`${name} ${role}`).publicKey;
  const keys = [{ ...set, iou: key('iou'), settlement: key('settlement'), guard: key('guard') }];
  const body = { ...template, id: key('identity'), nickname: name.replace(' ', ''), keys };
  return sign('descriptor', networkId, body, keyOf(`${name} identity`));
}
