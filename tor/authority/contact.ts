/*
 * ContactInfo in the CIISS form (`key:value`, apart by white space, the first of a key counts): what a relay's Tor descriptor says in;
 * its payment key and the payout addresses that it shows out. Pure. Called by server-descriptor.ts and by `ptg doctor`.
 */

export interface Contact {
  /** `ptg:` and the 64 digits of the relay's id; null where it names none. */
  readonly paymentKey: string | null;
  /** `btc:…`, `xmr:…`, `zec:…`, as far as each has the form that CIISS gives it. */
  readonly payouts: readonly string[];
}

/** CIISS version 2: letters and digits, at most so many; or an OpenAlias, which is a name. */
const payoutForms: Readonly<Record<string, RegExp>> = {
  btc: /^[A-Za-z0-9.-]{1,99}$/,
  xmr: /^[A-Za-z0-9.-]{1,99}$/,
  zec: /^[A-Za-z0-9.-]{1,95}$/,
};

export function readContact(text: string): Contact {
  const found = new Map<string, string>();
  for (const word of text.split(/\s+/)) {
    const [, key, value] = /^([a-z]+):(.+)$/.exec(word) ?? [];
    if (key !== undefined && value !== undefined && !found.has(key)) found.set(key, value);
  }
  const key = found.get('ptg') ?? '';
  return {
    paymentKey: /^[0-9a-f]{64}$/i.test(key) ? key.toLowerCase() : null,
    payouts: Object.entries(payoutForms).flatMap(([coin, form]) => {
      const address = found.get(coin) ?? '';
      return form.test(address) ? [`${coin}:${asOne(address)}`] : [];
    }),
  };
}

/** A bech32 address is the same in capitals; of the other forms capitals are a part. */
function asOne(address: string): string {
  return /^(bc|tb|bcrt)1/i.test(address) || address.includes('.') ? address.toLowerCase() : address;
}
