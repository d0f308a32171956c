/*
 * `ptg account backup` and `restore`: the account's seed and evidence from the database into a sealed text, and from such a text
 * back into the database of a client that has the same seed. Called by http.ts.
 */
import { asStored } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { chooseHome, readHomes, readNewestAccount, saveAccount } from '../account/store.ts';
import type { Client } from '../context.ts';
import { clientRefusals } from '../refusals.ts';
import { readNewestSigned, saveSigned } from '../tally/store.ts';
import { backupAccount, restoreAccount, type AccountBackup } from './seal.ts';

const refuse = refuser(clientRefusals);
/** Of the newest intervals: eight years of the usual ones. */
const TALLIES_MAX = 200;

export interface Backups {
  make(input: { passphrase: string }): Promise<Result<{ file: string }>>;
  restore(input: { file: string; passphrase: string }): Promise<Result<{ guards: number; tallies: number }>>;
}

/** `reload`: what counts on the evidence reads it again. */
export function createBackups(client: Client, seed: Uint8Array, reload: () => Promise<void>): Backups {
  const { database, network, entropy } = client.ports;
  const { networkId } = network.network;
  const seedHex = Buffer.from(seed).toString('hex');

  async function make({ passphrase }: { passphrase: string }): Promise<Result<{ file: string }>> {
    const account = await database.transaction(async (tx): Promise<AccountBackup> => {
      const guards = await readHomes(tx);
      const accounts: AccountBackup['accounts'] = [];
      for (const { guard } of guards) {
        const newest = await readNewestAccount(tx, guard);
        if (newest !== null) accounts.push({ home: guard, account: newest });
      }
      return { networkId, seed: seedHex, guards, accounts, tallies: await readNewestSigned(tx, 0, TALLIES_MAX) };
    });
    return ok({ file: backupAccount(account, passphrase, entropy) });
  }

  async function restore(input: { file: string; passphrase: string }): Promise<Result<{ guards: number; tallies: number }>> {
    const read = restoreAccount(input.file, input.passphrase);
    if (!read.ok) return read;
    const { guards, accounts, tallies } = read.value;
    if (read.value.networkId !== networkId) return refuse('backup-network', read.value.networkId);
    if (read.value.seed !== seedHex) return refuse('backup-other-key', client.key.publicKey);
    await database.transaction(async (tx) => {
      const known = new Set((await readHomes(tx)).map((one) => one.guard));
      for (const home of [...guards].reverse()) if (!known.has(home.guard)) await chooseHome(tx, home);
      // Checked when they were given; the seal shows that they are ours.
      for (const { home, account } of accounts) await saveAccount(tx, home, asStored(account));
      for (const tally of tallies) await saveSigned(tx, tally);
    });
    await reload();
    return ok({ guards: guards.length, tallies: tallies.length });
  }

  return { make, restore };
}
