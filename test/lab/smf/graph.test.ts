import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FakeLab, manifest, needs, startFakeLab } from './fake-zone.ts';

const test = suite<{ fake: FakeLab }>('smf graph');

test.before.each(async (context) => {
  context.fake = await startFakeLab();
  context.fake.answers.set('netstat', { stdout: 'default 10.0.0.1\n' });
});
test.after.each(async ({ fake }) => {
  await fake.stop();
  assert.equal(fake.lab.notModelled, []);
});

/** What a dependency can be on, and what state x is in then. */
const PROVIDERS = {
  up: manifest('site/up'),
  disabled: manifest('site/disabled', { enabled: false }),
  broken: manifest('site/broken', { start: 'exit 96' }),
  // Enabled, and waits for something that is disabled.
  stuck: manifest('site/stuck', { before: needs('d', 'require_all/none', 'svc:/site/disabled') }),
};

const cases: readonly [kind: string, on: readonly string[], state: string][] = [
  ['require_all', ['up'], 'online'],
  ['require_all', ['up', 'disabled'], 'offline'],
  ['require_all', ['nosuch'], 'offline'],
  ['require_all', ['broken'], 'offline'],
  ['require_any', ['disabled', 'up'], 'online'],
  ['require_any', ['disabled', 'nosuch', 'broken'], 'offline'],
  ['optional_all', ['up', 'disabled', 'nosuch', 'broken', 'stuck'], 'online'],
  ['exclude_all', ['disabled', 'nosuch', 'stuck'], 'online'],
  ['exclude_all', ['up'], 'offline'],
  ['exclude_all', ['broken'], 'offline'],
];
for (const [kind, on, state] of cases) {
  test(`${kind} on ${on.join(', ')}: ${state}`, async ({ fake }) => {
    const before = needs('x', `${kind}/none`, ...on.map((name) => `svc:/site/${name}`));
    fake.deliver({ ...PROVIDERS, x: manifest('site/x', { enabled: false, before }) });
    await fake.boot();
    const { status } = await fake.run('svcadm enable -s site/x');
    assert.is(fake.state('site/x'), state);
    assert.is(status, state === 'online' ? 0 : 4);
  });
}

test('optional_all waits for what is enabled and still on its way', async ({ fake }) => {
  fake.deliver({
    a: manifest('site/a', { start: `sleep 0.2; echo a >> ${fake.root}/log` }),
    x: manifest('site/x', {
      before: needs('a', 'optional_all/none', 'svc:/site/a'),
      start: `echo x >> ${fake.root}/log`,
    }),
  });
  await fake.boot();
  assert.is(fake.files.read('/log'), 'a\nx\n');
});

test('a path dependency wants the file', async ({ fake }) => {
  const before = needs('file', 'require_all/none', 'file://localhost/etc/wanted');
  fake.deliver({ x: manifest('site/x', { before }) });
  await fake.boot();
  assert.is(fake.state('site/x'), 'offline');
  assert.match((await fake.run('svcs -x site/x')).stdout, 'Reason: Dependency file://localhost/etc/wanted is absent.');
  fake.files.write('/etc/wanted', '');
  await fake.settled();
  assert.is(fake.state('site/x'), 'online');
});

test('one that excludes another stops when that comes up', async ({ fake }) => {
  fake.deliver({
    a: manifest('site/a', { enabled: false }),
    x: manifest('site/x', { before: needs('a', 'exclude_all/none', 'svc:/site/a') }),
  });
  await fake.boot();
  await fake.run('svcadm enable -s site/a');
  await fake.settled();
  assert.equal([fake.state('site/a'), fake.state('site/x')], ['online', 'offline']);
});

test('a dependent turns round: the other service depends on ours', async ({ fake }) => {
  const dependent = (target: string) =>
    `<dependent name='ours_${target.replaceAll('/', '-')}' grouping='optional_all' restart_on='none'><service_fmri value='svc:/${target}'/></dependent>`;
  const order = (name: string) => `echo ${name} >> ${fake.root}/log`;
  fake.deliver({
    // Imported before its target is there, which is harmless.
    a: manifest('site/a', {
      before: dependent('site/z') + dependent('site/nosuch'),
      start: `sleep 0.1; ${order('a')}`,
    }),
    z: manifest('site/z', { start: order('z') }),
  });
  await fake.boot();
  assert.is(fake.files.read('/log'), 'a\nz\n');
  const { stdout } = await fake.run('svcs -l site/z');
  assert.match(stdout, 'dependency   optional_all/none svc:/site/a (online)\n');
  assert.is((await fake.run('svcs -H -o fmri -D site/a')).stdout, 'svc:/site/z:default\n');
  assert.is((await fake.run('svccfg delete -f site/a')).status, 0);
  assert.not.match((await fake.run('svcs -l site/z')).stdout, 'site/a');
});

test('the service that completes a cycle goes to maintenance, the others run', async ({ fake }) => {
  const before = `${needs('net', 'require_all/none', 'svc:/milestone/network')}
<dependent name='x_net' grouping='optional_all' restart_on='none'><service_fmri value='svc:/milestone/network'/></dependent>`;
  fake.deliver({ x: manifest('site/x', { before }) });
  await fake.boot();
  assert.is(fake.state('site/x'), 'maintenance');
  assert.is(fake.state('milestone/network'), 'online');
  assert.match((await fake.run('svcs -x site/x')).stdout, 'Reason: Completes a dependency cycle.');
});

test('svcs -x names what blocks, and how many wait for it', async ({ fake }) => {
  fake.deliver({
    a: manifest('site/a', { enabled: false }),
    b: manifest('site/b', { before: needs('a', 'require_all/none', 'svc:/site/a') }),
    c: manifest('site/c', { before: needs('b', 'require_all/none', 'svc:/site/b') }),
  });
  fake.files.write('/etc/resolv.conf', '');
  await fake.boot();
  assert.is(
    (await fake.run('svcs -x')).stdout,
    `svc:/site/a:default (test site/a)
 State: disabled since January  3, 2025 at 12:01:07 PM UTC
Reason: Disabled by an administrator.
   See: http://illumos.org/msg/SMF-8000-05
   See: /var/svc/log/site-a:default.log
Impact: 2 dependent services are not running.  (Use -v for list.)
`,
  );
  assert.match((await fake.run('svcs -x site/c')).stdout, 'Reason: Service svc:/site/a:default is disabled.\n');
});

test.run();
