import { expect } from 'chai';
import { sign, type Signed } from '../../core/crypto/sign.ts';
import { RELAYS_MAX, RELAYS_NEW_MAX } from '../../core/limits.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import type { Descriptor, KeySet } from '../../core/wire/descriptor.ts';
import { acceptDescriptor, DESCRIPTOR_SEC_MAX } from '../../directory/descriptor/decide.ts';
import { FORGET_SEC, type DirectoryState } from '../../directory/state/decide.ts';
import { networkId, testKey } from '../harness/view.ts';
import { GENESIS, givenDescriptor, givenParameters, givenRelay, MONTH, stateOf } from './given.ts';

const now = GENESIS;
const accept = (state: DirectoryState, signed: Signed<Descriptor>, at = now, open = false) =>
  acceptDescriptor(state, signed, { now: at, open, tor: null });
const codeOf = (state: DirectoryState, signed: Signed<Descriptor>, at = now, open = false): string => {
  const answer = accept(state, signed, at, open);
  return answer.ok ? 'accepted' : answer.refusal.code;
};
const keysOf = (name: string): KeySet => givenDescriptor(name).body.keys[0]!;
const fallbackOf = (name: string) => givenDescriptor(name).body.rails;

describe('directory/descriptor', () => {
  it('refuses for the first fault, and each mended one shows the next', () => {
    const other = givenRelay('other');
    const known = givenRelay('new', { acceptedAt: now }, { published: now - 10 });
    const state = stateOf([other, known]);
    const later = stateOf([other, givenRelay('new', { acceptedAt: now - 2 }, { published: now - 10 })]);
    const relay = 'http://127.0.0.1:1';
    const openly = (faulty: Partial<Descriptor>) => codeOf(state, givenDescriptor('new', faulty), now, true);
    const extra = givenRelay('extra');
    const crowd = Array.from({ length: RELAYS_MAX - 1 }, (_, index) => [`${index}`, extra] as const);
    const full = { ...state, relays: new Map([[other.descriptor.body.id, other], ...crowd]) };
    const keys = keysOf('new');
    const faults: Partial<Descriptor> = {
      published: now + 61,
      keys: [keys, { ...keys, number: 2 }],
      nickname: 'OTHER',
      rails: fallbackOf('other'),
      urls: { relay, settlement: relay, guard: relay },
    };
    const unsigned = { ...givenDescriptor('new', faults), signature: givenDescriptor('other').signature };
    expect(codeOf(state, unsigned)).equal('descriptor-signature');
    expect(codeOf(state, givenDescriptor('new', faults))).equal('descriptor-time');
    faults.published = now - 10;
    expect(openly(faults)).equal('descriptor-address');
    faults.urls = { relay: 'http://192.0.2.1:1', settlement: 'http://192.0.2.1:1', guard: null };
    expect(openly(faults)).equal('descriptor-keys');
    faults.keys = [keys, { ...keys, number: 2, fromInterval: 1 }];
    expect(codeOf(state, givenDescriptor('new', faults))).equal('descriptor-old');
    faults.published = now + 60;
    expect(codeOf(state, givenDescriptor('new', faults))).equal('descriptor-soon');
    expect(codeOf(later, givenDescriptor('new', faults))).equal('descriptor-name');
    faults.nickname = 'new';
    expect(codeOf(later, givenDescriptor('new', faults))).equal('descriptor-destination');
    faults.rails = fallbackOf('new');
    expect(codeOf(full, givenDescriptor('new', faults))).equal('descriptor-full');
    expect(codeOf(later, givenDescriptor('new', faults))).equal('accepted');
  });

  it('is not led by an address into its own network, but on one of its own takes any', () => {
    const at = (urls: Partial<Descriptor['urls']>, open: boolean) => {
      const outside = 'https://relay.example';
      return codeOf(
        stateOf([]),
        givenDescriptor('new', { urls: { relay: outside, settlement: outside, guard: null, ...urls } }),
        now,
        open,
      );
    };
    expect(at({}, true)).equal('accepted');
    for (const role of ['relay', 'settlement', 'guard']) {
      expect(at({ [role]: 'http://169.254.169.254' }, true), role).equal('descriptor-address');
      expect(at({ [role]: 'http://169.254.169.254' }, false), role).equal('accepted');
    }
  });

  it('takes so many new relays in the time between two consensuses, and more when it is over', () => {
    const crowd = (seen: number) =>
      stateOf(
        Array.from({ length: RELAYS_NEW_MAX }, (_, index) => {
          const extra = givenRelay('extra', { firstSeen: seen });
          return { ...extra, descriptor: { ...extra.descriptor, body: { ...extra.descriptor.body, id: `${index}` } } };
        }),
      );
    expect(codeOf(crowd(now - 19), givenDescriptor('new'))).equal('descriptor-full');
    expect(codeOf(crowd(now - 20), givenDescriptor('new'))).equal('accepted');
  });

  it('takes it as signed for another network when it is', () => {
    const { body } = givenDescriptor('new');
    expect(codeOf(stateOf([]), sign('descriptor', 'other-network', body, testKey('new identity')))).equal('descriptor-signature');
    expect(codeOf(stateOf([]), sign('descriptor', networkId, body, testKey('new identity')))).equal('accepted');
  });

  it('holds the bounds of its times to the second', () => {
    const at = (published: number, expires: number) => codeOf(stateOf([]), givenDescriptor('new', { published, expires }));
    expect(at(now + 60, now + 100)).equal('accepted');
    expect(at(now + 61, now + 100)).equal('descriptor-time');
    expect(at(now - 10, now + 1)).equal('accepted');
    expect(at(now - 10, now)).equal('descriptor-time');
    expect(at(now + 30, now + 30)).equal('descriptor-time');
    expect(at(now, now + DESCRIPTOR_SEC_MAX)).equal('accepted');
    expect(at(now, now + DESCRIPTOR_SEC_MAX + 1)).equal('descriptor-time');
  });

  it('answers the same content the same, though it would be refused as new', () => {
    const relay = givenRelay('new', {}, { published: now - 10 });
    const state = stateOf([relay]);
    const again = { body: relay.descriptor.body, signature: relay.descriptor.signature };
    const answer = accept(state, again, now + 2 * MONTH);
    expect(answer.ok && answer.value).deep.equal({ digest: relay.digest, added: null });
    expect(codeOf(state, givenDescriptor('new', { published: now - 10, bandwidth: 1 }))).equal('descriptor-old');
    expect(codeOf(state, givenDescriptor('new', { published: now - 11 }))).equal('descriptor-old');
    expect(codeOf(state, givenDescriptor('new', { published: now - 9 }))).equal('accepted');
  });

  it('lets no key of a number be disowned', () => {
    const keys = keysOf('new');
    const second = { ...keys, number: 2, fromInterval: 3 };
    const state = stateOf([givenRelay('new', { keysUpTo: 2 }, { published: 1, keys: [keys, second] })]);
    const with_ = (...sets: KeySet[]) => codeOf(state, givenDescriptor('new', { keys: sets }));
    expect(with_(keys, second)).equal('accepted');
    expect(with_(keys, second, { ...keys, number: 3, fromInterval: 4 })).equal('accepted');
    expect(with_({ ...keys, iou: second.settlement }, second)).equal('descriptor-keys');
    expect(with_(keys, { ...second, fromInterval: 2 })).equal('descriptor-keys');
    expect(with_({ ...keys, number: 0 }, keys, second)).equal('descriptor-keys');
    expect(with_(second, keys)).equal('descriptor-keys');
  });

  it('keeps a key set until nothing that it signed can be held against anybody, and one that has not begun as long as it likes', () => {
    const keys = keysOf('new');
    const [second, third] = [
      { ...keys, number: 2, fromInterval: 1 },
      { ...keys, number: 3, fromInterval: 3 },
    ];
    const state = stateOf([givenRelay('new', { keysUpTo: 3 }, { published: 1, keys: [keys, second, third] })]);
    const { appealEnd } = scheduleOf(givenParameters(), 0);
    const with_ = (at: number, ...sets: KeySet[]) => codeOf(state, givenDescriptor('new', { keys: sets }), at);
    expect(with_(GENESIS + 10, keys, second)).equal('accepted');
    expect(with_(GENESIS + 10, second, third)).equal('descriptor-keys');
    expect(with_(appealEnd - 1, second, third)).equal('descriptor-keys');
    expect(with_(appealEnd, second, third)).equal('accepted');
    expect(with_(appealEnd, keys)).equal('descriptor-keys');
  });

  it('lets a relay begin to be a guard, not change whose guard it is', () => {
    const keys = keysOf('new');
    const none = { ...keys, guard: null, guardSealing: null };
    const begun = stateOf([givenRelay('new', {}, { published: 1, keys: [none] })]);
    expect(codeOf(begun, givenDescriptor('new'))).equal('accepted');
    const guard = stateOf([givenRelay('new', {}, { published: 1 })]);
    expect(codeOf(guard, givenDescriptor('new', { keys: [none] }))).equal('descriptor-keys');
    expect(codeOf(guard, givenDescriptor('new', { keys: [{ ...keys, guard: keys.iou }] }))).equal('descriptor-keys');
  });

  it('lets a family share a destination when both name each other', () => {
    const [a, b] = [givenDescriptor('new').body.id, givenDescriptor('other').body.id];
    const oneSided = stateOf([givenRelay('other')]);
    const mutual = stateOf([givenRelay('other', {}, { family: [a] })]);
    const mine = givenDescriptor('new', { rails: fallbackOf('other'), family: [b] });
    expect(codeOf(oneSided, mine)).equal('descriptor-destination');
    expect(codeOf(mutual, mine)).equal('accepted');
  });

  it('frees a name when its descriptor has expired, the destination only when the relay is forgotten', () => {
    const state = stateOf([givenRelay('other', {}, { expires: now })]);
    expect(codeOf(state, givenDescriptor('new', { nickname: 'other' }))).equal('accepted');
    const late = givenDescriptor('new', {
      rails: fallbackOf('other'),
      published: now + FORGET_SEC,
      expires: now + FORGET_SEC + MONTH,
    });
    expect(codeOf(state, late, now + FORGET_SEC)).equal('descriptor-destination');
  });
});
