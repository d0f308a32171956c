/*
 * The descriptor's journey: dated and signed when it is due or its template has changed → saved → published to every
 * authority, to each until it takes it. A job; answers when it is due again. Without the identity's seed the operator
 * publishes.
 */
import { signingKey } from '../../core/crypto/keys.ts';
import { sign, type Signed } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import { publishAnswer } from '../../core/wire/directory.ts';
import type { Ports } from '../../host/ports.ts';
import type { RelayConfig } from '../config.ts';
import { nextDescriptor, renewalOf, retryAt, templateDigest } from './decide.ts';
import { readPublished, savePublished } from './store.ts';

export interface AuthorityState {
  readonly authority: string;
  /** Null when it has taken the descriptor. */
  readonly refused: string | null;
}

export interface Publisher {
  run(now: number): Promise<number | null>;
  state(): {
    readonly published: number | null;
    readonly expires: number | null;
    readonly authorities: readonly AuthorityState[];
  };
}

type PublisherPorts = Pick<Ports, 'database' | 'http' | 'log' | 'network'>;

export function createPublisher({ database, http, log, network }: PublisherPorts, config: RelayConfig): Publisher {
  const identity = config.identitySeed === null ? null : signingKey(config.identitySeed);
  invariant(identity === null || identity.publicKey === config.id, 'the identity key is that of the relay’s id');
  const { networkId, authorities } = network.network;
  let current: Signed<Descriptor> | null = null;
  let states: AuthorityState[] = [];
  let failures = 0;

  async function signedNow(now: number): Promise<Signed<Descriptor> | null> {
    if (identity === null) return null;
    return database.transaction(async (tx) => {
      const last = await readPublished(tx, config.id);
      const body = nextDescriptor(config.descriptor, last, now);
      if (body === null) return last?.signed ?? null;
      const { signature } = sign('descriptor', networkId, body, identity);
      await savePublished(tx, { template: templateDigest(config.descriptor), signed: { body, signature } });
      return { body, signature };
    });
  }

  async function publish(to: (typeof authorities)[number], signed: Signed<Descriptor>): Promise<boolean> {
    const answer = await http.post(`${to.url}/directory/publish`, signed, publishAnswer);
    const refused = answer.ok ? null : answer.refusal.code;
    states = [...states.filter((one) => one.authority !== to.name), { authority: to.name, refused }];
    if (!answer.ok) log.warn('descriptor-not-taken', { relay: config.id, url: to.url, code: answer.refusal.code });
    return answer.ok || !answer.refusal.retry;
  }

  return {
    async run(now) {
      current = await signedNow(now);
      const signed = current;
      if (signed === null) return null;
      const settled = await Promise.all(authorities.map((one) => publish(one, signed)));
      const renewal = Math.max(renewalOf(signed.body), now + 1);
      if (settled.every(Boolean)) {
        failures = 0;
        return renewal;
      }
      return Math.min(retryAt(now, failures++, network.consensus()?.body.terms[0]?.parameters.consensusSec ?? 60), renewal);
    },
    state: () => ({
      published: current?.body.published ?? null,
      expires: current?.body.expires ?? null,
      authorities: states,
    }),
  };
}
