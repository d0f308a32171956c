/*
 * Families in Tor: two relays' facts in; whether each names the other in its Tor descriptor, out. Pure. Called by standing and descriptor.
 */

interface Kin {
  readonly fingerprint: string;
  readonly family: readonly string[];
}

/** What one side says alone counts for nothing (dir-spec 2.1.1). */
export function sameTorFamily(a: Kin | null | undefined, b: Kin | null | undefined): boolean {
  if (a === null || a === undefined || b === null || b === undefined) return false;
  return a.family.includes(b.fingerprint) && b.family.includes(a.fingerprint);
}
