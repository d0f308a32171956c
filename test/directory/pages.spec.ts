/*
 * The docket's pages: what they say, that nothing a stranger wrote becomes markup, that they need no script and nothing from
 * elsewhere, and that no subscriber is joined to anything. Rendered from fixtures, and over HTTP.
 */
import { expect } from 'chai';
import type { Result } from '../../core/refusal.ts';
import { shaped } from '../../core/wire/codec.ts';
import { docketPages } from '../../directory/pages/main.ts';
import { escapeText } from '../../host/http/markup.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { serve, type Served } from '../../host/http/serve.ts';
import { silentLog } from '../../host/log.ts';
import { networkId } from '../harness/view.ts';
import { depositCase, givenDocket, HOSTILE, idOf, known, openCase, paidLate, subscriber, withdrawalCase } from './docketed.ts';

const S = '\u202f';

describe('the docket’s pages', () => {
  const pagesOf = (docket = givenDocket()) => docketPages(docket, known);

  async function rendered(path: string, input: object, pages = pagesOf()): Promise<Result<string>> {
    const page = pages.find((one) => one.path === path)!;
    const read = shaped(input, page.input);
    return read.ok ? page.render(read.value as never) : read;
  }
  async function html(path: string, input: object = {}): Promise<string> {
    const result = await rendered(path, input);
    if (!result.ok) throw new Error(result.refusal.code);
    return result.value;
  }
  const all = async (): Promise<string[]> => [
    await html('/docket'),
    await html('/docket', { before: '30' }),
    ...(await Promise.all(
      [paidLate, openCase, depositCase, withdrawalCase].map((one) => html('/docket/case/:case', { case: one })),
    )),
    await html('/docket/relay/:relay', { relay: idOf('B') }),
  ];

  it('are well-formed, and hold no script, no handler and nothing from elsewhere', async () => {
    for (const page of [...(await all()), await html('/docket/feed.atom')]) {
      expect(unbalanced(page)).equal(null);
      expect(page).not.match(/<(script|img|iframe|object|embed|link[^>]+stylesheet)/i);
      const tags = page.match(/<[a-z][^>]*>/gi) ?? [];
      expect(tags.filter((tag) => /\son\w+\s*=|javascript:|style=/i.test(tag))).deep.equal([]);
      const links = tags.flatMap((tag) => [...tag.matchAll(/(?:href|src|action)="([^"]*)"/g)].map((match) => match[1]!));
      expect(links.filter((link) => !/^(\/(docket|directory\/docket)([/?].*)?|#content)$/.test(link))).deep.equal([]);
      expect(links.length).greaterThan(0);
    }
  });

  it('show what strangers wrote as text, what hides or turns text around by its number', async () => {
    const page = await html('/docket/case/:case', { case: paidLate });
    expect(page).include(escapeText(HOSTILE)).not.include(HOSTILE);
    expect(escapeText(HOSTILE)).equal(
      '&#34;&#62;&#60;script&#62;alert(&#39;&#38;&#39;)&#60;/script&#62;&#60;img src=http://evil.example onerror=x&#62;\\u202e\\u0000',
    );
    expect(page).not.match(/[\u0000-\u0008\u202a-\u202e]/);
    for (const one of await all()) expect(one).not.include(HOSTILE).not.include('<img');
  });

  it('give each time in UTC, and each table its caption and headings', async () => {
    for (const page of await all()) {
      for (const [, machine, text] of page.matchAll(/<time datetime="([^"]*)">([^<]*)<\/time>/g)) {
        expect(machine).match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect(text).match(/&#160;UTC$/);
      }
      const tables = page.split('<table>').length - 1;
      expect(page.split('<caption>').length - 1).equal(tables);
      expect(page.split('<th scope="col">').length - 1).greaterThanOrEqual(tables);
      expect(page).include('<a class="skip" href="#content">').include('<main id="content">').include('color-scheme: light dark');
    }
  });

  it('list the newest first, of all or of one relay, a page at a time', async () => {
    const first = await html('/docket');
    const order = [...first.matchAll(/\/docket\/case\/([0-9a-f]{64})/g)].map((match) => match[1]);
    expect(order).deep.equal([withdrawalCase, depositCase, openCase]);
    expect(first).include('<a rel="next" href="/docket?before=30">').include('counts against the Guard flag');
    expect(await html('/docket', { before: '30' }))
      .include(paidLate)
      .not.include('rel="next"');
    const ofOne = await html('/docket', { relay: 'alder' });
    expect(ofOne).include('Cases of alder').include(openCase).include(paidLate).not.include(depositCase);
    expect(ofOne).include(`/directory/docket?relay=${idOf('A')}`);
    const none = await rendered('/docket', { relay: 'nobody' });
    expect(!none.ok && none.refusal.code).equal('directory-no-relay');
    expect(await html('/docket', { relay: '' })).equal(first);
  });

  it('show a contest with IOUs, amounts, windows, answers and verdict', async () => {
    const page = await html('/docket/case/:case', { case: paidLate });
    // 4 GiB and 2 GiB out at 3/2; 1 GiB and a half.
    expect(page).include(`<data value="7000000000">7${S}000${S}000${S}000</data>`).include(`1${S}750${S}000${S}000`);
    expect(page).include(`<data value="5249999988">5${S}249${S}999${S}988</data>&#160;ledger`);
    expect(page).include('<data value="-12">-12</data>');
    const words = ['Balance settlement time', 'Payment window ends', 'Contest window ends', 'contests:', 'Answer window ends'];
    const places = [...words, 'Appeal window ends', 'Decided: upheld', 'Decided: paid late'].map((one) => page.indexOf(one));
    expect(places.includes(-1)).equal(false);
    const [, payment, , contested] = places;
    expect(payment).lessThan(contested!);
    expect(page.match(/class="ahead"/g)?.length).greaterThan(3);
    for (const shown of ['A later IOU', 'The receipt of', 'rail’s proof of a payment', 'nothing is to be paid now'])
      expect(page).include(shown);
    expect(page).include('ptg verify verdict.json --network network.json</code></pre>');
    expect(page).include(`href="/directory/docket/verdict/${paidLate}"`).include(`href="/directory/docket/case/${paidLate}"`);
    const open = await html('/docket/case/:case', { case: openCase });
    expect(open).include('signed no settlement').include('There is none yet').not.include('/directory/docket/verdict/');
    expect(open).include('whose rest is claimed as well').include('lies ready for');
  });

  it('name a subscriber only where the signed object does', async () => {
    for (const id of [depositCase, withdrawalCase]) {
      const page = await html('/docket/case/:case', { case: id });
      expect(page.split(subscriber).length - 1).equal(1);
      expect(page).include('complaints cost standing, not the flag').not.include(`"/docket/relay/${subscriber}`);
    }
    expect(await html('/docket/case/:case', { case: withdrawalCase }))
      .include('Tallies signed by both')
      .include('payout');
    const others = [
      await html('/docket'),
      await html('/docket/relay/:relay', { relay: idOf('B') }),
      await html('/docket/feed.atom'),
    ];
    for (const page of others) expect(page).include('omplaint').not.include(subscriber.slice(0, 12));
    // Asked for by its key, nothing is found: what one subscriber says is not joined.
    expect(await html('/docket', { relay: subscriber })).not.include(depositCase);
  });

  it('show a relay’s record: figures, place, flag and why not, cases against it and by it', async () => {
    const page = await html('/docket/relay/:relay', { relay: idOf('B') });
    const figures = [...page.matchAll(/<dd>(\d+|7 of 9)<\/dd>/g)].map((match) => match[1]);
    expect(figures).deep.equal(['7 of 9', '1', '2', '3', '4', '2']);
    expect(page).include('<li>2 relays contest it</li>').include('It does not have the Guard flag');
    expect(page.indexOf(paidLate)).greaterThan(page.indexOf('Against it'));
    expect(page).include('It has contested nothing.');
  });

  it('tell changes as a feed whose ids stay, newest first, read on from where they were', async () => {
    const docket = givenDocket();
    const pages = pagesOf(docket);
    const feed = async () => ((await rendered('/docket/feed.atom', {}, pages)) as { value: string }).value;
    const first = await feed();
    const entries = [...first.matchAll(/<entry>([\s\S]*?)<\/entry>/g)].map((match) => match[1]!);
    expect(entries.map((one) => /<title>(.*?): (.*?)<\/title>/.exec(one)?.[2])).deep.equal([
      'paid late, by the rail’s proof of payment',
      'upheld, no answer that holds',
      ...['filed', 'filed', 'filed', 'filed'],
    ]);
    const ids = [...first.matchAll(/<id>(.*?)<\/id>/g)].map((match) => match[1]!);
    expect(new Set(ids).size).equal(7);
    for (const id of ids) expect(id).match(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    for (const one of entries) expect(one).match(/<updated>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ<\/updated>/);
    expect(first).match(/^<\?xml version="1.0" encoding="utf-8"\?>\n<feed xmlns="http:\/\/www.w3.org\/2005\/Atom"/);
    expect(/<updated>(.*?)<\/updated>/.exec(first)?.[1]).equal(/<updated>(.*?)<\/updated>/.exec(entries[0]!)?.[1]);
    const asked = docket.asked;
    expect(await feed()).equal(first);
    expect(docket.asked).equal(asked);
    // Another start, and a longer log: the same ids.
    const longer = givenDocket([{ id: 36n, at: 2_000_000, what: 'answered', case: openCase, state: 'answered', reason: null }]);
    const later = (await rendered('/docket/feed.atom', {}, pagesOf(longer))) as { value: string };
    for (const id of ids) expect(later.value).include(id);
    expect(later.value.match(/<entry>/g)?.length).equal(7);
  });

  describe('over HTTP', () => {
    let served: Served;
    before(async () => {
      const rest = { endpoints: [], busy: () => false, nextDue: () => null, stop: async () => undefined };
      const role = { name: 'directory' as const, pages: pagesOf(), ...rest };
      const sealing = { networkId, entropy: seededEntropy('pages'), senderKey: () => null };
      served = await serve({ ...sealing, roles: [role], host: '127.0.0.1', port: 0, log: silentLog() });
    });
    after(() => served.close());

    it('come with a strict policy and their type, and refusals are pages too', async () => {
      const page = await fetch(`${served.url}/docket/case/${paidLate}`);
      expect([page.status, page.headers.get('content-type')]).deep.equal([200, 'text/html; charset=utf-8']);
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy)
        .include("default-src 'none'")
        .include("base-uri 'none'")
        .include("frame-ancestors 'none'")
        .not.include('script');
      expect(page.headers.get('referrer-policy')).equal('no-referrer');
      const feed = await fetch(`${served.url}/docket/feed.atom`);
      expect(feed.headers.get('content-type')).equal('application/atom+xml; charset=utf-8');
      const missing = await fetch(`${served.url}/docket/case/${'0'.repeat(64)}`);
      const text = await missing.text();
      expect([missing.status, missing.headers.get('content-type')]).deep.equal([404, 'text/html; charset=utf-8']);
      expect(text).include('(docket-no-case)');
      const hostile = await fetch(`${served.url}/docket?relay=${encodeURIComponent('<b onclick=x>')}`);
      expect(await hostile.text()).not.include('<b ');
      expect((await fetch(`${served.url}/docket/case/nothing`)).status).equal(422);
    });
  });
});

/** The first tag that is not closed as it was opened, or null. */
function unbalanced(page: string): string | null {
  const open: string[] = [];
  const body = page.replace(/<!doctype html>|<\?xml[^>]*\?>|<style>[\s\S]*?<\/style>/g, '');
  for (const [tag, slash, name] of body.matchAll(/<(\/?)([a-z]+)(?:\s[^<>]*)?>/gi)) {
    if (tag.endsWith('/>') || /^(meta|input)$/.test(name!) || (name === 'link' && !tag.endsWith('/>') && page.startsWith('<!')))
      continue;
    if (slash === '') open.push(name!);
    else if (open.pop() !== name) return tag;
  }
  return open.pop() ?? null;
}
