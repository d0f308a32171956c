/*
 * The story behind the examples of docs/spec: a subscriber U1, its guard R1, a middle R2 and an exit R3, one paid interval. Fixed
 * names in, the objects of that interval out, reckoned and signed by core. Called by examples.ts and by its test.
 */
import { sha256, sha256Hex } from '../core/crypto/hash.ts';
import { signingKey, type SigningKey } from '../core/crypto/keys.ts';
import { countersign, sign, type ObjectName, type Verified } from '../core/crypto/sign.ts';
import { createTree, leafHash } from '../core/log/merkle.ts';
import { linkTraffic } from '../core/rule/chain.ts';
import { intervalEnd, intervalStart, nextTermsFrom, scheduleOf } from '../core/rule/interval.ts';
import { netOf } from '../core/rule/net.ts';
import { addTraffic, circuitUsage, noTraffic, usageCeil, weightedBytes, type Traffic } from '../core/rule/price.ts';
import { complaintCaseOf } from '../core/rule/complaint.ts';
import { encode } from '../core/wire/codec.ts';
import type { Answer, Complaint } from '../core/wire/complaint.ts';
import type { Consensus, ConsensusDocument, Flag } from '../core/wire/consensus.ts';
import type { Appeal, Contest } from '../core/wire/contest.ts';
import { descriptorDigest, type Descriptor } from '../core/wire/descriptor.ts';
import type { Account, Bill, SubscriberRequest, Tally } from '../core/wire/guard.ts';
import type { Ack, AckQuery, CertifiedCircuit, Iou, IouDelivery } from '../core/wire/iou.ts';
import {
  entryLeaf,
  ledgerDestination,
  transferIdOf,
  type LedgerEntry,
  type LedgerProof,
  type Transfer,
} from '../core/wire/ledger.ts';
import type { MailboxFetch } from '../core/wire/mailbox.ts';
import type { Network } from '../core/wire/network.ts';
import { defaultParameters, type Parameters } from '../core/wire/parameters.ts';
import { settlementId, type Receipt, type Settlement, type Statement } from '../core/wire/settlement.ts';
import { termsDigest, type Terms } from '../core/wire/terms.ts';
import type { DocketAnswer, DocketLine, Verdict } from '../core/wire/verdict.ts';
import { sealingKeyFromSeed } from '../host/seal.ts';

export const networkId = 'example';
const interval = 1;

/** The seed of every key is SHA-256 of "ptg example" and its name. */
export const seedOf = (name: string): Uint8Array => sha256('ptg example\0', name);
export const keyOf = (name: string): SigningKey => signingKey(seedOf(name));
export const publicOf = (name: string): string => keyOf(name).publicKey;
export const sealingOf = (name: string) => sealingKeyFromSeed(seedOf(name), 1);
const sealingHex = (name: string): string => Buffer.from(sealingOf(name).publicKey).toString('hex');

const signAs = <T>(object: ObjectName, body: T, key: string): Verified<T> => sign(object, networkId, body, keyOf(key));

export const network: Network = {
  networkId,
  authorities: [{ name: 'auth1', key: publicOf('auth1 authority'), url: 'http://192.0.2.1:9080' }],
  ledger: { url: 'http://192.0.2.1:9080', logKey: publicOf('ledger log'), mintKey: publicOf('ledger mint') },
};

const parameters: Parameters = {
  ...defaultParameters,
  genesis: 1_700_000_000,
  rails: { ledger: { price: 1_000_000_000n, quantum: 1_000n, dust: 10_000n } },
};
export const terms: Terms = { networkId, interval, parameters, relays: 3n, exits: 2n };
const digest = termsDigest(terms);
const rail = { name: 'ledger', terms: parameters.rails['ledger'] ?? { price: 0n, quantum: 0n, dust: 0n } };
const schedule = scheduleOf(parameters, interval);

/** A destination of the ledger rail as rail/ledger/receiving.ts derives it. */
function destinationOf(owner: string, purpose: 'name' | 'fallback', name: string): string {
  const hash = sha256Hex('ptg/ledger-ref/v1\0', seedOf(`${owner} references`), 'ledger', '\0', purpose, '\0', name);
  return ledgerDestination(publicOf(`${owner} wallet`), hash.slice(0, 32));
}

function descriptorOf(name: string, host: string, isGuard: boolean): Verified<Descriptor> {
  const body: Descriptor = {
    id: publicOf(`${name} identity`),
    nickname: name,
    keys: [
      {
        number: 1,
        fromInterval: 0,
        iou: publicOf(`${name} iou`),
        settlement: publicOf(`${name} settlement`),
        guard: isGuard ? publicOf(`${name} guard`) : null,
        relaySealing: sealingHex(`${name} relay-sealing`),
        settlementSealing: sealingHex(`${name} settlement-sealing`),
        guardSealing: isGuard ? sealingHex(`${name} guard-sealing`) : null,
      },
    ],
    urls: { relay: host, settlement: host, guard: isGuard ? host : null },
    fingerprint: null,
    family: [],
    wantsGuard: isGuard,
    isExit: !isGuard,
    bandwidth: 10_000_000,
    meter: 'traffic',
    rails: [{ rail: rail.name, fallback: destinationOf(name, 'fallback', '') }],
    published: parameters.genesis,
    expires: parameters.genesis + 8 * parameters.intervalSec,
  };
  return signAs('descriptor', body, `${name} identity`);
}

export const relays = [
  descriptorOf('R1', 'http://192.0.2.11:9080', true),
  descriptorOf('R2', 'http://192.0.2.12:9080', false),
  descriptorOf('R3', 'http://192.0.2.13:9080', false),
] as const;
const [r1, r2] = [relays[0].body.id, relays[1].body.id];

const consensusBody: Consensus = {
  networkId,
  validAfter: nextTermsFrom(parameters, 0),
  freshUntil: nextTermsFrom(parameters, 0) + parameters.consensusSec,
  validUntil: nextTermsFrom(parameters, 0) + 3 * parameters.consensusSec,
  terms: [{ ...terms, interval: 0 }, terms],
  relays: relays.map((one) => ({
    id: one.body.id,
    nickname: one.body.nickname,
    descriptor: descriptorDigest(one),
    flags: (one.body.isExit
      ? ['Exit', 'Fast', 'Running', 'Stable', 'Valid']
      : ['Fast', 'Guard', 'Running', 'Stable', 'Valid']) as Flag[],
    bandwidth: one.body.bandwidth,
  })),
  nullified: [],
  log: { size: 0n, root: sha256Hex() },
};
export const consensus: ConsensusDocument = {
  body: consensusBody,
  signatures: [
    { authority: publicOf('auth1 authority'), signature: signAs('consensus', consensusBody, 'auth1 authority').signature },
  ],
};

/** Two circuits of U1 over R1, R2, R3: 100 000 and 104 000 cells of 514 bytes, half of the first certified before. */
const circuits: CertifiedCircuit[] = [
  { circuit: 7, from: 25_700_000n, bytes: 51_400_000n, hopsLeft: 1, leavesTor: true, closed: true, order: null },
  { circuit: 9, from: 0n, bytes: 53_456_000n, hopsLeft: 1, leavesTor: true, closed: false, order: null },
];
const carried = circuits.reduce((sum, one) => sum + one.bytes, 0n);
const onLink = circuits.reduce<Traffic>(
  (sum, one) => addTraffic(sum, linkTraffic(one.bytes, one.hopsLeft, one.leavesTor)),
  noTraffic,
);
const issuedAt = intervalStart(parameters, interval) + 1_200;

const iouBody: Iou = { issuer: r1, issuerKey: 1, holder: r2, interval, terms: digest, serial: 2n, ...onLink, issuedAt };
export const iou = signAs('iou', iouBody, 'R1 iou');

export const delivery = signAs<IouDelivery>(
  'delivery',
  { iou, since: 1n, circuits, unattributed: { relayBytes: 0n, exitBytes: 0n } },
  'R1 iou',
);

const creditLeftBytes = parameters.creditStartBytes - weightedBytes(terms, onLink) / terms.exits;
export const ack = signAs<Ack>('ack', { holder: r2, holderKey: 1, issuer: r1, interval, held: iou, creditLeftBytes }, 'R2 iou');
export const ackQuery: AckQuery = { issuer: r1, holder: r2, interval };

const statementBody: Statement = {
  from: r2,
  fromKey: 1,
  to: r1,
  interval,
  terms: digest,
  held: iou,
  issued: null,
  rails: [rail.name],
};
export const statement = signAs('statement', statementBody, 'R2 settlement');

const carryIn = { amount: 250n, since: 0 };
const net = netOf(terms, rail.terms, { held: onLink, issued: noTraffic, carry: carryIn });
const id = settlementId(networkId, interval, r1, r2);
const destination = destinationOf('R2', 'name', id);
const settlementBody: Settlement = {
  id,
  creditor: r2,
  creditorKey: 1,
  debtor: r1,
  debtorKey: 1,
  interval,
  terms: digest,
  owed: iou,
  owing: null,
  carryIn,
  amount: net.amount,
  carryLeft: net.carryLeft,
  rail: rail.name,
  destination,
  due: schedule.bst,
};
export const settlement = countersign(
  'settlement',
  networkId,
  signAs('settlement', settlementBody, 'R2 settlement'),
  keyOf('R1 settlement'),
);

/** The ledger: the mint funds U1, U1 deposits at R1, R1 pays R2. */
const deposited = 1_000_000_000n;
const depositDestination = destinationOf('R1', 'name', publicOf('U1 account'));
const depositedAt = intervalStart(parameters, interval) + 60;
const funds = destinationOf('U1', 'name', 'funds');
const moves = [
  { from: 'ledger mint', destination: funds, amount: 2n * deposited, at: depositedAt - 60, name: 'found' },
  { from: 'U1 wallet', destination: depositDestination, amount: deposited, at: depositedAt, name: 'deposit' },
  { from: 'R1 wallet', destination, amount: net.amount, at: schedule.bst, name: id },
] as const;

export const transfers: Verified<Transfer>[] = moves.map((move) => {
  const [to = '', ref = ''] = move.destination.split('.');
  const outputs = [{ to, ref, amount: move.amount }];
  const body = { from: publicOf(move.from), number: 1n, id: transferIdOf('payout', move.name), outputs };
  return signAs('transfer', body, move.from);
});
export const entries: LedgerEntry[] = transfers.map(({ body }, index) => {
  const [output, move] = [body.outputs[0], moves[index]];
  if (output === undefined || move === undefined) throw new Error('each transfer of the story has one output');
  return { position: BigInt(index), transfer: body.id, from: body.from, ...output, at: move.at };
});
const tree = createTree(entries.map((entry) => leafHash(entryLeaf(entry))));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const head = signAs('loghead', { size: BigInt(tree.size), root: hex(tree.root()), at: schedule.bst + 1 }, 'ledger log');
export const proof: LedgerProof = { entry: entries[2] as LedgerEntry, path: tree.inclusion(2, 3).map(hex), head };
export const log = {
  leaves: entries.map((entry) => hex(leafHash(entryLeaf(entry)))),
  roots: [1, 2, 3].map((size) => hex(tree.root(size))),
  inclusionOf0In3: tree.inclusion(0, 3).map(hex),
  consistency2To3: tree.consistency(2, 3).map(hex),
};

export const receipt = signAs<Receipt>(
  'receipt',
  {
    creditor: r2,
    creditorKey: 1,
    debtor: r1,
    settlement: id,
    interval,
    rail: rail.name,
    amount: net.amount,
    payment: '2',
    proof: { rail: rail.name, proof: encode(proof) },
    at: schedule.bst + 2,
  },
  'R2 settlement',
);

const otherBytes = 1_048_576n;
const used = addTraffic(circuitUsage(carried, 3, true), { relayBytes: otherBytes, exitBytes: 0n });
const amount = usageCeil(terms, rail.terms, used);
const asSubscriber = { guard: r1, guardKey: 1, subscriber: publicOf('U1 account') };
const tallyBody: Tally = {
  ...asSubscriber,
  interval,
  terms: digest,
  rail: rail.name,
  serial: 4n,
  circuitBytes: carried,
  otherBytes,
  ...used,
  amount,
};
export const tally = countersign('tally', networkId, signAs('tally', tallyBody, 'R1 guard'), keyOf('U1 account'));

export const account = signAs<Account>(
  'account',
  {
    ...asSubscriber,
    serial: 6n,
    rail: rail.name,
    destination: depositDestination,
    deposits: [{ payment: '1', amount: deposited, at: depositedAt }],
    deposited,
    unconfirmed: 0n,
    withdrawn: 0n,
    spent: amount,
    lastTally: { interval, serial: tallyBody.serial, amount },
    balance: deposited - amount,
    state: 'open',
    at: issuedAt,
  },
  'R1 guard',
);

export const bill = signAs<Bill>(
  'bill',
  {
    ...asSubscriber,
    interval,
    terms: digest,
    rail: rail.name,
    circuitBytes: carried,
    otherBytes,
    pricePerGib: usageCeil(terms, rail.terms, circuitUsage(2n ** 30n, 3, true)),
    charge: amount,
    balance: deposited - amount,
    at: intervalEnd(parameters, interval),
  },
  'R1 guard',
);

function requestOf(at: number, ask: SubscriberRequest['ask']): Verified<SubscriberRequest> {
  const name = sha256Hex('ptg example request\0', ask.kind).slice(0, 32);
  return signAs('request', { subscriber: asSubscriber.subscriber, guard: r1, id: name, at, ask }, 'U1 account');
}
export const subscribe = requestOf(depositedAt - 30, { kind: 'subscribe', rail: rail.name });
export const signTally = requestOf(issuedAt + 60, { kind: 'sign-tally', tally });
export const withdraw = requestOf(schedule.booksClose, {
  kind: 'withdraw',
  amount: deposited - amount,
  destination: destinationOf('U1', 'name', 'rest'),
});

export const mailboxFetch = signAs<MailboxFetch>('mailbox', { relay: r1, key: 1, at: schedule.bst }, 'R1 settlement');

/** R2 contests all the same, and R1 shows the payment. */
const filedAt = schedule.paymentEnd + 60;
const answeredAt = filedAt + 600;
export const contest = signAs<Contest>(
  'contest',
  {
    contestant: r2,
    contestantKey: 1,
    accused: r1,
    interval,
    terms: digest,
    rail: rail.name,
    amount: net.amount,
    destination,
    ground: { kind: 'agreed', settlement },
    at: filedAt,
  },
  'R2 settlement',
);
export const appeal = signAs<Appeal>(
  'appeal',
  {
    case: id,
    from: r1,
    fromKey: 1,
    evidence: { kind: 'payment', proof: { rail: rail.name, proof: encode(proof) }, settlement: null },
    at: answeredAt,
  },
  'R1 settlement',
);
const authority = publicOf('auth1 authority');
export const verdict = signAs<Verdict>(
  'verdict',
  {
    authority,
    case: id,
    about: {
      kind: 'contest',
      signed: contest,
      contestant: [relays[1]],
      accused: relays[0],
      letterAt: null,
      appeals: [{ at: answeredAt, signed: appeal }],
    },
    terms,
    filedAt,
    outcome: 'dismissed',
    reason: 'payment',
    at: answeredAt,
  },
  'auth1 authority',
);
export const docketAnswer: DocketAnswer = { case: id, state: 'open' };
export const docketLine: DocketLine = {
  case: id,
  kind: 'contest',
  reporter: r2,
  accused: r1,
  interval,
  rail: rail.name,
  amount: net.amount,
  state: 'dismissed',
  reason: 'payment',
  filedAt,
  answerBy: filedAt + parameters.answerWindowSec,
  appealBy: filedAt + parameters.appealWindowSec,
  decidedAt: answeredAt,
  counts: false,
};

/** U1 waits two days for its withdrawal, and complains; R1 pays, and shows it. */
const complainedAt = withdraw.body.at + parameters.withdrawWindowSec;
export const complaint = signAs<Complaint>(
  'complaint',
  { subscriber: asSubscriber.subscriber, guard: r1, account, about: { kind: 'withdrawal', request: withdraw }, at: complainedAt },
  'U1 account',
);
const [restAt, restRef] = destinationOf('U1', 'name', 'rest').split('.');
const payout: LedgerEntry = {
  position: 3n,
  transfer: transferIdOf('payout', 'rest'),
  from: publicOf('R1 wallet'),
  to: restAt ?? '',
  ref: restRef ?? '',
  amount: deposited - amount,
  at: complainedAt + 600,
};
const grown = createTree([...entries, payout].map((entry) => leafHash(entryLeaf(entry))));
const grownHead = signAs('loghead', { size: 4n, root: hex(grown.root()), at: payout.at + 1 }, 'ledger log');
const payoutProof: LedgerProof = { entry: payout, path: grown.inclusion(3, 4).map(hex), head: grownHead };
const complaintCase = complaintCaseOf(networkId, complaint.body, {
  ...{ kind: 'withdrawal', subject: withdraw.body.id, amount: payout.amount },
  ...{ destination: destinationOf('U1', 'name', 'rest'), since: withdraw.body.at },
});
export const answer = signAs<Answer>(
  'answer',
  {
    case: complaintCase,
    guard: r1,
    guardKey: 1,
    evidence: { kind: 'payout', proof: { rail: rail.name, proof: encode(payoutProof) } },
    at: payout.at + 2,
  },
  'R1 guard',
);
export const complaintVerdict = signAs<Verdict>(
  'verdict',
  {
    authority,
    case: complaintCase,
    about: { kind: 'complaint', signed: complaint, guard: relays[0], answers: [{ at: answer.body.at, signed: answer }] },
    terms: { ...terms, interval: interval + 1 },
    filedAt: complainedAt,
    outcome: 'dismissed',
    reason: 'payout',
    at: answer.body.at,
  },
  'auth1 authority',
);

/** What stands in examples/ beside the scenarios. */
export const docketFiles = { contest, appeal, verdict, complaint } as const;
