import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileError } from '@millrace/core/fs/node/file-error';
import { OverdraftFile } from './spill-files.ts';

test('a disk without room is told with what the file is for and what to do', () => {
  const full = () => {
    throw fileError('write the spill file', '/tmp/x.spill', Object.assign(new Error('no'), { code: 'ENOSPC' }));
  };
  const file = new OverdraftFile(() => ({ append: full, take() {}, close() {} }), 'Burst (1/2) e0');
  assert.throws(
    () => file.append(new Uint8Array(1)),
    /Cannot write the spill file '\/tmp\/x\.spill': no space is left on the device \(ENOSPC\)\. It keeps .* \(Burst \(1\/2\) e0\)\. Free space there, .*overdraft\.size\./,
  );
  assert.throws(() => new OverdraftFile(full, 'x'), /It keeps what was emitted/);
});

test('other failures are told as they are', () => {
  const broken = () => {
    throw new Error('broken');
  };
  assert.throws(() => new OverdraftFile(broken, 'x'), /^Error: broken$/);
});
