/*
 * The bitcoind on which money is measured: a bench's work in; run beside a node of its own, what it answers out. Called by the benches of
 * money.
 */
import { findBitcoind } from '../lab/testbed/bitcoind.ts';
import { startBitcoind, type Bitcoind } from '../test/harness/bitcoind.ts';

/** What stands in the way of measuring, and how to mend it; null where nothing does. */
export function missingBitcoind(): string | null {
  return findBitcoind(process.env) === null ? 'there is no bitcoind: sh bin/bitcoind.sh installs one into .bitcoind' : null;
}

export async function withNode<T>(work: (node: Bitcoind) => Promise<T>): Promise<T> {
  const program = findBitcoind(process.env);
  if (program === null) throw new Error(missingBitcoind() ?? '');
  const node = await startBitcoind(program, ['-txindex=1', '-blockfilterindex=1']);
  try {
    return await work(node);
  } finally {
    await node.remove();
  }
}

/** A call without any of our code around it. */
export async function bareCall(node: Bitcoind, login: string, method: string, params: readonly unknown[]): Promise<string> {
  const headers = { authorization: `Basic ${Buffer.from(login).toString('base64')}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ jsonrpc: '1.0', id: 1, method, params });
  return (await fetch(node.url, { method: 'POST', headers, body })).text();
}
