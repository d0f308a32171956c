/*
 * Whether a descriptor is bound to the Tor identity that it names (spec 22): state, descriptor and what that identity's own Tor
 * descriptor says in; the first refusal in the order of bindingRefusals, or null, out. Pure. Called by descriptor/decide.ts.
 */
import { refuser, type Refusal } from '../../core/refusal.ts';
import { bindingRefusals, sameFamily, type Descriptor } from '../../core/wire/descriptor.ts';
import type { ServerDescriptor } from '../../tor/authority/server-descriptor.ts';
import type { DirectoryState } from '../state/decide.ts';
import { sameTorFamily } from './kin.ts';

/** `said` is null where tor knows no relay of that fingerprint. */
export interface Asked {
  readonly said: ServerDescriptor | null;
}

const refuse = refuser(bindingRefusals);
type Refused = { readonly ok: false; readonly refusal: Refusal } | null;

/** What needs no question to tor. */
export function checkClaim(state: DirectoryState, { id, fingerprint }: Descriptor): Refused {
  if (fingerprint === null) return refuse('descriptor-tor-none', id);
  const before = state.relays.get(id)?.boundTo ?? null;
  if (before !== null && before !== fingerprint) return refuse('descriptor-tor-moved', before);
  for (const [other, { boundTo }] of state.relays) {
    if (other !== id && boundTo === fingerprint) return refuse('descriptor-tor-claimed', fingerprint);
  }
  return null;
}

export function checkBinding(state: DirectoryState, body: Descriptor, { said }: Asked): Refused {
  const fingerprint = body.fingerprint ?? '';
  if (said === null || said.fingerprint !== fingerprint) return refuse('descriptor-tor-unknown', fingerprint);
  if (said.paymentKey === null) return refuse('descriptor-tor-unnamed', fingerprint);
  if (said.paymentKey !== body.id) return refuse('descriptor-tor-other', said.paymentKey);
  const shared = sharedPayout(state, body, said);
  return shared === null ? null : refuse('descriptor-tor-payout', shared);
}

/** An address that a relay of another operator shows, or is paid at. */
function sharedPayout(state: DirectoryState, body: Descriptor, said: ServerDescriptor): string | null {
  const shown = new Set(said.payouts);
  const paidAt = new Set(body.rails.flatMap(payoutOf));
  for (const [id, { descriptor, tor }] of state.relays) {
    if (id === body.id || sameFamily(body, descriptor.body) || sameTorFamily(said, tor)) continue;
    const theirs = tor?.payouts ?? [];
    const found =
      theirs.find((one) => shown.has(one) || paidAt.has(one)) ??
      descriptor.body.rails.flatMap(payoutOf).find((one) => shown.has(one));
    if (found !== undefined) return found;
  }
  return null;
}

/** A rail's destination as ContactInfo writes it. */
function payoutOf({ rail, fallback }: Descriptor['rails'][number]): string[] {
  if (rail === 'bitcoin') return [`btc:${fallback}`];
  return rail === 'monero' ? [`xmr:${fallback}`] : [];
}
