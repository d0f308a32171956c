/*
 * The docket from outside: contests, appeals, complaints and answers that the test signs itself with the keys of a running network's
 * nodes, posted to its authority; what the docket, the consensus and the log say, in short words. Needs a network on disk.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { signingKey, type SigningKey } from '../../core/crypto/keys.ts';
import { signedSchema, sign, type ObjectName, type Signed } from '../../core/crypto/sign.ts';
import { bookPage, type BookPage } from '../../core/local/messages.ts';
import { hasFlag } from '../../core/wire/consensus.ts';
import type { Appeal, AppealEvidence, Contest, ContestGround } from '../../core/wire/contest.ts';
import type { Iou } from '../../core/wire/iou.ts';
import { ledgerDestination } from '../../core/wire/ledger.ts';
import { countersignedSettlement, receipt, settlementId, type PaymentProof, type Receipt } from '../../core/wire/settlement.ts';
import {
  docketAnswer,
  docketCase,
  docketPage,
  relayRecord,
  type DocketCase,
  type DocketLine,
  type RelayRecord,
} from '../../core/wire/verdict.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { need } from '../../lab/report.ts';
import { keysIn, type KeyName } from '../../node/keys.ts';
import { verifyLedgerProof } from '../../rail/ledger/reader.ts';
import type { TestNetwork } from './network.ts';

const pairShape = z.object({
  peer: z.string(),
  id: z.string(),
  state: z.string(),
  settlement: z.unknown(),
  receipt: z.unknown(),
});
const statementsShape = z.object({ statements: z.array(pairShape) });
const DOCKET_MAX = 4 * 1024 * 1024;

export type Docket = ReturnType<typeof openDocket>;

export function openDocket(network: TestNetwork) {
  const { world } = network;
  const authority = world.network.authorities[0]!.url;
  const { http } = world.authority;
  const { networkId } = world.network;
  const id = (name: string): string => world.relayId(name);

  const keyOf = async (name: string, which: KeyName): Promise<SigningKey> =>
    signingKey(await keysIn(join(network.home, name, 'keys'), systemEntropy())(which));

  /** `open`, `dismissed`, … or the code of the refusal. */
  async function post(path: string, object: ObjectName, body: object, name: string, which: KeyName = 'settlement') {
    return send(path, sign(object, networkId, body, await keyOf(name, which)));
  }
  async function send(path: string, signed: Signed<unknown>): Promise<string> {
    const answer = await http.post(`${authority}${path}`, { body: signed.body, signature: signed.signature }, docketAnswer);
    await network.idle();
    return answer.ok ? answer.value.state : answer.refusal.code;
  }

  async function pairOf(name: string, peer: string, interval = 0) {
    const read = await network.call(name, 'settlement', '/settlement/statements-list', { interval });
    const found = statementsShape.parse(read).statements.find((one) => one.peer === id(peer));
    if (found === undefined) throw new Error(`${name} has no pair with ${peer}`);
    return found;
  }
  const settlementOf = async (name: string, peer: string, interval = 0) =>
    countersignedSettlement.parse((await pairOf(name, peer, interval)).settlement);
  const receiptOf = async (name: string, peer: string, interval = 0): Promise<Signed<Receipt>> =>
    signedSchema(receipt).parse((await pairOf(name, peer, interval)).receipt);

  /** What `holder` holds of `issuer`, from the relay's closed book. */
  async function iouOf(issuer: string, holder: string, interval = 0): Promise<Signed<Iou> | null> {
    const node = world.relays.get(holder)!;
    const page: BookPage = need(await node.http.local('relay', '/relay/book', { interval, after: null }, bookPage));
    return page.lines.find((one) => one.peer === id(issuer))?.held ?? null;
  }

  /** By the settlement that both signed. */
  async function agreed(by: string, accused: string, changes: Partial<Contest> = {}): Promise<Contest> {
    const settlement = await settlementOf(by, accused, changes.interval ?? 0);
    const { body } = settlement;
    const ground: ContestGround = { kind: 'agreed', settlement };
    const pair = { contestant: id(by), contestantKey: body.creditorKey, accused: id(accused), interval: body.interval };
    const what = { terms: body.terms, rail: body.rail, amount: body.amount, destination: body.destination ?? 'none' };
    return { ...pair, ...what, ground, at: network.clock.now(), ...changes };
  }

  /** By the IOUs alone. */
  async function claimed(
    by: string,
    accused: string,
    changes: Partial<Contest> & { held?: Signed<Iou> | null; issued?: Signed<Iou> | null },
  ) {
    const { held = null, issued = null, ...rest } = changes;
    const interval = rest.interval ?? 0;
    const ground: ContestGround = { kind: 'claimed', held, issued, carry: null };
    const terms = world.authority.view.termsDigest(interval) ?? '';
    const destination = ledgerDestination(await world.walletKey(by), 'ab'.repeat(16));
    const pair = { contestant: id(by), contestantKey: 1, accused: id(accused), interval };
    return { ...pair, terms, rail: 'ledger', amount: 1n, destination, ground, at: network.clock.now(), ...rest } as Contest;
  }

  async function page(query = ''): Promise<readonly DocketLine[]> {
    return need(await http.get(`${authority}/directory/docket${query}`, docketPage, { answerMax: DOCKET_MAX })).cases;
  }

  return {
    id,
    keyOf,
    post,
    send,
    pairOf,
    settlementOf,
    receiptOf,
    iouOf,
    agreed,
    claimed,
    page,
    caseOf: (a: string, b: string, interval = 0): string => settlementId(networkId, interval, id(a), id(b)),
    file: (body: Contest): Promise<string> => post('/directory/contest', 'contest', body, world.relayName(body.contestant)),
    async appeal(from: string, caseId: string, evidence: AppealEvidence, changes: Partial<Appeal> = {}): Promise<string> {
      const body: Appeal = { case: caseId, from: id(from), fromKey: 1, evidence, at: network.clock.now(), ...changes };
      return post('/directory/appeal', 'appeal', body, from);
    },
    one: async (caseId: string): Promise<DocketCase> =>
      need(await http.get(`${authority}/directory/docket/case/${caseId}`, docketCase, { answerMax: DOCKET_MAX })),
    /** `X contests M 1500: open`, oldest first. */
    async shown(): Promise<string[]> {
      const lines = [...(await page())].reverse();
      return lines.map(
        (one) => `${world.relayName(one.reporter)} contests ${world.relayName(one.accused)} ${one.amount}: ${one.state}`,
      );
    },
    record: async (name: string): Promise<RelayRecord> =>
      need(await http.get(`${authority}/directory/docket/record/${id(name)}`, relayRecord)),
    /** By the newest consensus. */
    async guards(): Promise<string[]> {
      await world.authority.view.refresh();
      const entries = world.authority.view.consensus()?.body.relays ?? [];
      return entries
        .filter((one) => hasFlag(one, 'Guard'))
        .map((one) => world.relayName(one.id))
        .sort();
    },
    /** Best standing first. */
    async order(): Promise<string[]> {
      await world.authority.view.refresh();
      return (world.authority.view.consensus()?.body.relays ?? []).map((one) => world.relayName(one.id));
    },
    /** The ledger's proof of a payment by its name. */
    async proofOf(name: string): Promise<PaymentProof> {
      const proof: PaymentProof = { rail: 'ledger', proof: await proofText(name) };
      if (verifyLedgerProof(world.network, proof) === null) throw new Error('the ledger proves what holds');
      return proof;
    },
  };

  async function proofText(payment: string): Promise<string> {
    const { ledgerReader } = await import('../../rail/ledger/reader.ts');
    return need(await ledgerReader({ http, network: world.network }).prove(payment)).proof;
  }
}
