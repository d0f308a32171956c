/*
 * What the nodes of a network say to each other, as it is before it is sealed: every call and its answer at the caller's own client, in;
 * what of it names somebody whom the other side must not learn of, out. Called by privacy.spec.ts.
 */
import type { Result } from '../../core/refusal.ts';
import { createHttpClient } from '../../host/http/client.ts';
import { authorityName, type World } from '../../lab/world.ts';
import { startNode } from '../../node/start.ts';
import type { NetworkOptions } from './network.ts';

export interface Message {
  /** Names of nodes. */
  readonly from: string;
  readonly to: string;
  readonly kind: 'get' | 'post' | 'link' | 'subscriber' | 'local';
  readonly path: string;
  /** Path, body and answer; of what the directory and the ledger publish no answer. */
  readonly text: string;
}

/** Starts nodes whose calls are written down. */
export function startHeard(messages: Message[]): NonNullable<NetworkOptions['start']> {
  const names = new Map<string, string>();
  return (from, options) => {
    names.set(String(options.spec.listen.port), from);
    return startNode({
      ...options,
      createHttpClient(made) {
        const client = createHttpClient(made);
        async function heard<T>(
          kind: Message['kind'],
          url: string,
          body: unknown,
          answer: Promise<Result<T>>,
        ): Promise<Result<T>> {
          const { port, pathname, search } = new URL(url, 'http://local');
          const to = kind === 'local' ? from : (names.get(port) ?? url);
          const said = plain(body);
          const answered = await answer;
          const isPublished = to === authorityName && !pathname.startsWith('/directory/mailbox');
          const text = [`${pathname}${search}`, said, ...(isPublished ? [] : [plain(answered)])].join('\n');
          messages.push({ from, to, kind, path: pathname, text });
          return answered;
        }
        return {
          ...client,
          get: (url, output, call) => heard('get', url, null, client.get(url, output, call)),
          post: (url, body, output, call) => heard('post', url, body, client.post(url, body, output, call)),
          link: (one, output, call) => heard('link', one.url, one.body, client.link(one, output, call)),
          subscriber: (one, output, call) => heard('subscriber', one.url, one.body, client.subscriber(one, output, call)),
          local: (role, path, body, output, call) => heard('local', path, body, client.local(role, path, body, output, call)),
        };
      },
    });
  };
}

export interface Known {
  /** Texts by which a relay is named: its id, its keys, its wallet's account, its address. */
  readonly relays: ReadonlyMap<string, readonly string[]>;
  /** Relays beside each on some circuit; of a subscriber its guard. */
  readonly beside: ReadonlyMap<string, ReadonlySet<string>>;
  /** Keys of subscribers, and who may name them. */
  readonly subscribers: readonly { readonly key: string; readonly knownTo: ReadonlySet<string> }[];
  /** Link circuit ids in a text. */
  readonly linkIds: RegExp;
}

/** `U: 'G'` begins at G; paths are of names. */
export async function knownOf(world: World, circuits: readonly (readonly string[])[], linkIds: RegExp): Promise<Known> {
  const relays = new Map<string, string[]>();
  for (const [name, node] of world.relays) {
    const body = node.view.descriptor(world.relayId(name))?.body;
    if (body === undefined) throw new Error(`${name} has published`);
    const keys = body.keys.flatMap((one) => [
      one.iou,
      one.settlement,
      one.guard,
      one.relaySealing,
      one.settlementSealing,
      one.guardSealing,
    ]);
    const address = new URL(body.urls.relay).host;
    relays.set(name, [body.id, ...keys.filter((key) => key !== null), await world.walletKey(name), address]);
  }
  const beside = new Map<string, Set<string>>();
  const pair = (one: string, other: string): void => {
    if (relays.has(other)) beside.set(one, (beside.get(one) ?? new Set()).add(other));
  };
  for (const path of circuits)
    for (const [at, name] of path.slice(1).entries()) {
      pair(path[at] as string, name);
      pair(name, path[at] as string);
    }
  const subscribers = [...world.subscribers].map(([name, { key }]) => ({
    key,
    knownTo: new Set([name, ...(beside.get(name) ?? [])]),
  }));
  return { relays, beside, subscribers, linkIds };
}

/** Calls of an operator's own roles about sessions and money: whom they are with, neither side is told. */
const BLIND = ['/relay/session-open', '/relay/session-known', '/relay/session-close', '/guard/shortfall', '/settlement/withdraw'];

/** `G→M /relay/ious: names X`, each once. */
export function leaksIn(messages: readonly Message[], known: Known): string[] {
  const leaks = new Set<string>();
  const links = new Map<string, string>();
  for (const message of messages) {
    const { from, to, kind, path } = message;
    const tell = (what: string): void => void leaks.add(`${from}→${to} ${path}: ${what}`);
    // Other roles of an operator know its neighbours; a founder gives everybody's opening balance to its own ledger.
    if ((kind === 'local' && !BLIND.includes(path)) || (from === authorityName && to === authorityName)) continue;
    for (const name of strangersIn(message, known)) tell(`names ${name}`);
    for (const { key, knownTo } of known.subscribers) {
      const isTold = kind !== 'local' && knownTo.has(from) && knownTo.has(to);
      if (message.text.includes(key) && !isTold) tell('names a subscriber');
    }
    if (kind === 'local') continue;
    if (/connection-|"session"/.test(message.text)) tell('names a session');
    const link = [from, to].sort().join(' ');
    for (const [id] of message.text.matchAll(known.linkIds)) {
      if (!known.relays.has(from) || !known.relays.has(to)) tell('names a circuit');
      else if ((links.get(id) ?? link) !== link) tell('names a circuit of another link');
      else links.set(id, link);
    }
  }
  return [...leaks];
}

/** Relays that a message names, and neither side of it is, nor may hear of. */
function strangersIn({ from, to, kind, text }: Message, { relays, beside }: Known): string[] {
  const named = [...relays].filter(([, texts]) => texts.some((one) => text.includes(one))).map(([name]) => name);
  // Its own roles do not tell each other of relays; to the authority it may name those with whom it settles.
  if (kind === 'local') return named;
  const others = named.filter((name) => name !== from && name !== to);
  return others.filter((name) => to !== authorityName || beside.get(from)?.has(name) !== true);
}

function plain(value: unknown): string {
  return JSON.stringify(value ?? null, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner));
}
