/*
 * `ptg guards`: the consensus and the guards' own offers in; a list to compare them by, best standing first, out.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { circuitUsage, GIB, usageCeil } from '../../core/rule/price.ts';
import type { RelayEntry } from '../../core/wire/consensus.ts';
import { guardOffer, type GuardOffer } from '../../core/wire/guard.ts';
import { pricesOf } from '../../host/network/prices.ts';
import type { NetworkView } from '../../host/ports.ts';
import { intervalNow, type Client } from '../context.ts';
import { clientRefusals } from '../refusals.ts';
import { familyOf, placeOf, type GuardPlace } from './find.ts';

const refuse = refuser(clientRefusals);
/** Guards that are asked for their offer; of the rest the consensus says the price. */
const OFFERS_MAX = 24;
const OFFER_DEADLINE_MS = 3000;

export interface GuardLine {
  readonly id: string;
  readonly nickname: string;
  readonly flags: readonly string[];
  /** Place in the order of standing, 1 is the best. */
  readonly standing: number;
  /** Bytes a second. */
  readonly bandwidth: number;
  /** Nicknames of those that may serve in its place. */
  readonly family: readonly string[];
  /** Of each rail that it names, through a circuit of the usual length. */
  readonly prices: readonly { readonly rail: string; readonly pricePerGib: bigint }[];
  /** Its own words; null when it was not asked or did not answer. */
  readonly offer: GuardOffer | null;
}

export async function listGuards(client: Client): Promise<Result<{ guards: GuardLine[] }>> {
  const { network } = client.ports;
  const consensus = network.consensus();
  if (consensus === null) return refuse('client-no-consensus', network.network.networkId);
  const places: { entry: RelayEntry; standing: number; place: GuardPlace }[] = [];
  for (const [index, entry] of consensus.body.relays.entries()) {
    const place = placeOf(network, entry.id);
    if (place !== null) places.push({ entry, standing: index + 1, place });
  }
  const lines = places.map(async ({ entry, standing, place }, index): Promise<GuardLine> => {
    const offer = index < OFFERS_MAX ? await fetchOffer(client, place) : null;
    const { id, nickname, flags, bandwidth } = entry;
    const family = familyOf(network, id).map((one) => one.descriptor.nickname);
    return { id, nickname, flags, standing, bandwidth, family, prices: pricesIn(client, place), offer };
  });
  return ok({ guards: await Promise.all(lines) });
}

/** Null unless it is the guard's own. */
export async function fetchOffer({ ports }: Pick<Client, 'ports'>, place: GuardPlace): Promise<GuardOffer | null> {
  const answer = await ports.http.get(`${place.url}/guard/offer`, guardOffer, { deadlineMs: OFFER_DEADLINE_MS });
  return answer.ok && answer.value.id === place.id ? answer.value : null;
}

function pricesIn({ ports }: Client, place: GuardPlace): GuardLine['prices'] {
  const interval = intervalNow(ports.network, ports.clock.now());
  return place.descriptor.rails.flatMap(({ rail }) => {
    const price = usualPricePerGib(ports.network, interval, rail);
    return price === null ? [] : [{ rail, pricePerGib: price }];
  });
}

function usualPricePerGib(network: NetworkView, interval: number, rail: string): bigint | null {
  const prices = pricesOf(network, interval, rail);
  if (prices === null) return null;
  return usageCeil(prices.terms, prices.rail, circuitUsage(GIB, prices.terms.parameters.circuitHops, true));
}
