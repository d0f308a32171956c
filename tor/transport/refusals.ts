/*
 * Why a connection of the transport is not taken, or given up. Told to the other side where the handshake has come so far that it
 * can be; the rest is for the log. Used by both ends.
 */
import { refuser } from '../../core/refusal.ts';

/** In the order of the checks; the last ones are the client's. */
export const transportRefusals = {
  'transport-handshake': {
    retry: false,
    text: 'this is no first message to this guard in this network',
    remedy: 'fetch the newest descriptor; check network.json',
  },
  'transport-frame': { retry: false, text: 'a frame is not as it should be', remedy: 'see docs/spec/21-paidguard-transport.md' },
  'transport-open': {
    retry: false,
    text: 'who shook hands has not asked for a session with its own key',
    remedy: 'ask with the subscription’s key',
  },
  'transport-tor': {
    retry: true,
    text: 'the guard’s tor does not answer',
    remedy: 'try later; its operator sees it in ptg doctor',
  },
  'transport-subscription': {
    retry: false,
    text: 'the guard has no account of this key, or no balance for a first circuit',
    remedy: 'ptg balance shows it; ptg subscribe and ptg deposit mend it',
  },
  'transport-stopped': {
    retry: true,
    text: 'the guard’s node stops',
    remedy: 'connect again in a moment; nothing is lost',
  },
  'transport-arguments': {
    retry: false,
    text: 'the bridge line does not name a guard of this network',
    remedy: 'write guard=ID into it, or let ptg connect write it',
  },
  'transport-unreachable': {
    retry: true,
    text: 'nobody answers at the guard’s address',
    remedy: 'try later, or choose another guard',
  },
  'transport-no-answer': {
    retry: true,
    text: 'the guard closed the connection without an answer to the handshake',
    remedy: 'fetch the newest descriptor; check that the address is its paidguard port',
  },
} as const;

export const refuseTransport = refuser(transportRefusals);
