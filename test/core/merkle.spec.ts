import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { createTree, leafHash, verifyConsistency, verifyInclusion } from '../../core/log/merkle.ts';

const external = new URL('../../../shared/vectors/merkle/', import.meta.url).pathname;
const bytes = (base64: string | null | undefined): Uint8Array => new Uint8Array(Buffer.from(base64 ?? '', 'base64'));

function* files(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (name.endsWith('.json')) yield path;
  }
}

describe('core/log/merkle', () => {
  it('proves every leaf in every tree up to 33 leaves, and no other leaf', () => {
    const leaves = Array.from({ length: 33 }, (_, index) => leafHash(Uint8Array.of(index)));
    const tree = createTree(leaves);
    for (let size = 1; size <= 33; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const path = tree.inclusion(index, size);
        expect(verifyInclusion(leaves[index]!, BigInt(index), BigInt(size), path, tree.root(size))).equal(true);
        const wrong = leaves[(index + 1) % 33]!;
        expect(verifyInclusion(wrong, BigInt(index), BigInt(size), path, tree.root(size))).equal(false);
      }
    }
  });

  it('proves that every tree extends every smaller one', () => {
    const tree = createTree(Array.from({ length: 20 }, (_, index) => leafHash(Uint8Array.of(index))));
    for (let to = 1; to <= 20; to += 1) {
      for (let from = 1; from <= to; from += 1) {
        const proof = tree.consistency(from, to);
        expect(verifyConsistency(BigInt(from), BigInt(to), proof, tree.root(from), tree.root(to))).equal(true);
        if (from < to) {
          expect(verifyConsistency(BigInt(from), BigInt(to), proof, tree.root(to), tree.root(to)), `${from}..${to}`).equal(false);
        }
      }
    }
  });

  it('refuses a path with any bit flipped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), fc.nat(), (size, at, bit) => {
        const leaves = Array.from({ length: size }, (_, index) => leafHash(Uint8Array.of(index)));
        const tree = createTree(leaves);
        const index = at % size;
        const path = tree.inclusion(index, size).map((hash) => Uint8Array.from(hash));
        const target = path[bit % path.length]!;
        target[bit % 32]! ^= 1 << (bit % 8);
        expect(verifyInclusion(leaves[index]!, BigInt(index), BigInt(size), path, tree.root(size))).equal(false);
      }),
      { seed: 1 },
    );
  });

  it('agrees with the transparency-dev vectors', function () {
    if (!existsSync(external)) {
      console.log('      skipped: ../shared/vectors/merkle is not there');
      this.skip();
    }
    let checked = 0;
    for (const file of files(join(external, 'inclusion'))) {
      const v = JSON.parse(readFileSync(file, 'utf8'));
      const good = verifyInclusion(
        bytes(v.leafHash),
        BigInt(v.leafIdx),
        BigInt(v.treeSize),
        (v.proof ?? []).map(bytes),
        bytes(v.root),
      );
      expect(good, file).equal(!v.wantErr);
      checked += 1;
    }
    for (const file of files(join(external, 'consistency'))) {
      const v = JSON.parse(readFileSync(file, 'utf8'));
      const good = verifyConsistency(
        BigInt(v.size1),
        BigInt(v.size2),
        (v.proof ?? []).map(bytes),
        bytes(v.root1),
        bytes(v.root2),
      );
      expect(good, file).equal(!v.wantErr);
      checked += 1;
    }
    expect(checked).equal(196);
  });
});
