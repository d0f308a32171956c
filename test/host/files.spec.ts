/*
 * Files that another program reads too: byte for byte, whole, and with the permissions and the link that were there.
 */
import { expect } from 'chai';
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLatin1, rewriteFile } from '../../host/files.ts';
import { undoAll } from '../harness/later.ts';
import { folder } from './harness.ts';

afterEach(undoAll);

/** Every byte once. */
const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
const modeOf = async (file: string): Promise<string> => ((await stat(file)).mode & 0o777).toString(8);

describe('a file that another program reads', () => {
  it('comes back as it was, whatever its bytes; null where there is none', async () => {
    const file = join(await folder(), 'approved-routers');
    expect(await readLatin1(file, 256)).equal(null);
    await writeFile(file, bytes);
    const text = await readLatin1(file, 256);
    expect(text?.length).equal(256);
    await rewriteFile(file, Buffer.from(text ?? '', 'latin1'));
    expect((await readFile(file)).equals(bytes)).equal(true);
  });

  it('is not read when it is larger than allowed, or no file: it says why', async () => {
    const place = await folder();
    const file = join(place, 'large');
    await writeFile(file, 'x'.repeat(11));
    const failing = async (name: string): Promise<string> =>
      readLatin1(name, 10).then(
        () => 'read',
        (thrown: Error) => thrown.message,
      );
    expect(await failing(file)).equal('larger than 10 bytes');
    await mkdir(join(place, 'in'));
    expect(await readLatin1(file, 11)).equal('x'.repeat(11));
    expect(await readLatin1(join(place, 'in'), 1024 * 1024).catch((thrown: Error) => thrown.message)).match(/EISDIR/);
  });

  it('keeps its permissions and is readable for the other program; a new one too', async () => {
    const place = await folder();
    const file = join(place, 'kept');
    await writeFile(file, 'before');
    await chmod(file, 0o660);
    await rewriteFile(file, 'after');
    expect([await readFile(file, 'utf8'), await modeOf(file)]).deep.equal(['after', '664']);
    await rewriteFile(join(place, 'new'), 'first');
    expect(await modeOf(join(place, 'new'))).equal('644');
    expect((await readdir(place)).sort()).deep.equal(['kept', 'new']);
  });

  it('is written where its link points to; the link stays', async () => {
    const place = await folder();
    await mkdir(join(place, 'elsewhere'));
    await writeFile(join(place, 'elsewhere', 'file'), 'before');
    await symlink(join(place, 'elsewhere', 'file'), join(place, 'link'));
    await rewriteFile(join(place, 'link'), 'after');
    expect((await lstat(join(place, 'link'))).isSymbolicLink()).equal(true);
    expect(await readFile(join(place, 'elsewhere', 'file'), 'utf8')).equal('after');
    expect(await readdir(join(place, 'elsewhere'))).deep.equal(['file']);
  });
});
