import { expect } from 'chai';
import { verify, type Signed } from '../../core/crypto/sign.ts';
import { createTree, leafHash, verifyConsistency, verifyInclusion } from '../../core/log/merkle.ts';
import { LOG_PAGE_BYTES_MAX } from '../../core/limits.ts';
import type { Result } from '../../core/refusal.ts';
import { encode } from '../../core/wire/codec.ts';
import type { LogHead } from '../../core/wire/ledger.ts';
import { emptyState, fold, foldAll, FORGET_SEC } from '../../directory/state/decide.ts';
import { openBook } from '../../directory/log/flow.ts';
import { insertEntry } from '../../directory/log/store.ts';
import { drivenClock } from '../../host/clock.ts';
import type { Database } from '../../host/ports.ts';
import { networkId, testKey } from '../harness/view.ts';
import { GENESIS, givenAuthority, givenDescriptor, givenParameters, MONTH, network, type Authority } from './given.ts';

const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const valueOf = <T>(answer: Result<T>): T => {
  if (!answer.ok) throw new Error(answer.refusal.code);
  return answer.value;
};

describe('directory/log', () => {
  let authority: Authority;
  beforeEach(async () => {
    authority = await givenAuthority(GENESIS - 60);
    for (const name of ['a', 'b', 'c']) {
      authority.up.add(name);
      await authority.publish(name);
    }
    await authority.goTo(GENESIS + 100);
    authority.up.delete('b');
    await authority.publish('a', { published: GENESIS + 50, bandwidth: 7 });
    await authority.goTo(GENESIS + 330);
  });
  afterEach(() => authority.close());

  const head = async () => valueOf<Signed<LogHead>>(await authority.call('/directory/log/head'));

  it('folds from its stored log to the same state and root', async () => {
    const ports = { clock: authority.clock, database: authority.database };
    const book = await openBook(ports, networkId, testKey('authority'));
    const entries = await authority.entries();
    expect(book.state()).deep.equal(foldAll(emptyState, entries));
    expect(book.state().relays.size).equal(3);
    const { body } = await head();
    expect(body.root).equal(book.top().root);
    const leaves = entries.map((entry) => leafHash(Buffer.from(encode(entry), 'utf8')));
    expect(Buffer.from(createTree(leaves).root()).toString('hex')).equal(body.root);
  });

  it('folds purely: one by one or all together, and twice, with no state touched', async () => {
    const entries = await authority.entries();
    expect(new Set(entries.map((entry) => entry.kind))).deep.equal(
      new Set(['parameters', 'descriptor', 'probe', 'terms', 'consensus']),
    );
    let state = emptyState;
    const before: [typeof state, string][] = [];
    const show = (of: typeof state) => encode({ ...of, relays: [...of.relays], terms: [...of.terms].map(([, terms]) => terms) });
    for (const entry of entries) {
      before.push([state, show(state)]);
      state = fold(state, entry);
    }
    for (const [of, text] of before) expect(show(of)).equal(text);
    expect(state).deep.equal(foldAll(emptyState, entries));
  });

  it('folds in the order of the log alone', async () => {
    const entries = await authority.entries();
    const probes = entries.flatMap((entry, index) => (entry.kind === 'probe' && index > 12 ? [index] : []));
    const missed = probes.find((index) => (entries[index] as { missed: string[] }).missed.length > 0)!;
    const swapped = entries.with(missed, entries[probes[0]!]!).with(probes[0]!, entries[missed]!);
    expect(foldAll(emptyState, swapped)).not.deep.equal(foldAll(emptyState, entries));
  });

  it('reads no more of its log than a page takes', async () => {
    let chars = 0;
    const counting: Database = {
      ...authority.database,
      transaction: (work) =>
        authority.database.transaction((tx) =>
          work({
            ...tx,
            async all(sql, params) {
              const rows = await tx.all(sql, params);
              chars += rows.reduce((sum, row) => sum + String(row['entry'] ?? '').length, 0);
              return rows;
            },
          }),
        ),
    };
    const book = await openBook({ clock: authority.clock, database: counting }, networkId, testKey('authority'));
    const size = Number(book.top().size);
    await authority.database.transaction(async (tx) => {
      for (let index = 0; index < 5; index += 1) await insertEntry(tx, size + index, 'x'.repeat(LOG_PAGE_BYTES_MAX / 2));
    });
    chars = 0;
    const page = valueOf(await book.page(BigInt(size)));
    expect([page.entries.length, page.next]).deep.equal([2, BigInt(size + 2)]);
    expect(chars).equal(LOG_PAGE_BYTES_MAX);
  });

  it('knows what was committed though the answer was lost', async () => {
    let lose = false;
    const shaky: Database = {
      ...authority.database,
      async transaction(work) {
        const value = await authority.database.transaction((tx) => work({ ...tx, onCommit: (run) => !lose && tx.onCommit(run) }));
        if (lose) throw new Error('connection lost');
        return value;
      },
    };
    const clock = drivenClock(authority.clock.now());
    const book = await openBook({ clock, database: shaky }, networkId, testKey('authority'));
    const before = book.top().size;
    const probe = (at: number) => ({ entries: [{ kind: 'probe' as const, at, reached: [], missed: [] }], value: at });
    lose = true;
    const lost = await book.write((_state, now) => probe(now)).catch((thrown: Error) => thrown.message);
    lose = false;
    expect([lost, await book.write((_state, now) => probe(now + 7))]).deep.equal(['connection lost', clock.now() + 7]);
    expect(book.top().size).equal(before + 2n);
    const again = await openBook({ clock, database: shaky }, networkId, testKey('authority'));
    expect(again.top()).deep.equal(book.top());
  });

  it('signs its head, and proves entries and growth under it', async () => {
    const signed = await head();
    expect(verify('loghead', networkId, signed, network.authorities[0]!.key)).not.equal(null);
    const size = signed.body.size;
    const entries = await authority.entries();
    expect(size).equal(BigInt(entries.length));
    const ask = async (path: string, input: Record<string, string>) =>
      valueOf<{ proof: string[] }>(await authority.call(path, input)).proof.map(unhex);
    const path = await ask('/directory/log/inclusion', { index: '3', size: `${size}` });
    const leaf = leafHash(Buffer.from(encode(entries[3]), 'utf8'));
    expect(verifyInclusion(leaf, 3n, size, path, unhex(signed.body.root))).equal(true);
    await authority.goTo(GENESIS + 400);
    const later = await head();
    const proof = await ask('/directory/log/consistency', { from: `${size}`, to: `${later.body.size}` });
    expect(later.body.size > size).equal(true);
    expect(verifyConsistency(size, later.body.size, proof, unhex(signed.body.root), unhex(later.body.root))).equal(true);
    const beyond = await authority.call('/directory/log/inclusion', { index: '0', size: `${later.body.size + 1n}` });
    expect(!beyond.ok && beyond.refusal.code).equal('directory-no-entry');
    const after = await authority.call('/directory/log/entries', { from: `${later.body.size + 1n}` });
    expect(!after.ok && after.refusal.code).equal('directory-no-entry');
  });

  it('names in each consensus the log that led to it', async () => {
    const { body } = await authority.consensus();
    const entries = await authority.entries();
    const before = entries.slice(0, Number(body.log.size)).map((entry) => leafHash(Buffer.from(encode(entry), 'utf8')));
    expect(Buffer.from(createTree(before).root()).toString('hex')).equal(body.log.root);
    const next = entries[Number(body.log.size)]!;
    expect(next.kind === 'consensus' && next.validAfter).equal(body.validAfter);
  });

  it('goes on after a restart as if there had been none', async () => {
    const [before, document] = [await head(), await authority.consensus()];
    await authority.restart();
    await authority.settle();
    expect((await head()).body).deep.equal(before.body);
    expect(await authority.consensus()).deep.equal(document);
    await authority.goTo(GENESIS + 350);
    expect((await authority.consensus()).body.validAfter).equal(GENESIS + 340);
  });

  it('writes down parameters that changed, and starts with no other genesis or interval', async () => {
    const size = (await authority.entries()).length;
    await authority.restart(givenParameters({ graceSec: 1 }));
    const added = (await authority.entries()).slice(size);
    expect(added.map((entry) => entry.kind === 'parameters' && entry.parameters.graceSec)).deep.equal([1]);
    for (const changes of [{ genesis: GENESIS + 1 }, { intervalSec: 401 }]) {
      const failure = await authority.restart(givenParameters({ graceSec: 1, ...changes })).catch((thrown: Error) => thrown);
      expect((failure as Error).message).match(/\[directory-config\]$/);
    }
  });

  it('forgets a relay when its descriptor has expired long enough', () => {
    const entries = [
      { kind: 'descriptor', at: GENESIS, signed: givenDescriptor('a') },
      { kind: 'consensus', at: GENESIS + MONTH + FORGET_SEC - 1, digest: '', validAfter: 0 },
      { kind: 'consensus', at: GENESIS + MONTH + FORGET_SEC, digest: '', validAfter: 0 },
    ] as const;
    expect(foldAll(emptyState, entries.slice(0, 2)).relays.size).equal(1);
    expect(foldAll(emptyState, entries).relays.size).equal(0);
  });
});
