/*
 * A driven network whose wires can be spoilt: before each relay, and before the authority with its ledger, stands a proxy. Modes by
 * name in; the network out. Callers wait less long than usual while a wire is spoilt.
 */
import { createHttpClient } from '../../host/http/client.ts';
import type { CallOptions, HttpClient } from '../../host/ports.ts';
import { authorityName } from '../../lab/world.ts';
import { startNode, type NodeOptions, type RunningNode } from '../../node/start.ts';
import { openNetwork, type NetworkOptions, type TestNetwork } from '../journeys/network.ts';
import { openProxy, type Mode, type Proxy } from './proxy.ts';

export interface WiredNetwork extends TestNetwork {
  /** Of relays by name, and of `authority`. */
  proxy(name: string): Proxy;
  /** All of these wires in one mode; the others pass. */
  spoil(mode: Mode, ...names: string[]): void;
  heal(): void;
}

const PATIENT_MS = 20_000;
const SHORT_MS = 250;

export async function openWired(options: NetworkOptions): Promise<WiredNetwork> {
  const names = [...options.relays.map((one) => one.name), 'authority'];
  const proxies = new Map<string, Proxy>();
  for (const name of names) proxies.set(name, await openProxy());
  let deadlineMs = PATIENT_MS;
  const proxy = (name: string): Proxy => proxies.get(name) as Proxy;

  function start(name: string, given: NodeOptions): Promise<RunningNode> {
    const authority = given.network.authorities[0]?.url as string;
    proxy('authority').target = Number(new URL(authority).port);
    const own = proxies.get(name);
    if (own !== undefined) own.target = given.spec.listen.port;
    const spec = own === undefined ? given.spec : { ...given.spec, url: own.url };
    // The authority's own calls to itself go past the wire.
    const wire = name === authorityName ? authority : proxy('authority').url;
    return startNode({
      ...given,
      spec,
      createHttpClient: (made) => {
        const client = createHttpClient(made);
        return {
          ...client,
          ...along(
            client,
            (url) => url.replace(authority, wire),
            () => deadlineMs,
          ),
        };
      },
    });
  }

  const closeAll = () => Promise.all([...proxies.values()].map((one) => one.close()));
  const network = await openNetwork({ ...options, start }).catch(async (thrown: unknown) => {
    await closeAll();
    throw thrown;
  });
  return {
    ...network,
    proxy,
    spoil(mode, ...spoilt) {
      deadlineMs = SHORT_MS;
      for (const name of spoilt) proxy(name).mode = mode;
    },
    heal() {
      deadlineMs = PATIENT_MS;
      for (const one of proxies.values()) if (one.mode !== 'pass') one.mode = 'pass';
    },
    async stop() {
      await network.stop();
      await closeAll();
    },
  };
}

/** The same client, by another way and with less patience. */
function along(client: HttpClient, way: (url: string) => string, deadlineMs: () => number): Partial<HttpClient> {
  const hasty = (given: CallOptions = {}): CallOptions => ({
    ...given,
    deadlineMs: Math.min(given.deadlineMs ?? 10_000, deadlineMs()),
  });
  return {
    get: (url, output, given) => client.get(way(url), output, hasty(given)),
    post: (url, body, output, given) => client.post(way(url), body, output, hasty(given)),
    link: (call, output, given) => client.link(call, output, hasty(given)),
    subscriber: (call, output, given) => client.subscriber(call, output, hasty(given)),
  };
}
