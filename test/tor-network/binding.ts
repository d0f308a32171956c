/*
 * The Tor identity of a relay, by real descriptors: a directory beside a real authority takes who is named in its ContactInfo, and takes
 * |N|, |E|, flags and bandwidth from Tor's consensus. Called by stage.spec.
 */
import { expect } from 'chai';
import type { TorNetwork } from '../../lab/testbed/tor/network.ts';
import { until } from '../../lab/testbed/tor/process.ts';
import { codeOf, idOf } from '../directory/filed.ts';
import { GENESIS, givenAuthority, givenParameters } from '../directory/given.ts';
import { later } from '../harness/later.ts';
import { askTor } from './control.ts';
import { besideAuthority } from './flags.ts';

export function binding(running: () => TorNetwork): void {
  describe('binding', () => {
    it('takes a relay that its own Tor descriptor names, refuses others, and counts as Tor’s consensus does', async () => {
      const network = running();
      const [first] = network.authorities;
      if (first === undefined) throw new Error('the network has authorities');
      const tor = await besideAuthority(first);
      const named = async (name: string, contact: string): Promise<void> => {
        const node = network.node(name);
        expect(await askTor(node, `SETCONF ContactInfo="${contact}"`)).deep.equal(['OK']);
        later(async () => void (await askTor(node, 'RESETCONF ContactInfo')));
      };
      await named('guard', `email:op[]example.org btc:bcrt1qone ptg:${idOf('a')} ciissversion:2`);
      await named('middle', `ptg:${idOf('a')} ciissversion:2`);
      const saysKey = async (name: string): Promise<boolean> => {
        const said = await tor.descriptor(network.node(name).fingerprint.toLowerCase());
        return said.ok && said.value?.paymentKey === idOf('a');
      };
      await until(async () => (await saysKey('guard')) && (await saysKey('middle')), 'their descriptors at the authority');

      const authority = await givenAuthority(GENESIS, givenParameters(), tor);
      later(() => authority.close());
      authority.up.add('a');
      const publish = async (name: string, fingerprint: string): Promise<string> =>
        codeOf(await authority.publish(name, { fingerprint: fingerprint.toLowerCase(), bandwidth: 1, isExit: false }));
      expect(await publish('b', network.node('middle').fingerprint)).equal('descriptor-tor-other');
      expect(await publish('b', network.node('exit').fingerprint)).equal('descriptor-tor-unnamed');
      expect(await publish('b', '0'.repeat(40))).equal('descriptor-tor-unknown');
      expect(await publish('a', network.node('guard').fingerprint)).equal('ok');
      await authority.goTo(GENESIS + 20);
      const seen = await tor.consensus();
      if (!seen.ok) throw new Error(seen.refusal.code);
      const { body } = await authority.consensus();
      expect(body.terms[0]?.relays).equal(BigInt(seen.value.relays));
      expect(seen.value.relays).equal(network.authorities.length + 3);
      const [relay] = body.relays;
      const listed = seen.value.relay(network.node('guard').fingerprint.toLowerCase());
      expect(relay?.bandwidth).equal((listed?.bandwidth ?? 0) * 1000);
      expect(relay?.flags).include.members(['Fast', 'Running', 'Stable']);
    });
  });
}
