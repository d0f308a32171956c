/*
 * The checksum of an output descriptor (BIP 380): the text before `#` in, eight characters out. Called by descriptor.ts.
 */
const INPUT = '0123456789()[],\'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#"\\ ';
const OUTPUT = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn];

/** Null where the text has a character that no descriptor has. */
export function descriptorChecksum(text: string): string | null {
  let polynomial = 1n;
  let group = 0;
  let count = 0;
  for (const character of text) {
    const position = INPUT.indexOf(character);
    if (position === -1) return null;
    polynomial = step(polynomial, position & 31);
    group = group * 3 + (position >> 5);
    if (++count < 3) continue;
    polynomial = step(polynomial, group);
    group = count = 0;
  }
  if (count > 0) polynomial = step(polynomial, group);
  for (let n = 0; n < 8; n++) polynomial = step(polynomial, 0);
  polynomial ^= 1n;
  let checksum = '';
  for (let n = 7n; n >= 0n; n--) checksum += OUTPUT[Number((polynomial >> (5n * n)) & 31n)];
  return checksum;
}

function step(polynomial: bigint, value: number): bigint {
  const top = polynomial >> 35n;
  let next = ((polynomial & 0x7ffffffffn) << 5n) ^ BigInt(value);
  GENERATOR.forEach((generator, bit) => {
    if ((top >> BigInt(bit)) & 1n) next ^= generator;
  });
  return next;
}
