import { expect } from 'chai';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { ok } from '../../core/refusal.ts';
import { sign } from '../../core/crypto/sign.ts';
import { done } from '../../core/local/messages.ts';
import { logPage, logProof, publishAnswer } from '../../core/wire/directory.ts';
import { signedLogHead } from '../../core/wire/ledger.ts';
import { mailboxAnswer } from '../../core/wire/mailbox.ts';
import type { Network } from '../../core/wire/network.ts';
import { migrations, start } from '../../directory/main.ts';
import { drivenClock } from '../../host/clock.ts';
import { openDatabase } from '../../host/db/open.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { createHttpClient } from '../../host/http/client.ts';
import { serve, type Served } from '../../host/http/serve.ts';
import { silentLog } from '../../host/log.ts';
import { networkMigrations } from '../../host/network/migrations.ts';
import { openNetworkView } from '../../host/network/view.ts';
import type { Role } from '../../host/ports.ts';
import { openRails, railRules } from '../../rail/rails.ts';
import { networkId, testKey, testSeed } from '../harness/view.ts';
import { GENESIS, givenDescriptor, givenParameters, network as known } from './given.ts';

/** A relay that does nothing but be there. */
const present = (id: string, nickname: string): Role => ({
  name: 'relay',
  endpoints: [
    {
      method: 'GET',
      path: '/relay/alive',
      access: 'public',
      tag: 'relay',
      input: z.strictObject({}),
      answer: async () => ok({ id, nickname }),
    },
  ],
  busy: () => false,
  nextDue: () => null,
  stop: async () => undefined,
});

describe('directory, served', () => {
  const undo: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const one of undo.splice(0).reverse()) await one();
  });
  const listen = async (role: Role): Promise<Served> => {
    const sealing = { networkId, entropy: seededEntropy('server'), senderKey: () => null };
    const served = await serve({ ...sealing, roles: [role], host: '127.0.0.1', port: 0, log: silentLog() });
    undo.push(() => served.close());
    return served;
  };
  const closing = <T extends { close(): Promise<void> }>(one: T): T => {
    undo.push(() => one.close());
    return one;
  };

  it('is what a node needs to see the network, prove its log and leave letters', async () => {
    const clock = drivenClock(GENESIS);
    const entropy = seededEntropy('directory');
    const log = silentLog();
    const http = closing(createHttpClient({ networkId, entropy }));
    const database = closing(await openDatabase({ file: ':memory:' }, migrations, 'directory'));
    const config = { network: known, name: 'auth', authoritySeed: testSeed('authority'), parameters: givenParameters() };
    const rails = railRules(openRails({ http, network: known }));
    const role = await start({ clock, entropy, database, http, rails, log }, config);
    undo.push(() => role.stop());
    const { url } = await listen(role);
    const relay = await listen(present(givenDescriptor('a').body.id, 'a'));

    const signed = givenDescriptor('a', { urls: { relay: relay.url, settlement: relay.url, guard: relay.url } });
    const published = await http.post(`${url}/directory/publish`, signed, publishAnswer);
    while (role.busy()) await setImmediate();

    const network: Network = { ...known, authorities: [{ ...known.authorities[0]!, url }] };
    const views = closing(await openDatabase({ file: ':memory:' }, networkMigrations, 'network'));
    const view = closing(await openNetworkView({ network, clock, http, database: views, log }));
    while (view.busy()) await setImmediate();
    const { id } = signed.body;
    expect(view.entry(id)?.flags).deep.equal(['Exit', 'Fast', 'Guard', 'Running', 'Stable', 'Valid']);
    expect(view.descriptor(id)?.body).deep.equal(signed.body);
    expect(published.ok && published.value.digest).equal(view.entry(id)?.descriptor);
    expect(view.terms(0)?.relays).equal(1n);
    expect(await view.fetchTerms(0)).deep.equal(view.terms(0));

    const head = await http.get(`${url}/directory/log/head`, signedLogHead);
    const size = head.ok ? head.value.body.size : 0n;
    const page = await http.get(`${url}/directory/log/entries?from=1`, logPage);
    expect(page.ok && [BigInt(page.value.entries.length) + 1n, page.value.next]).deep.equal([size, size]);
    const proof = await http.get(`${url}/directory/log/consistency?from=1&to=${size}`, logProof);
    expect(proof.ok && proof.value.proof.length).greaterThan(0);

    const letter = { from: id, key: 1, to: id, id: '01'.repeat(32), sealed: 'b25l', expires: GENESIS + 100 };
    const sent = sign('letter', networkId, letter, testKey('a settlement'));
    expect((await http.post(`${url}/directory/mailbox`, sent, done)).ok).equal(true);
    const request = sign('mailbox', networkId, { relay: id, key: 1, at: GENESIS }, testKey('a settlement'));
    const letters = await http.post(`${url}/directory/mailbox/fetch`, request, mailboxAnswer);
    expect(letters.ok && letters.value.letters).deep.equal([{ id: letter.id, sealed: letter.sealed }]);
  });
});
