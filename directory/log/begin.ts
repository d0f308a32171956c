/*
 * A start of an authority: its configuration is held against its log, and parameters that changed are written down. A network
 * cannot change its id or its clock: that stops the start with a line for the operator. Called by main.ts.
 */
import { encode } from '../../core/wire/codec.ts';
import type { DirectoryConfig } from '../config.ts';
import type { DirectoryState } from '../state/decide.ts';
import type { Book } from './flow.ts';

export async function beginLog(book: Book, config: DirectoryConfig, publicKey: string): Promise<void> {
  const { network, parameters } = config;
  const named = network.authorities.find((one) => one.key === publicKey);
  if (named?.name !== config.name) {
    throw stop('the authority key is not the one in network.json', config.name, 'use the key file made with this network');
  }
  const changed = whatCannotChange(book.state(), config);
  if (changed !== null) {
    throw stop(`the ${changed} differs from what this authority has begun with`, config.name, 'restore the configuration');
  }
  await book.write((state, now) => {
    const known = state.parameters !== null && encode(state.parameters) === encode(parameters);
    return {
      entries: known ? [] : [{ kind: 'parameters', at: now, networkId: network.networkId, parameters }],
      value: undefined,
    };
  });
}

function whatCannotChange(state: DirectoryState, { network, parameters }: DirectoryConfig): string | null {
  if (state.networkId === null || state.parameters === null) return null;
  if (state.networkId !== network.networkId) return 'network id';
  if (state.parameters.genesis !== parameters.genesis) return 'genesis';
  return state.parameters.intervalSec === parameters.intervalSec ? null : 'length of an interval';
}

/** What happened, to what, what to do, and a code (design §10). */
function stop(what: string, who: string, remedy: string): Error {
  return new Error(`${what}\n  ${who}\n  ${remedy} [directory-config]`);
}
