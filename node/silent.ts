/*
 * The traffic of a node that sees none: a meter and both ends of a transport that never say anything. Used until something that
 * knows of traffic is plugged in.
 */
import type { ClientTransport, GuardTransport, Meter } from '../tor/meter.ts';

export interface SilentTraffic {
  readonly meter: Meter;
  readonly guardTransport: GuardTransport;
  readonly clientTransport: ClientTransport;
}

export function silentTraffic(): SilentTraffic {
  const never = (): (() => void) => () => undefined;
  return {
    meter: { kind: 'links', onReading: never },
    guardTransport: { onOpen: never, onReading: never, onClose: never, onAllow: never, end: () => undefined },
    clientTransport: { onReading: never, onEnded: never },
  };
}
