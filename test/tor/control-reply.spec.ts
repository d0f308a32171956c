/*
 * The control port's replies: what tor 0.4.9 sent, any way of cutting it into pieces, and everything that is not a reply.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { LINE_BYTES_MAX, REPLY_BYTES_MAX, replyReader, type Reply } from '../../tor/control/reply.ts';
import { quoted, wordsOf } from '../../tor/control/words.ts';
import { must } from './given.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const read = (text: string): readonly Reply[] => must(replyReader().take(bytes(text)));
const refusalOf = (text: string): string => {
  const taken = replyReader().take(bytes(text));
  return taken.ok ? 'taken' : taken.refusal.code;
};
const line = (text: string) => ({ text, data: null });

/** As it came: an answer of several lines, one with data, and events between answers. */
const captured = [
  '250-PROTOCOLINFO 1\r\n',
  '250-AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE="/var/lib/tor/control_auth_cookie"\r\n',
  '250-VERSION Tor="0.4.9.11"\r\n250 OK\r\n',
  '650 CELL_STATS InboundQueue=4063037791 InboundConn=7 InboundRemoved=relay:14,created_fast:1\r\n',
  '250+orconn-status=\r\n$EC7D160876AFE2F0A7BC73EB0BF939784FE13EF3~a2 CONNECTED\r\n127.0.0.1:42916 CONNECTED\r\n.\r\n',
  '250-process/pid=1131\r\n250-uptime=96\r\n250 OK\r\n',
  '552 Unrecognized key "x"\r\n',
].join('');

const anyLine = fc.string({ unit: fc.constantFrom(...'abc =",.:;250-+ \\'), maxLength: 30 });
const anyReply: fc.Arbitrary<Reply> = fc
  .tuple(fc.integer({ min: 100, max: 999 }), fc.array(fc.tuple(anyLine, fc.option(fc.array(anyLine, { maxLength: 4 })))), anyLine)
  .map(([status, lines, last]) => ({ status, lines: [...lines.map(([text, data]) => ({ text, data })), line(last)] }));

/** As Tor writes it: a data line that begins with a dot gets another. */
function written({ status, lines }: Reply): string {
  const last = lines.length - 1;
  return lines
    .map(({ text, data }, at) => {
      if (data !== null)
        return `${status}+${text}\r\n${data.map((one) => `${one.startsWith('.') ? '.' : ''}${one}\r\n`).join('')}.\r\n`;
      return `${status}${at === last ? ' ' : '-'}${text}\r\n`;
    })
    .join('');
}

describe('tor: replies of the control port', () => {
  it('reads what tor sent', () => {
    const replies = read(captured);
    expect(replies.map((reply) => [reply.status, reply.lines.length])).deep.equal([
      [250, 4],
      [650, 1],
      [250, 4],
      [552, 1],
    ]);
    expect(replies[2]?.lines[0]).deep.equal({
      text: 'orconn-status=',
      data: ['$EC7D160876AFE2F0A7BC73EB0BF939784FE13EF3~a2 CONNECTED', '127.0.0.1:42916 CONNECTED'],
    });
    expect(read('250+x=\r\n..\r\n...a\r\n\r\n.\r\n250 OK\r\n')[0]?.lines[0]?.data).deep.equal(['.', '..a', '']);
  });

  it('reads any replies, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(anyReply, { maxLength: 6 }), fc.array(fc.nat(40), { minLength: 1 }), (replies, cuts) => {
        const whole = bytes(replies.map(written).join(''));
        const reader = replyReader();
        const found: Reply[] = [];
        for (let at = 0, cut = 0; at < whole.length; cut += 1) {
          const next = at + 1 + (cuts[cut % cuts.length] ?? 0);
          found.push(...must(reader.take(whole.subarray(at, next))));
          at = next;
        }
        expect(found).deep.equal(replies);
      }),
    );
  });

  it('refuses what is no reply, and all that follows', () => {
    const wrong = [
      '25 OK\r\n',
      '250OK\r\n',
      '250 OK\n',
      '250 O\rK\r\n',
      '\r\n',
      '250\r\n',
      '250-a\r\n251 b\r\n',
      'HTTP/1.1 400 Bad\r\n',
    ];
    for (const text of wrong) expect(refusalOf(text), JSON.stringify(text)).equal('control-line-shape');
    const reader = replyReader();
    expect(reader.take(bytes('nonsense\r\n')).ok).equal(false);
    expect(reader.take(bytes('250 OK\r\n')).ok).equal(false);
  });

  it('is bounded: a line and a reply that do not end', () => {
    expect(refusalOf(`250 ${'x'.repeat(LINE_BYTES_MAX)}`)).equal('control-line-long');
    expect(refusalOf(`250 ${'x'.repeat(LINE_BYTES_MAX)}\r\n`)).equal('control-line-long');
    expect(refusalOf(`250 ${'x'.repeat(LINE_BYTES_MAX - 5)}\r\n`)).equal('taken');
    const row = `250-${'x'.repeat(1000)}\r\n`;
    expect(refusalOf(row.repeat(Math.ceil(REPLY_BYTES_MAX / row.length)))).equal('control-reply-large');
    expect(refusalOf(`250+a\r\n${`${'x'.repeat(1000)}\r\n`.repeat(REPLY_BYTES_MAX / 1000)}`)).equal('control-reply-large');
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (pieces) => {
        const reader = replyReader();
        for (const piece of pieces) reader.take(piece);
      }),
    );
    const nearly = fc.string({ unit: fc.constantFrom('2', '5', '0', '-', '+', ' ', '\r\n', '.', 'a'), maxLength: 40 });
    fc.assert(
      fc.property(nearly, (text) => {
        const taken = replyReader().take(bytes(text));
        for (const reply of taken.ok ? taken.value : []) expect(reply.lines).not.empty;
      }),
    );
  });
});

describe('tor: words of a control line', () => {
  it('reads names, values and quoted strings', () => {
    const words = wordsOf('AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE="/a b/\\"c\\\\\\101" x');
    expect(words?.plain).deep.equal(['AUTH', 'x']);
    expect([...(words?.named ?? [])]).deep.equal([
      ['METHODS', 'COOKIE,SAFECOOKIE'],
      ['COOKIEFILE', '/a b/"c\\A'],
    ]);
    expect([...(wordsOf('A= B=""')?.named ?? [])]).deep.equal([
      ['A', ''],
      ['B', ''],
    ]);
  });

  it('refuses what is none', () => {
    for (const text of ['A="x', 'A="x"y', 'A=x"y"', 'a  b', 'a ', ' a', 'A=1 A=2', 'A="\\'])
      expect(wordsOf(text), text).equal(null);
  });

  it('reads back what it quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab "\\\n\r\t0178=') }), (text) => {
        expect(quoted(text)).not.match(/[\r\n]/);
        expect(wordsOf(`A=${quoted(text)}`)?.named.get('A')).equal(text);
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (noise) => void wordsOf(Buffer.from(noise).toString('latin1'))));
    // A quote that does not end costs no more than its length.
    expect(wordsOf(`A="${'\\1'.repeat(30_000)}`)).equal(null);
  });
});
