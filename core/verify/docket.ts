/*
 * Verifying what the docket holds: contest, appeal, complaint, answer, and the verdict, which brings all that it was decided on and
 * is checked from its filing to its end (rule/replay.ts). A verdict needs no descriptors or terms beside network.json.
 */
import { bare, verify, type Countersigned, type Signed } from '../crypto/sign.ts';
import { VERDICT_BYTES_MAX } from '../limits.ts';
import { ok } from '../refusal.ts';
import { fitsPair, reckonContest } from '../rule/contest.ts';
import { replay } from '../rule/replay.ts';
import { signedAnswer, signedComplaint, type Answer, type Complaint } from '../wire/complaint.ts';
import { signedAppeal, signedContest, type Appeal, type AppealEvidence, type Contest } from '../wire/contest.ts';
import type { Account, Tally } from '../wire/guard.ts';
import type { Iou } from '../wire/iou.ts';
import type { PaymentProof, Settlement } from '../wire/settlement.ts';
import { signedVerdict, type Verdict } from '../wire/verdict.ts';
import { aboutText, answerText, appealText, groundText, meaningOf, nameIn, reasons } from './docket-words.ts';
import { kind, refuseVerify, signedBy, termsClaim, timeText, type ByKey, type ByRelay, type Claim, type Known } from './kind.ts';

/** An appeal or an answer with the rail's proofs in it. */
const EVIDENCE_CHARS_MAX = 131_072;

export const contestKind = kind<Signed<Contest>>({
  title: 'a contest',
  schema: signedContest,
  signers: (signed, known) => {
    const { body } = signed;
    const by = { role: 'its contestant', relay: body.contestant, number: body.contestantKey, interval: body.interval };
    return signedBy(known, [...groundSigners(body), { ...by, object: 'contest', signed, use: 'settlement' }]);
  },
  claims({ body }, known) {
    const terms = known.terms(body.terms);
    const reckoned = terms === null ? null : reckonContest(terms, body).ok;
    return [
      { what: 'contestant and accused are two relays', holds: body.contestant !== body.accused },
      {
        what: 'all that it shows is of its pair, interval, rail and destination',
        holds: fitsPair(known.network.networkId, body),
      },
      termsClaim(body, known),
      ...(reckoned === null ? [] : [{ what: 'what it shows gives the amount that it claims', holds: reckoned }]),
    ];
  },
  says: ({ body }) => [
    ['contestant', body.contestant],
    ['accused', body.accused],
    ['claims', `${body.amount} on ${body.rail}, for interval ${body.interval}`],
    ['to', body.destination],
    ['shows', groundText(body.ground)],
    ['signed at', timeText(body.at)],
  ],
  proves: 'the contestant claims that it was not paid this, and what it shows is signed by whom it names',
  provesNot: [
    'that it was not paid: the verdict of the docket says what came of it',
    'that the docket took it',
    'that the contestant shows all that it has',
  ],
});

export const appealKind = kind<Signed<Appeal>>({
  title: 'an appeal',
  schema: signedAppeal,
  charsMax: EVIDENCE_CHARS_MAX,
  signers: (signed, known) => {
    const { body } = signed;
    const by = { role: 'its sender', relay: body.from, number: body.fromKey, interval: null };
    return signedBy(known, [...evidenceSigners(body.evidence), { ...by, object: 'appeal', signed, use: 'settlement' }]);
  },
  claims: ({ body: { evidence } }, known) => {
    if (evidence.kind === 'payment') return [proofClaim(evidence.proof, known)];
    return evidence.kind === 'receipt' ? [proofClaim(evidence.receipt.body.proof, known)] : [];
  },
  says: ({ body }, known) => [
    ['case', body.case],
    ['from', body.from],
    ['shows', appealText(body.evidence, known)],
    ['signed at', timeText(body.at)],
  ],
  proves: 'its sender holds this against the contest of that case, and what it shows is signed by whom it names',
  provesNot: ['that it answers the contest: the verdict says so', 'that the docket took it'],
});

export const complaintKind = kind<Signed<Complaint>>({
  title: 'a complaint',
  schema: signedComplaint,
  charsMax: EVIDENCE_CHARS_MAX,
  signers: (signed, known) => {
    const { account, about, subscriber } = signed.body;
    const role = 'its subscriber';
    return signedBy(known, [
      accountSigner(account),
      ...(about.kind === 'withdrawal'
        ? [{ role, object: 'request', signed: bare(about.request), key: subscriber } satisfies ByKey]
        : []),
      { role, object: 'complaint', signed, key: subscriber },
    ]);
  },
  claims: complaintClaims,
  says: ({ body }) => [
    ['subscriber', body.subscriber],
    ['guard', body.guard],
    ['about', aboutText(body.about)],
    ['account', accountText(body.account.body)],
    ['signed at', timeText(body.at)],
  ],
  proves: 'the subscriber claims this of its guard, and the guard signed the account that it shows',
  provesNot: [
    'that the guard has not credited or paid it since',
    'that the guard’s time for it is over',
    'that the docket took it',
  ],
});

export const answerKind = kind<Signed<Answer>>({
  title: 'a guard’s answer to a complaint',
  schema: signedAnswer,
  charsMax: EVIDENCE_CHARS_MAX,
  signers: (signed, known) => {
    const { body } = signed;
    const by = { role: 'the guard', relay: body.guard, number: body.guardKey, interval: null };
    const { evidence } = body;
    const tallies = evidence.kind === 'tallies' || evidence.kind === 'withdrawals' ? evidence.tallies : [];
    return signedBy(known, [
      ...(evidence.kind === 'account' ? [accountSigner(evidence.account)] : []),
      ...tallies.flatMap(tallySigners),
      ...(evidence.kind === 'withdrawals' ? evidence.withdrawals.map(({ request }) => requestSigner(request)) : []),
      { ...by, object: 'answer', signed, use: 'guard' },
    ]);
  },
  claims: ({ body: { evidence } }, known) => {
    if (evidence.kind === 'payout') return [proofClaim(evidence.proof, known)];
    return evidence.kind === 'withdrawals' ? evidence.withdrawals.map(({ proof }) => proofClaim(proof, known)) : [];
  },
  says: ({ body }, known) => [
    ['case', body.case],
    ['guard', body.guard],
    ['shows', answerText(body.evidence, known)],
    ['signed at', timeText(body.at)],
  ],
  proves: 'the guard holds this against the complaint of that case, and what it shows is signed by whom it names',
  provesNot: ['that it answers the complaint: the verdict says so', 'that the docket took it'],
});

export const verdictKind = kind<Signed<Verdict>>({
  title: 'a verdict of the docket',
  schema: signedVerdict,
  charsMax: VERDICT_BYTES_MAX,
  signers(signed, known) {
    const { authorities, networkId } = known.network;
    const named = authorities.find((one) => one.key === signed.body.authority);
    if (named === undefined) return refuseVerify('verify-no-key', `authority ${signed.body.authority}, not in network.json`);
    if (verify('verdict', networkId, signed, named.key) === null) {
      // Who changed something inside changed what the authority signed, too: the inner part is the one to name.
      const broken = replay(networkId, signed.body, known).checks.find((one) => !one.holds);
      return refuseVerify('verify-signature', `authority ${named.name}${broken === undefined ? '' : `; not so: ${broken.what}`}`);
    }
    const role = `an authority (its own certificate: 1 of the ${authorities.length} in network.json)`;
    return ok([{ role, name: named.name, id: named.key, key: named.key }]);
  },
  claims: ({ body }, known) => [...replay(known.network.networkId, body, known).checks],
  says: ({ body }, known) => [
    ['case', body.case],
    ...(body.about.kind === 'contest' ? contestSays(body, body.about, known) : complaintSays(body, body.about, known)),
    ['filed at', timeText(body.filedAt)],
    ['outcome', `${body.outcome}: ${meaningOf(body)}`],
    ['because', reasons[body.reason]],
    ['decided at', timeText(body.at)],
  ],
  proves: 'this authority decided the case so, and anybody decides it so by this evidence and these times',
  provesNot: [
    'that the times, and that a letter lay ready, are true: they are the authority’s word',
    'that no answer or earlier descriptor was left out: its public log shows what it took',
    'that it is the newest: an upheld case may have been paid since',
  ],
});

type AboutOf<K extends Verdict['about']['kind']> = Extract<Verdict['about'], { kind: K }>;

function contestSays(body: Verdict, { signed, appeals, letterAt }: AboutOf<'contest'>, known: Known): [string, string][] {
  const { contestant, accused, amount, rail, interval, ground } = signed.body;
  const letter = letterAt === null ? [] : [['letter', `a settlement lay ready for the accused from ${timeText(letterAt)}`]];
  return [
    ['contest', `${nameIn(body, contestant)} contested ${nameIn(body, accused)} for ${amount} on ${rail}, interval ${interval}`],
    ['contestant', contestant],
    ['accused', accused],
    ['shown', groundText(ground)],
    ...(letter as [string, string][]),
    ...(appeals.length === 0 ? [['answered', 'nothing that holds'] as [string, string]] : []),
    ...appeals.map(({ at, signed: { body: one } }): [string, string] => [
      'answered',
      `${nameIn(body, one.from)}, ${timeText(at)}: ${appealText(one.evidence, known)}`,
    ]),
  ];
}

function complaintSays(body: Verdict, { signed, answers }: AboutOf<'complaint'>, known: Known): [string, string][] {
  const { subscriber, guard, about, account } = signed.body;
  return [
    ['complaint', `a subscriber complained of ${nameIn(body, guard)} about ${aboutText(about)}`],
    ['subscriber', subscriber],
    ['guard', guard],
    ['shown', accountText(account.body)],
    ...(answers.length === 0 ? [['answered', 'nothing that holds'] as [string, string]] : []),
    ...answers.map(({ at, signed: { body: one } }): [string, string] => [
      'answered',
      `${nameIn(body, guard)}, ${timeText(at)}: ${answerText(one.evidence, known)}`,
    ]),
  ];
}

function groundSigners({ ground }: Contest): ByRelay[] {
  if (ground.kind === 'agreed') return bothOf(ground.settlement, '');
  const { held, issued, carry } = ground;
  return [
    ...(held === null ? [] : [iouSigner('the accused, of the IOU held', held)]),
    ...(issued === null ? [] : [iouSigner('the contestant, of the IOU issued', issued)]),
    ...(carry === null ? [] : bothOf(carry, ' of the interval before')),
  ];
}

function evidenceSigners(evidence: AppealEvidence): ByRelay[] {
  if (evidence.kind === 'set-off') return [iouSigner('the contestant, of the IOU', evidence.iou)];
  if (evidence.kind === 'carried') return bothOf(evidence.settlement, '');
  if (evidence.kind === 'payment') return evidence.settlement === null ? [] : bothOf(evidence.settlement, '');
  const { body } = evidence.receipt;
  const by = { relay: body.creditor, number: body.creditorKey, interval: body.interval, use: 'settlement' } as const;
  return [{ ...by, role: 'the creditor, of the receipt', object: 'receipt', signed: evidence.receipt }];
}

function bothOf({ body, signature, countersignature }: Countersigned<Settlement>, which: string): ByRelay[] {
  const one = { object: 'settlement', use: 'settlement', interval: body.interval } as const;
  const of = `, of the settlement${which}`;
  return [
    ...(body.owed === null ? [] : [iouSigner(`the debtor, of the IOU owed${which}`, body.owed)]),
    ...(body.owing === null ? [] : [iouSigner(`the creditor, of the IOU owing${which}`, body.owing)]),
    { ...one, role: `the creditor${of}`, relay: body.creditor, number: body.creditorKey, signed: { body, signature } },
    {
      ...{ ...one, role: `the debtor${of}`, relay: body.debtor, number: body.debtorKey },
      signed: { body, signature: countersignature },
    },
  ];
}

function iouSigner(role: string, signed: Signed<Iou>): ByRelay {
  const { issuer, issuerKey, interval } = signed.body;
  return { role, object: 'iou', signed, relay: issuer, use: 'iou', number: issuerKey, interval };
}

function accountSigner(signed: Signed<Account>): ByRelay {
  const { guard, guardKey } = signed.body;
  const role = 'the guard, of the account';
  return { role, object: 'account', signed, relay: guard, use: 'guard', number: guardKey, interval: null };
}

function tallySigners({ body, signature, countersignature }: Countersigned<Tally>): (ByRelay | ByKey)[] {
  const by = { relay: body.guard, use: 'guard', number: body.guardKey, interval: null } as const;
  return [
    { ...by, role: 'the guard, of a tally', object: 'tally', signed: { body, signature } },
    { role: 'the subscriber, of a tally', object: 'tally', signed: { body, signature: countersignature }, key: body.subscriber },
  ];
}

function requestSigner(signed: Signed<{ readonly subscriber: string }>): ByKey {
  return { role: 'the subscriber, of a withdrawal', object: 'request', signed: bare(signed), key: signed.body.subscriber };
}

function proofClaim(proof: PaymentProof, known: Known): Claim {
  return { what: `its proof of a payment on ${proof.rail} holds`, holds: known.payment(proof) !== null };
}

function complaintClaims({ body: { account, about, subscriber, guard } }: Signed<Complaint>, known: Known): Claim[] {
  const isTheirs = account.body.subscriber === subscriber && account.body.guard === guard;
  const first = { what: 'the account is of this subscriber and guard', holds: isTheirs };
  if (about.kind === 'deposit') {
    const shown = known.payment(about.proof);
    return [
      first,
      {
        what: 'the rail shows the deposit, to the account’s destination',
        holds: shown?.destination === account.body.destination,
      },
      {
        what: 'the account does not credit it',
        holds: shown !== null && account.body.deposits.every((one) => one.payment !== shown.payment),
      },
    ];
  }
  const { body } = about.request;
  const isAsked = body.ask.kind === 'withdraw' && body.subscriber === subscriber && body.guard === guard;
  return [first, { what: 'it asked this guard for the withdrawal', holds: isAsked }];
}

function accountText({ balance, withdrawn, rail, at, serial }: Account): string {
  return `the account of ${timeText(at)}, serial ${serial}: balance ${balance}, withdrawn ${withdrawn}, on ${rail}`;
}
