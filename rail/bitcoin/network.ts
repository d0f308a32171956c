/*
 * The chains, by bitcoind's names: prefixes of keys and addresses, and the first block, by which a node is known to be of that
 * chain. Called by everything in this folder.
 */
import { networks, type Network } from 'bitcoinjs-lib';

export type ChainName = 'main' | 'test' | 'testnet4' | 'signet' | 'regtest';

export interface Chain {
  readonly name: ChainName;
  /** Prefixes, as bitcoinjs-lib and bip32 take them. */
  readonly prefixes: Network;
  /** BIP 44: 0 for Bitcoin, 1 for all that are for trying. */
  readonly coinType: 0 | 1;
  /** Hash of block 0, as bitcoind shows it. */
  readonly genesis: string;
}

export const chains: Readonly<Record<ChainName, Chain>> = {
  main: {
    name: 'main',
    prefixes: networks.bitcoin,
    coinType: 0,
    genesis: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  },
  test: {
    name: 'test',
    prefixes: networks.testnet,
    coinType: 1,
    genesis: '000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943',
  },
  testnet4: {
    name: 'testnet4',
    prefixes: networks.testnet,
    coinType: 1,
    genesis: '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043',
  },
  signet: {
    name: 'signet',
    prefixes: networks.testnet,
    coinType: 1,
    genesis: '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6',
  },
  regtest: {
    name: 'regtest',
    prefixes: networks.regtest,
    coinType: 1,
    genesis: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
  },
};
