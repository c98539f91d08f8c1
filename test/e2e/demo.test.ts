// The demo plays and proves every row; and its prober can see a leak, or its zero would mean nothing.
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startLab } from '../lab/lab.ts';
import { startInternet } from '../lab/outside/internet.ts';

const test = suite('demo');

test('plays the story to its end, with everything proved', () => {
  const env = { ...process.env, NODE_V8_COVERAGE: '' };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['build/lab/demo.cjs'], { encoding: 'utf8', env });
  const rows = stdout.split('\n').filter((line) => /^ {2}(proved|FAILED) /.test(line));
  assert.equal(
    rows.filter((row) => row.startsWith('  FAILED')),
    [],
    stdout + stderr,
  );
  assert.is(rows.length, 21, stdout + stderr);
  assert.is(status, 0);
});

test('a proxy whose NAT and filter are taken away is seen to leak', async () => {
  const lab = await startLab();
  try {
    const internet = await startInternet(lab);
    for (const command of [
      'create-network -a 10.2.0.0/24 back',
      'create-zone -R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1 proxy',
      'create-zone -N back web1',
    ]) {
      await lab.mustRun(`/opt/zonenet/bin/znetadm ${command}`);
    }
    const ping = () => lab.run(['/usr/sbin/zlogin', '-n', 'web1', 'ping -c 3 -i 0.1 -W 1 203.0.113.1']);
    const leaked = async () => {
      const capture = await internet.capture();
      await ping();
      return (await capture.stop()).filter(({ kind, source }) => kind === 'ipv4' && source === '10.2.0.2').length;
    };
    assert.is(await leaked(), 0);
    await lab.mustRun(['/usr/sbin/ipnat', '-C'], { zone: 'proxy' });
    await lab.mustRun(['/usr/sbin/ipf', '-Fa'], { zone: 'proxy' });
    assert.is(await leaked(), 3);
  } finally {
    await lab.stop();
  }
});

test.run();
