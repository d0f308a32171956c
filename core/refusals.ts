/*
 * Every refusal there is, by the object that it belongs to: the one union. Each table stands in its object's file; a test
 * checks that docs/refusals.md is made from this and that no code stands twice.
 */
import { codecRefusals } from './wire/codec.ts';
import { answerRefusals, complaintRefusals } from './wire/complaint.ts';
import { appealRefusals, contestRefusals } from './wire/contest.ts';
import { consensusRefusals } from './wire/consensus.ts';
import { bindingRefusals, descriptorRefusals } from './wire/descriptor.ts';
import { directoryRefusals } from './wire/directory.ts';
import { guardRefusals } from './wire/guard.ts';
import { iouRefusals } from './wire/iou.ts';
import { ledgerRefusals } from './wire/ledger.ts';
import { mailboxRefusals } from './wire/mailbox.ts';
import { settlementRefusals } from './wire/settlement.ts';
import { docketRefusals } from './wire/verdict.ts';
import { localRefusals } from './local/messages.ts';
import { verifyRefusals } from './verify/kind.ts';
import type { RefusalTable } from './refusal.ts';

export const refusalTables: Readonly<Record<string, RefusalTable>> = {
  'Any message': codecRefusals,
  Descriptor: descriptorRefusals,
  'Descriptor, and the Tor identity that it names': bindingRefusals,
  Consensus: consensusRefusals,
  'Asking a directory': directoryRefusals,
  Mailbox: mailboxRefusals,
  'IOU and delivery': iouRefusals,
  'Statement, settlement and receipt': settlementRefusals,
  'Account, tally and request': guardRefusals,
  Contest: contestRefusals,
  Appeal: appealRefusals,
  Complaint: complaintRefusals,
  'Answer of a guard': answerRefusals,
  'Asking the docket': docketRefusals,
  'Ledger transfer': ledgerRefusals,
  'Between roles': localRefusals,
  'Verifying offline': verifyRefusals,
};
