/*
 * What the docket does not take: filings, appeals, complaints and answers with a fault in; a refusal out, and not a word in the log,
 * the docket or the consensus.
 */
import { expect } from 'chai';
import { caseOf, codeOf, givenDocket, withdrawal, type Docket } from './filed.ts';
import { GENESIS } from './given.ts';

describe('what the docket refuses', () => {
  let docket: Docket;
  afterEach(() => docket.authority.close());

  it('never enters its log, voids nothing, and leaves the pair to a contest that holds', async () => {
    docket = await givenDocket(['a', 'b', 'c']);
    const { authority } = docket;
    const before = await authority.entries();
    const codes = [
      codeOf(await docket.file(await docket.contest('a', 'b', 1000n, { amount: 1001n }))),
      codeOf(await docket.file(await docket.contest('a', 'b', 1000n, { terms: '11'.repeat(32) }))),
      codeOf(await docket.file({ ...(await docket.contest('a', 'b')), signature: '00'.repeat(64) })),
      codeOf(await docket.appeal('b', caseOf('a', 'b'), { kind: 'receipt', receipt: docket.receipt('a', 'b') })),
      await docket.complain('b', { about: { kind: 'withdrawal', request: withdrawal('b', 'ab', 600n, GENESIS + 519) } }),
      await docket.answer('b', caseOf('a', 'b'), { kind: 'account', account: docket.account('b') } as never),
    ];
    expect(codes.filter((code) => ['ok', 'open'].includes(code))).deep.equal([]);
    expect(new Set(codes).size).above(3);
    expect(await authority.entries()).deep.equal(before);
    expect((await docket.page()).cases).deep.equal([]);
    await authority.goTo(GENESIS + 540);
    expect((await authority.consensus()).body.nullified).deep.equal([]);
    expect(codeOf(await docket.file(await docket.contest('a', 'b')))).equal('ok');
  });
});
