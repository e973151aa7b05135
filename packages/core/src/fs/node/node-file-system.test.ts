import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fileSystemOf } from '../file-systems.ts';
import { nodeFileSystem as files } from './node-file-system.ts';

describe('local file system', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-fs-'));
  });
  after(() => rm(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  const bytes = (text: string) => new TextEncoder().encode(text);

  async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
    let text = '';
    for await (const chunk of content) text += new TextDecoder().decode(chunk);
    return text;
  }

  it('reads ranges: whole, from a place, up to a place, past the end', async () => {
    await writeFile(path('digits'), '0123456789');
    const texts = [
      files.stream(path('digits')),
      files.stream(path('digits'), 7),
      files.stream(path('digits'), 2, 4),
      files.stream(path('digits'), 4, 4),
      files.stream(path('digits'), 8, 99),
    ];
    assert.deepEqual(await Promise.all(texts.map(textOf)), ['0123456789', '789', '23', '', '89']);
    const file = await files.open(path('digits'));
    assert.equal(file.size, 10);
    assert.deepEqual(await file.read(8, 99), bytes('89'));
    assert.deepEqual(await file.read(3, 6), bytes('345'));
    await file.close();
  });

  it('lists children by name and tells files from directories', async () => {
    await files.makeDirectory(path('list/b/deep'));
    await files.makeDirectory(path('list/b')); // again is fine
    for (const name of ['c', 'A', 'a.txt']) await writeFile(path(`list/${name}`), 'xyz');
    const found = await files.list(path('list'));
    assert.deepEqual(
      found.map(({ path: each, kind, size }) => [basename(each), kind, size]),
      [
        ['A', 'file', 3],
        ['a.txt', 'file', 3],
        ['b', 'directory', 0],
        ['c', 'file', 3],
      ],
    );
    assert.equal(await files.stat(path('nothing')), undefined);
    assert.equal(await files.stat(path('list/c/below-a-file')), undefined);
  });

  it('never overwrites: create and rename refuse a name that is taken', async () => {
    const writer = await files.create(path('new'));
    await writer.write(bytes('one '));
    await writer.write(bytes('two'));
    await writer.sync();
    await writer.close();
    assert.equal(await readFile(path('new'), 'utf8'), 'one two');
    await assert.rejects(files.create(path('new')), {
      reason: 'file-exists',
      message: `Cannot create '${path('new')}': something of that name exists already (EEXIST).`,
    });
    await writeFile(path('taken'), 'mine');
    await assert.rejects(files.rename(path('new'), path('taken')), { reason: 'file-exists' });
    assert.equal(await readFile(path('taken'), 'utf8'), 'mine');
    await files.rename(path('new'), path('renamed'));
    assert.equal(await readFile(path('renamed'), 'utf8'), 'one two');
    assert.equal(await files.stat(path('new')), undefined);
    assert.deepEqual([await files.remove(path('renamed')), await files.remove(path('renamed'))], [true, false]);
  });

  it('says what failed, where and why', async () => {
    await assert.rejects(files.open(path('missing')), {
      kind: 'data',
      reason: 'file-not-found',
      message: `Cannot open '${path('missing')}': there is no such file or directory (ENOENT).`,
    });
    await assert.rejects(textOf(files.stream(path('missing'))), { reason: 'file-not-found' });
    await writeFile(path('plain'), '');
    await assert.rejects(files.makeDirectory(path('plain/sub')), { reason: 'file-not-a-directory' });
  });

  it('takes file URIs, and starts relative paths at the working directory', async () => {
    await writeFile(path('by uri'), 'found');
    const uri = pathToFileURL(path('by uri')).href;
    assert.equal(await textOf(fileSystemOf(uri).stream(uri)), 'found');
    assert.equal(files.resolve('a/../b'), join(process.cwd(), 'b'));
  });

  it('names the schemes that are known for one that is not', () => {
    assert.throws(() => fileSystemOf('ftp://host/a'), {
      kind: 'usage',
      message: "'ftp://host/a': no file system is registered for 'ftp:'. Known are file. Import the connector of that system.",
    });
    assert.throws(() => fileSystemOf(''), { kind: 'usage' });
    assert.equal(fileSystemOf('C:\\data'), files); // a drive, no scheme
  });
});
