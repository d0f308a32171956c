/*
 * What the authority itself knows, as the docket's pages ask for it: its book and its judgement of flags in, names, terms and reasons
 * out. Called by main.ts.
 */
import type { RailRules } from '../../core/rule/contest.ts';
import type { Ports } from '../../host/ports.ts';
import type { DirectoryConfig } from '../config.ts';
import { idOf } from '../docket/decide.ts';
import type { Relays } from '../flags/flow.ts';
import type { Book } from '../log/flow.ts';
import type { Known } from './known.ts';

export function pageFacts(
  { clock, rails }: Pick<Ports, 'clock'> & { readonly rails: RailRules },
  { name, parameters, network }: Pick<DirectoryConfig, 'name' | 'parameters' | 'network'>,
  key: string,
  book: Book,
  relays: Pick<Relays, 'one'>,
): Known {
  return {
    authority: { name, key },
    networkId: network.networkId,
    now: () => Math.max(clock.now(), book.state().at),
    begun: () => parameters.genesis,
    nickname: (relay) => book.state().relays.get(relay)?.descriptor.body.nickname ?? null,
    idOf: (named) => idOf(book.state(), named, clock.now()),
    terms: (interval) => book.state().terms.get(interval) ?? null,
    flag(relay) {
      const shown = relays.one(relay);
      return shown.ok ? { has: shown.value.guard.has, missing: shown.value.guard.missing.map(sentence) } : null;
    },
    payment: (proof) => rails.payment(proof),
  };
}

function sentence({ text, has, needs }: { text: string; has: number | null; needs: number | null }): string {
  return has === null || needs === null ? text : `${text}: has ${has}, needs ${needs}`;
}
