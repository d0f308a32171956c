/*
 * Whether an address is one of the open Internet: a url that a stranger has published in, yes or no out. Whoever calls such urls
 * must not be led to its own machine or its operator's network. A name that resolves to one of theirs is not seen here.
 * Called by directory before it takes a descriptor.
 */
import { BlockList, isIP } from 'node:net';

/** RFC 6890 and its kind, as far as something may listen there; IPv4 inside IPv6 is looked at as IPv4. */
const closed = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  closed.addSubnet(net, bits, 'ipv4');
}
for (const [net, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  closed.addSubnet(net, bits, 'ipv6');
}

export function isOpenAddress(url: string): boolean {
  if (!URL.canParse(url)) return false;
  // The parser writes 0x7f.1 and 2130706433 as 127.0.0.1 too.
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const kind = isIP(host);
  if (kind !== 0) return !closed.check(host, kind === 4 ? 'ipv4' : 'ipv6');
  return host.includes('.') && !/\.(localhost|local|internal|lan|home|arpa)$/.test(host);
}
