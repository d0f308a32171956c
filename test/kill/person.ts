/*
 * What people do in a journey, as one would who is not answered: said again where that is harmless, and where it is not only after a
 * look. A network in; nothing out, but an error when it is never heard. Called by journeys.ts.
 */
import { join } from 'node:path';
import type { RoleName } from '../../host/ports.ts';
import type { Network } from './network.ts';
import { readTable } from './state.ts';

export const subscriber = 'U';

export const subscribe = (network: Network) => insist(network, subscriber, 'client', '/client/subscribe', { guard: 'G' });
export const balance = (network: Network) => insist(network, subscriber, 'client', '/client/balance', {});
export const deposit = (network: Network, amount: bigint) => once(network, '/client/deposit', { amount }, 'client_deposit');
export const withdraw = (network: Network, amount: bigint) => once(network, '/client/withdraw', { amount }, 'client_withdrawal');

export async function approveDebtTo(network: Network, creditor: string): Promise<void> {
  const shown = await network.ask('G', 'settlement', '/settlement/statements-list', { interval: 0 });
  if (!shown.ok) {
    await network.advance(network.now() + 1);
    return approveDebtTo(network, creditor);
  }
  const { statements } = shown.value as { statements: { id: string; nickname: string }[] };
  const ids = statements.filter((one) => one.nickname === creditor).map((one) => one.id);
  await insist(network, 'G', 'settlement', '/settlement/payouts-approve', { ids });
}

/** One circuit; where its session is lost, another. Each part is followed by a tick. */
export async function carry(network: Network, relays: readonly string[], parts: readonly bigint[]): Promise<void> {
  let circuit = await network.open(subscriber, relays);
  for (const bytes of parts) {
    for (let tries = 0; ((await circuit?.carry(bytes)) ?? 0n) < bytes; tries += 1) {
      if (tries === 10) throw new Error('no session is taken');
      circuit?.close();
      await network.idle();
      circuit = await network.open(subscriber, relays);
    }
    await network.tick();
  }
  circuit?.close();
  await network.idle();
}

/** Says the same again until it is heard. */
async function insist(network: Network, name: string, role: RoleName, path: string, body: unknown): Promise<void> {
  for (let tries = 0; tries < 10; tries += 1) {
    const answer = await network.ask(name, role, path, body);
    if (answer.ok) return;
    if (!answer.refusal.retry) throw new Error(`${name} ${path}: ${answer.refusal.code} ${answer.refusal.about}`);
    await network.advance(network.now() + 1);
  }
  throw new Error(`${name} ${path}: never heard`);
}

/** Not said twice: whether it was heard is seen from the rows that it makes. */
async function once(network: Network, path: string, body: unknown, table: string): Promise<void> {
  const file = join(network.home, subscriber, 'client.sqlite');
  const isHeard = async () => (await readTable(file, table, ['state'])).length > 0;
  for (let tries = 0; tries < 10; tries += 1) {
    const answer = await network.ask(subscriber, 'client', path, body);
    if (answer.ok || (await isHeard())) return;
    if (!answer.refusal.retry) throw new Error(`${path}: ${answer.refusal.code} ${answer.refusal.about}`);
    await network.advance(network.now() + 1);
  }
  throw new Error(`${path}: never heard`);
}
