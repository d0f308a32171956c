import { expect } from 'chai';
import fc from 'fast-check';
import { ok, type Result } from '../../core/refusal.ts';
import { middleOnlyIn, withMiddleOnly } from '../../tor/authority/approved-routers.ts';
import { APPROVED_ROUTERS_BYTES_MAX, createMiddleOnly } from '../../tor/authority/middle-only.ts';
import type { Reply } from '../../tor/control/reply.ts';

const A = 'A'.repeat(40);
const B = 'B'.repeat(40);
const line = (fingerprint: string): string => `!middleonly ${fingerprint} # Paying the Guard\n`;

describe('tor/authority: approved-routers', () => {
  it('adds a line for each, keeps every other line, and takes ours out again', () => {
    const theirs = `# ours\nmoria ${B}\n\n!reject ${A}\r\n!middleonly ${A}\n!middleonly ${A} # by hand\n`;
    const marked = withMiddleOnly(theirs, new Set([B, A]));
    expect(marked).equal(theirs + line(A) + line(B));
    expect(middleOnlyIn(marked)).deep.equal([A, B]);
    expect(withMiddleOnly(marked, new Set([B]))).equal(theirs + line(B));
    expect(withMiddleOnly(marked, new Set())).equal(theirs);
    expect(withMiddleOnly('last line without an end', new Set([A]))).equal(`last line without an end\n${line(A)}`);
    expect(withMiddleOnly(line(A) + line(A) + theirs, new Set([A]))).equal(line(A) + theirs);
  });

  it('is the same when done twice, and leaves what is not ours byte for byte', () => {
    const fingerprint = fc.constantFrom(A, B, 'C'.repeat(40));
    const piece = fc.oneof(
      fingerprint.map(line),
      fc.constantFrom('\n', '\r\n', '#', '!middleonly ', A, ' # Paying the Guard'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.uniqueArray(fingerprint), (pieces, wanted) => {
        const text = pieces.join('');
        const once = withMiddleOnly(text, new Set(wanted));
        expect(withMiddleOnly(once, new Set(wanted))).equal(once);
        expect(middleOnlyIn(once).sort()).deep.equal([...wanted].sort());
        const others = (of: string) => of.split('\n').filter((one) => middleOnlyIn(one).length === 0);
        const [before, after] = [others(text), others(once)];
        // But for the line feed that a last line without one is given.
        if (after.at(-1) === '' && before.at(-1) !== '') after.pop();
        expect(after.filter((one) => one !== '')).deep.equal(before.filter((one) => one !== ''));
      }),
    );
  });
});

describe('tor/authority: middle-only', () => {
  function given(text: string | null) {
    const disk = { text, written: 0, full: false };
    const asked: string[] = [];
    let away = false;
    const file = {
      name: '/var/lib/tor/approved-routers',
      async read(bytesMax: number) {
        if ((disk.text?.length ?? 0) > bytesMax) throw new Error('larger');
        return disk.text;
      },
      async write(next: string) {
        if (disk.full) throw new Error('EACCES: permission denied');
        disk.text = next;
        disk.written += 1;
      },
    };
    const refused = { code: 'control-closed', about: 'ECONNREFUSED', retry: true, text: '', remedy: '' };
    const control = {
      async ask(command: string): Promise<Result<Reply>> {
        asked.push(command);
        return away ? { ok: false, refusal: refused } : ok({ status: 250, lines: [{ text: 'OK', data: null }] });
      },
    };
    return { disk, asked, setAway: (is: boolean) => (away = is), open: () => createMiddleOnly(file, control) };
  }
  const codeOf = (result: Result<void>): string => (result.ok ? 'ok' : result.refusal.code);

  it('writes and tells once; the same again is neither written nor told', async () => {
    const { disk, asked, open } = given('# mine\n');
    const middleOnly = open();
    for (let turn = 0; turn < 3; turn += 1) expect(codeOf(await middleOnly.put([A]))).equal('ok');
    expect([disk.text, disk.written, asked]).deep.equal([`# mine\n${line(A)}`, 1, ['SIGNAL RELOAD']]);
    await middleOnly.put([]);
    expect([disk.text, asked.length]).deep.equal(['# mine\n', 2]);
  });

  it('tells again after a start, since the process before may have been killed in between', async () => {
    const { disk, asked, open } = given(line(A));
    await open().put([A]);
    await open().put([A]);
    expect([disk.written, asked.length]).deep.equal([0, 2]);
  });

  it('writes an empty file where there is none: tor keeps what it had without one', async () => {
    const { disk, asked, open } = given(null);
    await open().put([]);
    expect([disk.text, asked]).deep.equal(['', ['SIGNAL RELOAD']]);
  });

  it('refuses what cannot be read, written or told, and does it when it can', async () => {
    const { disk, setAway, open } = given('x'.repeat(APPROVED_ROUTERS_BYTES_MAX + 1));
    const middleOnly = open();
    expect(codeOf(await middleOnly.put([A]))).equal('approved-routers-unreadable');
    disk.text = '';
    disk.full = true;
    expect(codeOf(await middleOnly.put([A]))).equal('approved-routers-unwritable');
    expect(disk.text).equal('');
    disk.full = false;
    setAway(true);
    expect(codeOf(await middleOnly.put([A]))).equal('approved-routers-unread');
    expect(disk.text).equal(line(A));
    setAway(false);
    expect(codeOf(await middleOnly.put([A]))).equal('ok');
    expect(disk.written).equal(1);
  });
});
