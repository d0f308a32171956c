/*
 * A tor beside a directory, for tests: what its consensus and its relays' descriptors say is what the test says; what is put into
 * approved-routers is remembered.
 */
import { ok, type Result } from '../../core/refusal.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import type { DirectoryTor } from '../../tor/authority/directory-tor.ts';
import type { ServerDescriptor } from '../../tor/authority/server-descriptor.ts';
import { testKey } from '../harness/view.ts';

export const fingerprintOf = (name: string): string => Buffer.from(name.repeat(20).slice(0, 20)).toString('hex');

/** What a relay says that runs beside the tor of its name. */
export const beside = (name: string, changes: Partial<Descriptor> = {}): Partial<Descriptor> => ({
  fingerprint: fingerprintOf(name),
  ...changes,
});

export interface TorRelayGiven {
  flags: string[];
  /** Kilobytes a second. */
  bandwidth: number;
  said: Omit<ServerDescriptor, 'fingerprint'> | null;
}

export interface GivenTor {
  readonly port: DirectoryTor;
  /** By name; in the consensus, and with a descriptor that names the relay of that name. */
  readonly relays: Map<string, TorRelayGiven>;
  readonly puts: (readonly string[])[];
  counts: { relays: number; exits: number };
  away: boolean;
  fault: string | null;
}

export function givenTor(names: readonly string[]): GivenTor {
  const relays = new Map(names.map((name) => [name, torRelay(name)]));
  const puts: (readonly string[])[] = [];
  const named = (fingerprint: string) => [...relays].find(([name]) => fingerprintOf(name) === fingerprint)?.[1] ?? null;
  const refused = (code: string) => ({
    ok: false as const,
    refusal: { code, about: 'x', retry: true, text: '', remedy: 'mend it' },
  });
  const given: GivenTor = {
    relays,
    puts,
    counts: { relays: 3000, exits: 1000 },
    away: false,
    fault: null,
    port: {
      state: () => ({ up: !given.away, since: 7, reason: null }),
      async consensus() {
        if (given.away) return refused('control-closed');
        return ok({ validAfter: 5, ...given.counts, relay: (fingerprint) => flagsOf(named(fingerprint)) });
      },
      async descriptor(fingerprint) {
        if (given.away) return refused('control-closed');
        const said = named(fingerprint)?.said ?? null;
        return ok(said === null ? null : { fingerprint, ...said });
      },
      middleOnly: {
        file: '/tor/approved-routers',
        async put(fingerprints): Promise<Result<void>> {
          if (given.fault !== null) return refused(given.fault);
          puts.push([...fingerprints]);
          return ok(undefined);
        },
      },
      close: async () => undefined,
    },
  };
  return given;
}

export function torRelay(name: string): TorRelayGiven {
  const said = { paymentKey: testKey(`${name} identity`).publicKey, payouts: [], family: [] };
  return { flags: ['Exit', 'Fast', 'Guard', 'Running', 'Stable', 'V2Dir', 'Valid'], bandwidth: 9000, said };
}

function flagsOf(one: TorRelayGiven | null) {
  return one === null ? null : { flags: new Set(one.flags), bandwidth: one.bandwidth };
}
