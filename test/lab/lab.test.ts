import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startLab } from './lab.ts';

const test = suite('lab');

test('runs a stand-in in the global zone', async () => {
  const lab = await startLab();
  try {
    assert.equal(await lab.run(['zonename']), { status: 0, signal: null, stdout: 'global\n', stderr: '' });
  } finally {
    await lab.stop();
  }
});

test.run();
