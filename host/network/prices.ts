/*
 * What the newest consensus says of parameters, and what an interval's terms say of prices. A network view in, plain values out. Called
 * by guard and client.
 */
import { railTermsOf } from '../../core/rule/price.ts';
import type { Parameters, RailTerms } from '../../core/wire/parameters.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { NetworkView } from '../ports.ts';

export interface Prices {
  readonly terms: Terms;
  readonly rail: RailTerms;
}

/** The newest parameters known; null before the first consensus. */
export function parametersOf(network: NetworkView): Parameters | null {
  return network.consensus()?.body.terms[0]?.parameters ?? null;
}

/** An interval's terms and its prices on a rail; null where they are not known. */
export function pricesOf(network: NetworkView, interval: number, rail: string): Prices | null {
  const terms = network.terms(interval);
  const railTerms = terms === null ? null : railTermsOf(terms, rail);
  return terms === null || railTerms === null ? null : { terms, rail: railTerms };
}
