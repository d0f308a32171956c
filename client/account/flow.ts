/*
 * The commands `account`, `subscribe` and `balance`: an account at a guard opened, shown, refreshed.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { hasFlag } from '../../core/wire/consensus.ts';
import type { Account, CreditedDeposit } from '../../core/wire/guard.ts';
import type { Client } from '../context.ts';
import { findGuard, familyOf } from '../guards/find.ts';
import { fetchOffer } from '../guards/flow.ts';
import { clientRefusals } from '../refusals.ts';
import { readRefused, sumSigned, type Refused } from '../tally/store.ts';
import { askFamily, askGuard } from './ask.ts';
import { undoneIn } from './decide.ts';
import {
  chooseHome,
  countAccounts,
  readAccounts,
  readHomes,
  readNewestAccount,
  readRefusedAccounts,
  type Home,
  type RefusedAccount,
} from './store.ts';

const refuse = refuser(clientRefusals);

export interface Shown {
  readonly guard: string;
  readonly nickname: string;
  readonly account: Account;
  /** Asked just now; else the last known, and why. */
  readonly fresh: boolean;
  readonly reason: string | null;
  /** Who answered: the guard, or one of its family. */
  readonly by: string;
  /** Of `spent`, what both have signed. More than `spent` is: the guard's book lacks some of it. */
  readonly signed: bigint;
  /** Deposits that were credited, and are no more. */
  readonly undone: readonly CreditedDeposit[];
  /** The newest tally that was not signed since the last one that was. */
  readonly refused: Refused | null;
}

/** `signed`: how many accounts of a guard are kept. */
export interface AccountsKept {
  readonly subscriber: string;
  readonly guards: readonly { readonly guard: string; readonly rail: string; readonly signed: number }[];
  readonly refused: readonly RefusedAccount[];
}

export interface Accounts {
  show(): Promise<Result<AccountsKept>>;
  /** A relay without the Guard flag is refused, unless that is what is wanted: its other subscribers are few. */
  subscribe(input: { guard: string; rail?: string | undefined; withoutFlag?: boolean | undefined }): Promise<Result<Shown>>;
  balance(input: { guard?: string | undefined }): Promise<Result<{ accounts: Shown[] }>>;
  /** The subscription that a command means; the one chosen last where it names none. */
  home(guard: string | undefined): Promise<Result<Home>>;
}

export function createAccounts(client: Client): Accounts {
  const { database, network, readers } = client.ports;

  async function subscribe(input: Parameters<Accounts['subscribe']>[0]): Promise<Result<Shown>> {
    const { guard, rail, withoutFlag } = input;
    const found = findGuard(network, guard);
    if (!found.ok) return found;
    const { entry, place } = found.value;
    const known = (await database.transaction(readHomes)).find((one) => one.guard === place.id);
    if (known === undefined && withoutFlag !== true && !hasFlag(entry, 'Guard'))
      return refuse('client-guard-flag', entry.nickname);
    const offered = (await fetchOffer(client, place))?.rails ?? place.descriptor.rails;
    const suits = (one: string) => Object.hasOwn(readers, one) && (rail === undefined || rail === one);
    const chosen = known?.rail ?? offered.find((one) => suits(one.rail))?.rail;
    if (chosen === undefined) return refuse('client-rail', rail ?? entry.nickname);
    const home: Home = { guard: place.id, rail: chosen };
    const asked = await askGuard(client, home, { kind: 'subscribe', rail: chosen });
    if (!asked.ok) return asked;
    await database.transaction((tx) => chooseHome(tx, home));
    return ok(await shown(home, asked.value.account.body, null));
  }

  async function balance({ guard }: { guard?: string | undefined }): Promise<Result<{ accounts: Shown[] }>> {
    const named = await home(guard);
    if (!named.ok) return named;
    const homes = guard === undefined ? await database.transaction(readHomes) : [named.value];
    const accounts: Shown[] = [];
    for (const one of homes) {
      const asked = await askFamily(client, one, { kind: 'account' });
      const known = asked.ok ? asked.value.account : await database.transaction((tx) => readNewestAccount(tx, one.guard));
      if (known === null) return asked.ok ? refuse('client-no-account', one.guard) : asked;
      accounts.push(await shown(one, known.body, asked.ok ? null : asked.refusal.code));
    }
    return ok({ accounts });
  }

  async function shown(home: Home, account: Account, reason: string | null): Promise<Shown> {
    const { guard } = home;
    const family = [guard, ...familyOf(network, guard).map((one) => one.id)];
    const { signed, refused, before } = await database.transaction(async (tx) => ({
      signed: await sumSigned(tx, family),
      refused: await readRefused(tx, guard),
      before: await readAccounts(tx, guard),
    }));
    const earlier = before.map((one) => one.body).filter((one) => one.serial < account.serial);
    const undone = undoneIn(account, earlier);
    const nickname = network.descriptor(guard)?.body.nickname ?? guard;
    return { guard, nickname, account, fresh: reason === null, reason, by: account.guard, signed, undone, refused };
  }

  async function home(guard: string | undefined): Promise<Result<Home>> {
    const homes = await database.transaction(readHomes);
    const found = guard === undefined ? null : findGuard(network, guard);
    const id = found?.ok === true ? found.value.place.id : guard;
    const one = guard === undefined ? homes[0] : homes.find((candidate) => candidate.guard === id);
    if (one !== undefined) return ok(one);
    // Without a consensus nobody knows a guard by its nickname.
    return found?.ok === false && found.refusal.retry ? found : refuse('client-no-account', guard ?? 'any guard');
  }

  return {
    subscribe,
    balance,
    home,
    async show() {
      const kept = await database.transaction(async (tx) => {
        const guards = [];
        for (const { guard, rail } of await readHomes(tx)) guards.push({ guard, rail, signed: await countAccounts(tx, guard) });
        return { guards, refused: await readRefusedAccounts(tx) };
      });
      return ok({ subscriber: client.key.publicKey, ...kept });
    },
  };
}
