import { expect } from 'chai';
import { sign, type Signed } from '../../core/crypto/sign.ts';
import { RELAYS_MAX } from '../../core/limits.ts';
import type { Descriptor, KeySet } from '../../core/wire/descriptor.ts';
import { acceptDescriptor, DESCRIPTOR_SEC_MAX } from '../../directory/descriptor/decide.ts';
import { FORGET_SEC, type DirectoryState } from '../../directory/state/decide.ts';
import { networkId, testKey } from '../harness/view.ts';
import { GENESIS, givenDescriptor, givenRelay, MONTH, stateOf } from './given.ts';

const now = GENESIS;
const accept = (state: DirectoryState, signed: Signed<Descriptor>, at = now) =>
  acceptDescriptor(state, signed, { now: at, skewSec: 60 });
const codeOf = (state: DirectoryState, signed: Signed<Descriptor>, at = now): string => {
  const answer = accept(state, signed, at);
  return answer.ok ? 'accepted' : answer.refusal.code;
};
const keysOf = (name: string): KeySet => givenDescriptor(name).body.keys[0]!;
const fallbackOf = (name: string) => givenDescriptor(name).body.rails;

describe('directory/descriptor', () => {
  it('refuses for the first fault, and each mended one shows the next', () => {
    const other = givenRelay('other');
    const known = givenRelay('new', {}, { published: now - 10 });
    const state = stateOf([other, known]);
    const extra = givenRelay('extra');
    const crowd = Array.from({ length: RELAYS_MAX - 1 }, (_, index) => [`${index}`, extra] as const);
    const full = { ...state, relays: new Map([[other.descriptor.body.id, other], ...crowd]) };
    const keys = keysOf('new');
    const faults: Partial<Descriptor> = {
      published: now + 61,
      keys: [keys, { ...keys, number: 2 }],
      nickname: 'OTHER',
      rails: fallbackOf('other'),
    };
    const unsigned = { ...givenDescriptor('new', faults), signature: givenDescriptor('other').signature };
    expect(codeOf(state, unsigned)).equal('descriptor-signature');
    expect(codeOf(state, givenDescriptor('new', faults))).equal('descriptor-time');
    faults.published = now - 10;
    expect(codeOf(state, givenDescriptor('new', faults))).equal('descriptor-keys');
    faults.keys = [keys, { ...keys, number: 2, fromInterval: 1 }];
    expect(codeOf(state, givenDescriptor('new', faults))).equal('descriptor-old');
    faults.published = now + 60;
    expect(codeOf(state, givenDescriptor('new', faults))).equal('descriptor-name');
    faults.nickname = 'new';
    expect(codeOf(state, givenDescriptor('new', faults))).equal('descriptor-destination');
    faults.rails = fallbackOf('new');
    expect(codeOf(full, givenDescriptor('new', faults))).equal('descriptor-full');
    expect(codeOf(state, givenDescriptor('new', faults))).equal('accepted');
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
    expect(with_(second)).equal('accepted');
    expect(with_(second, { ...keys, number: 3, fromInterval: 4 })).equal('accepted');
    expect(with_({ ...keys, iou: second.settlement }, second)).equal('descriptor-keys');
    expect(with_({ ...second, fromInterval: 2 })).equal('descriptor-keys');
    expect(with_({ ...keys, number: 0 }, second)).equal('descriptor-keys');
    expect(with_(second, keys)).equal('descriptor-keys');
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
