/*
 * A byte stream to a program of this machine: TCP on an address, or a Unix socket. A place and ears in; a way to write and to end
 * out. Called by node for Tor's control port, and handed to tor as a port.
 */
import { connect } from 'node:net';
import { tcpAddressOf, type TcpAddress } from './tcp.ts';

/** `host:port`, or `unix:/path` (as torrc writes it). */
export type Place = TcpAddress | { readonly path: string };

export interface StreamEars {
  open(): void;
  data(bytes: Uint8Array): void;
  /** Once, whoever ended it; nothing is heard after. */
  closed(reason: string): void;
}

export interface Stream {
  write(bytes: string | Uint8Array): void;
  /** Ends it at once; `closed` is heard. */
  end(): void;
}

export type Dial = (place: Place, ears: StreamEars) => Stream;

export const dial: Dial = (place, ears) => {
  const socket = connect(place);
  let reason = 'closed by the other side';
  socket.setNoDelay(true);
  socket.once('connect', () => ears.open());
  socket.on('data', (bytes: Buffer) => ears.data(bytes));
  socket.once('error', (error: NodeJS.ErrnoException) => (reason = error.code ?? error.message));
  // Tor that has ended its half says nothing more.
  socket.once('end', () => socket.destroy());
  socket.once('close', () => ears.closed(reason));
  return {
    write: (bytes) => void socket.write(bytes),
    end() {
      reason = 'ended here';
      socket.destroy();
    },
  };
};

/** Null for what names no place. */
export function placeOf(text: string): Place | null {
  if (text.startsWith('unix:/')) return { path: text.slice('unix:'.length) };
  if (text.startsWith('/')) return { path: text };
  const address = tcpAddressOf(text);
  return address === null || address.port === 0 ? null : address;
}
