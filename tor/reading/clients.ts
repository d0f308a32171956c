/*
 * Which client is behind a channel: ORCONN events in, which name a connection's address where SafeLogging hides it from the dump; the
 * session's connection of a channel out. Memory alone, never logged. Called by reading/watch.ts.
 */
import type { Channel } from './dump.ts';

export interface Clients {
  /** What follows `ORCONN `. */
  take(text: string): void;
  /** Null for a client without a session. */
  connectionOf(channel: Channel): string | null;
}

export function createClients(connectionOf: (address: string) => string | null): Clients {
  const addresses = new Map<string, string>();
  return {
    take(text) {
      // A relay is named by its fingerprint.
      const [, address, status, id] = /^([^$\s]\S*:\d+) ([A-Z]+)(?: .*)? ID=(\d+)$/.exec(text) ?? [];
      const [, closed] = / CLOSED .*ID=(\d+)$/.exec(text) ?? [];
      if (closed !== undefined) addresses.delete(closed);
      else if (address !== undefined && id !== undefined && status !== 'FAILED') addresses.set(id, address);
    },
    connectionOf(channel) {
      const address = channel.address ?? addresses.get(channel.connection);
      return address === undefined ? null : connectionOf(address);
    },
  };
}
