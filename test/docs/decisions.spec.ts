/*
 * What decisions say in numbers: a full delivery fits a sealed body (0024).
 */
import { expect } from 'chai';
import { BODY_BYTES_MAX, CIRCUIT_ID_MAX, DELIVERY_CIRCUITS_MAX, HOPS_MAX, UNITS_MAX } from '../../core/limits.ts';
import { encode } from '../../core/wire/codec.ts';
import { paddedSize } from '../../host/seal-pad.ts';
import { delivery } from '../../docs/story.ts';

/** With every number as long as it can be. */
function fullDelivery(circuits: number): string {
  const entry = {
    circuit: CIRCUIT_ID_MAX,
    from: UNITS_MAX,
    bytes: UNITS_MAX,
    hopsLeft: HOPS_MAX,
    leavesTor: false,
    closed: false,
    order: null,
  };
  const most = { relayBytes: UNITS_MAX, exitBytes: UNITS_MAX };
  const iou = {
    ...delivery.body.iou,
    body: { ...delivery.body.iou.body, ...most, serial: UNITS_MAX, issuedAt: 2 ** 40, interval: 2 ** 32, issuerKey: 2 ** 16 },
  };
  const body = { iou, since: UNITS_MAX, circuits: Array.from({ length: circuits }, () => entry), unattributed: most };
  return encode({ body, signature: delivery.signature });
}

describe('decision 0024', () => {
  it('a delivery of as many circuits as may be is padded to 64 KiB, and of a few more is not', () => {
    const whole = fullDelivery(DELIVERY_CIRCUITS_MAX);
    expect(whole.length).lessThan(BODY_BYTES_MAX);
    expect(paddedSize(whole.length)).equal(64 * 1024);
    expect(paddedSize(fullDelivery(470).length)).greaterThan(64 * 1024);
  });
});
