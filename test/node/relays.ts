/*
 * Relays of a network, by their names and flags, as a subscriber's node sees them. Shared by the specs of what it makes of them.
 */
import { asStored } from '../../core/crypto/sign.ts';
import type { Flag } from '../../core/wire/consensus.ts';
import type { NetworkView } from '../../host/ports.ts';
import { testDescriptor, testKey, testView } from '../harness/view.ts';

export const idOf = (name: string): string => testKey(`${name} identity`).publicKey;
export const fingerprintOf = (name: string): string => Buffer.from(name.padEnd(20, '.')).toString('hex');
const all: Flag[] = ['Exit', 'Fast', 'Guard', 'Running', 'Stable', 'Valid'];
export const without = (...lost: Flag[]): Flag[] => all.filter((flag) => !lost.includes(flag));

export interface Relay {
  readonly flags?: Flag[];
  readonly family?: string[];
  readonly paidguard?: undefined;
  readonly fingerprint?: string | null;
}

export function viewOf(relays: Readonly<Record<string, Relay>>): NetworkView {
  const names = Object.keys(relays);
  const descriptors = names.map((name) => {
    const { family = [], fingerprint = fingerprintOf(name), ...more } = relays[name] ?? {};
    const paidguard = 'paidguard' in more ? {} : { paidguard: `${name}.example:9262` };
    return testDescriptor(name, { family, fingerprint, ...paidguard });
  });
  const view = testView(descriptors);
  const known = view.consensus();
  if (known === null) throw new Error('it has a consensus');
  const entries = known.body.relays.map((one) => ({ ...one, flags: relays[one.nickname]?.flags ?? all }));
  const consensus = asStored({ ...known, body: { ...known.body, relays: entries } });
  return { ...view, consensus: () => consensus, entry: (id) => entries.find((one) => one.id === id) ?? null };
}
