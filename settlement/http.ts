/*
 * What may be asked of settlement: by counterparts on their links, by the guard, and by the operator. Method, path, schema, flow.
 */
import { z } from 'zod';
import { signedSchema, type Signed } from '../core/crypto/sign.ts';
import { withdrawOrder, type WithdrawOrder } from '../core/local/messages.ts';
import { SIGNED_CHARS_MAX } from '../core/limits.ts';
import { invariant } from '../core/refusal.ts';
import { hex32 } from '../core/wire/field.ts';
import { receipt, signedSettlement, statement, type Receipt, type Settlement, type Statement } from '../core/wire/settlement.ts';
import type { Caller, Endpoint } from '../host/ports.ts';
import { caseNotice, type CaseNotice } from '../core/wire/verdict.ts';
import { answerSettlement } from './agree/flow.ts';
import { answerPlea, plea, type Plea } from './contest/appeal.ts';
import {
  appealNow,
  appealQuery,
  fileContest,
  fileQuery,
  listContests,
  type AppealQuery,
  type FileQuery,
} from './contest/read.ts';
import { answerCaseNotice } from './contest/watch.ts';
import { approve, type Approval } from './due/flow.ts';
import { dryRunQuery, showDryRun, type DryRunQuery } from './dryrun/flow.ts';
import { listPayouts, listStatements, ofInterval, showEarnings, type OfInterval } from './earnings/flow.ts';
import type { Income } from './income/flow.ts';
import type { Office } from './office.ts';
import type { Payouts } from './payout/flow.ts';
import {
  listUnsigned,
  signedBatch,
  takeSigned,
  voidBatch,
  voidQuery,
  type SignedBatch,
  type VoidQuery,
} from './payout/signing.ts';
import { answerNotice, notice, takeReceipt, type Notice } from './receipt/flow.ts';
import { answerRecall, recallQuery, type RecallQuery } from './recall/flow.ts';
import { showReconciled, showWallets } from './reconcile/flow.ts';
import { answerStatement } from './statement/flow.ts';
import { showStatus } from './status/flow.ts';
import { takeOrder } from './withdraw/flow.ts';

const nothing = z.strictObject({});
const approval = z.union([z.strictObject({ ids: z.array(hex32).min(1).max(1000) }), z.strictObject({ all: z.literal(true) })]);

export function settlementEndpoints(office: Office, income: Income, payouts: Payouts): Endpoint[] {
  return [
    ...linkEndpoints(office, income),
    ...publicEndpoints(office),
    ...localEndpoints(office, income),
    ...signingEndpoints(office, payouts),
  ];
}

function linkEndpoints(office: Office, income: Income): Endpoint[] {
  const link = { method: 'POST', access: 'link' } as const;
  return [
    {
      ...{ ...link, path: '/settlement/statements', tag: 'statement', input: signedSchema(statement) },
      answer: (input: Signed<Statement>, from) => answerStatement(office, relayOf(from), input),
    },
    {
      ...{ ...link, path: '/settlement/settlements', tag: 'settlement', input: signedSettlement },
      answer: (input: Signed<Settlement>, from) => answerSettlement(office, relayOf(from), input),
    },
    {
      ...{ ...link, path: '/settlement/notices', tag: 'notice', input: notice },
      answer: (input: Notice, from) => answerNotice(office, income, relayOf(from), input),
    },
    {
      ...{ ...link, path: '/settlement/receipts', tag: 'receipt', input: signedSchema(receipt) },
      answer: (input: Signed<Receipt>, from) => takeReceipt(office, relayOf(from), input),
    },
    {
      ...{ ...link, path: '/settlement/appeals', tag: 'appeal', input: plea },
      answer: (input: Plea, from) => answerPlea(office, income, relayOf(from), input),
    },
    {
      ...{ ...link, path: '/settlement/recall', tag: 'recall', input: recallQuery },
      answer: (input: RecallQuery, from) => answerRecall(office, relayOf(from), input),
    },
  ];
}

/** The docket's word that there is a case: it names it, and nothing more. */
function publicEndpoints(office: Office): Endpoint[] {
  const tell = { method: 'POST', access: 'public', path: '/settlement/contested', tag: 'notice', input: caseNotice } as const;
  return [{ ...tell, answer: (input: CaseNotice) => answerCaseNotice(office, input) }];
}

function localEndpoints(office: Office, income: Income): Endpoint[] {
  return [
    local('withdraw', withdrawOrder, (input: WithdrawOrder) => takeOrder(office, 'withdrawal', input)),
    local('wallet-send', withdrawOrder, (input: WithdrawOrder) => takeOrder(office, 'send', input)),
    local('dry-run', dryRunQuery, (input: DryRunQuery) => showDryRun(office, input)),
    local('earnings', ofInterval, (input: OfInterval) => showEarnings(office, input)),
    local('statements-list', ofInterval, (input: OfInterval) => listStatements(office, input)),
    local('payouts', nothing, () => listPayouts(office)),
    local('payouts-approve', approval, (input: Approval) => approve(office, input)),
    local('contests', nothing, () => listContests(office)),
    local('contest-file', fileQuery, (input: FileQuery) => fileContest(office, input)),
    local('appeal', appealQuery, (input: AppealQuery) => appealNow(office, input)),
    local('wallet', nothing, () => showWallets(office)),
    local('reconcile', nothing, () => showReconciled(office, income)),
    local('status', nothing, () => showStatus(office)),
  ];
}

/** Of payouts that are signed elsewhere. */
function signingEndpoints(office: Office, payouts: Payouts): Endpoint[] {
  return [
    local('payouts-unsigned', nothing, () => listUnsigned(office)),
    { ...local('payouts-signed', signedBatch, (input: SignedBatch) => takeSigned(office, input)), bodyMax: SIGNED_BYTES_MAX },
    local('payouts-void', voidQuery, (input: VoidQuery) => voidBatch(office, payouts, input)),
  ];
}

/** With its envelope. */
const SIGNED_BYTES_MAX = SIGNED_CHARS_MAX + 1024;

function local<T>(name: string, input: z.ZodType<T>, answer: (input: T) => ReturnType<Endpoint['answer']>): Endpoint {
  return { method: 'POST', path: `/settlement/${name}`, access: 'local', tag: name, input, answer };
}

function relayOf(from: Caller): string {
  invariant(from.relay !== undefined, 'a link has a sender');
  return from.relay;
}
