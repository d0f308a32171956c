/*
 * A request to a guard: signed, sealed, sent; the account in its answer checked and kept. To one of its family when the guard
 * itself does not answer. Called by every item's flow.
 */
import { bare, sign, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Refusal, type Result } from '../../core/refusal.ts';
import { requestAnswer, type Account, type RequestAnswer, type SubscriberRequest } from '../../core/wire/guard.ts';
import { randomHex, type Client } from '../context.ts';
import { familyOf, placeOf, type GuardPlace } from '../guards/find.ts';
import { clientRefusals } from '../refusals.ts';
import { checkAccount } from './decide.ts';
import { readNewestAccount, saveAccount, saveRefusedAccount, type Home } from './store.ts';

const refuse = refuser(clientRefusals);
/** A guard looks at its rail before it answers. */
const DEADLINE_MS = 30_000;

export type Ask = SubscriberRequest['ask'];

export interface Asked {
  /** Who answered. */
  readonly by: GuardPlace;
  readonly account: Verified<Account>;
  /** Not checked beyond the account. */
  readonly answer: RequestAnswer;
}

/** At this guard alone. `id`: the request's, where it is to be the same as an earlier one. */
export async function askGuard(client: Client, home: Home, ask: Ask, at = home.guard, id?: string): Promise<Result<Asked>> {
  const { ports } = client;
  const place = placeOf(ports.network, at);
  if (place === null) return refuse('client-guard-unknown', at);
  const body = signRequest(client, place.id, ask, id ?? randomHex(ports, 16));
  const call = { url: `${place.url}/guard/request`, tag: 'request', body, toKey: place.toKey };
  // Over the transport where a session is open there: nobody sees then when an account is asked about.
  const carried = (await ports.transport?.ask?.(place.id, body)) ?? null;
  const answer = carried ?? (await ports.http.subscriber(call, requestAnswer, { deadlineMs: DEADLINE_MS }));
  if (!answer.ok) return answer;
  const account = await keep(client, home, place, answer.value);
  return account.ok ? ok({ by: place, account: account.value, answer: answer.value }) : account;
}

/** As of now. */
export function signRequest({ ports, key }: Client, guard: string, ask: Ask, id: string): Signed<SubscriberRequest> {
  const body: SubscriberRequest = { subscriber: key.publicKey, guard, id, at: ports.clock.now(), ask };
  return bare(sign('request', ports.network.network.networkId, body, key));
}

/** At the guard, or while it is down at one of its family (rule 13). The refusal is then still the guard's own. */
export async function askFamily(client: Client, home: Home, ask: Ask, id?: string): Promise<Result<Asked>> {
  const first = await askGuard(client, home, ask, home.guard, id);
  if (first.ok || !isDown(first.refusal)) return first;
  for (const { id: other } of familyOf(client.ports.network, home.guard)) {
    const answer = await askGuard(client, home, ask, other, id);
    if (answer.ok) return answer;
  }
  return first;
}

async function keep(client: Client, home: Home, place: GuardPlace, answer: RequestAnswer): Promise<Result<Verified<Account>>> {
  const { database, network, readers } = client.ports;
  return database.transaction(async (tx) => {
    const checked = checkAccount(answer.account, {
      networkId: network.network.networkId,
      guard: place.descriptor,
      subscriber: client.key.publicKey,
      rail: home.rail,
      reader: Object.hasOwn(readers, home.rail) ? readers[home.rail] : undefined,
      last: await readNewestAccount(tx, home.guard),
    });
    if (checked.ok) await saveAccount(tx, home.guard, checked.value);
    // Without the guard's signature it is evidence of nothing.
    else if (checked.refusal.code !== 'account-signature')
      await saveRefusedAccount(tx, home.guard, answer.account, checked.refusal.code);
    return checked;
  });
}

function isDown(refusal: Refusal): boolean {
  return refusal.retry && refusal.code !== 'request-unknown-terms';
}
