import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab.ts';

const test = suite<{ lab: LabHandle }>('smf in the lab');

test.before(async (context) => {
  context.lab = await startLab();
});
test.after(async ({ lab }) => {
  await lab.stop();
});

test('the global zone has its services and lo0 when the lab is up', async ({ lab }) => {
  assert.is((await lab.run('svcs -H -o state milestone/multi-user-server')).stdout, 'online\n');
  assert.is((await lab.run('svcs -x')).stdout, '');
  assert.is((await lab.run('ipadm show-addr -p -o addrobj')).stdout, 'lo0/v4\nlo0/v6\n');
});

test.run();
