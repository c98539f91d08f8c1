import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FakeLab, manifest, needs, startFakeLab } from './fake-zone.ts';
import { instancesOf } from './repository.ts';

const test = suite<{ fake: FakeLab }>('smf restarter');

test.before.each(async (context) => {
  context.fake = await startFakeLab();
  context.fake.answers.set('netstat', { stdout: 'default 10.0.0.1\n' });
});
test.after.each(async ({ fake }) => {
  await fake.stop();
  assert.equal(fake.lab.notModelled, []);
});

/** Whether a process lives; one that has ended and that nobody has asked about does not. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('a zone boots its stock services and ours', async ({ fake }) => {
  fake.deliver({ ours: manifest('site/ours', { start: `echo up > ${fake.root}/up` }) });
  await fake.boot();
  const states = instancesOf(fake.repository()).map(({ fmri }) => `${fake.state(fmri)} ${fmri}`);
  assert.equal(
    states.filter((line) => !line.startsWith('online')),
    [
      'offline svc:/network/dns/client:default',
      'disabled svc:/network/ipfilter:default',
      'disabled svc:/network/ipv4-forwarding:default',
      'disabled svc:/network/ipv6-forwarding:default',
      'disabled svc:/network/routing/ripng:default',
      'disabled svc:/network/routing/route:default',
    ],
  );
  assert.is(fake.files.read('/up'), 'up\n');
  assert.is(fake.state('site/ours'), 'online');
});

test('the log has the lines of svc.startd around the output of the method', async ({ fake }) => {
  fake.deliver({ x: manifest('site/x', { start: 'echo out; echo err >&2' }) });
  await fake.boot();
  assert.is(
    fake.files.read('/var/svc/log/site-x:default.log'),
    `[ Jan  3 12:01:07 Enabled. ]
[ Jan  3 12:01:07 Executing start method ("echo out; echo err >&2"). ]
out
err
[ Jan  3 12:01:07 Method "start" exited with status 0. ]
`,
  );
});

const endings: readonly [status: number, state: string, runs: number, reason: string][] = [
  [0, 'online', 1, ''],
  [94, 'online', 1, ''],
  [95, 'maintenance', 1, 'Reason: Start method exited with $SMF_EXIT_ERR_FATAL.'],
  [96, 'maintenance', 1, 'Reason: Start method exited with $SMF_EXIT_ERR_CONFIG.'],
  [97, 'degraded', 1, 'Reason: Degraded by an administrator.'],
  [98, 'maintenance', 3, 'Reason: Start method failed repeatedly, last exited with status 98.'],
  [99, 'maintenance', 1, 'Reason: Start method exited with status 99.'],
  [100, 'maintenance', 1, 'Reason: Start method exited with status 100.'],
  [1, 'maintenance', 3, 'Reason: Start method failed repeatedly, last exited with status 1.'],
];
for (const [status, state, runs, reason] of endings) {
  test(`a start method that exits ${status} ends in ${state}`, async ({ fake }) => {
    fake.deliver({ x: manifest('site/x', { start: `echo run >> ${fake.root}/runs; exit ${status}` }) });
    await fake.boot();
    assert.is(fake.state('site/x'), state);
    assert.is(fake.files.read('/runs'), 'run\n'.repeat(runs));
    const { stdout } = await fake.run('svcs -x site/x');
    assert.is(stdout.split('\n').find((line) => line.startsWith('Reason:')) ?? '', reason);
  });
}

test('a method that fails twice and then works is online', async ({ fake }) => {
  fake.deliver({
    x: manifest('site/x', { start: `echo run >> ${fake.root}/runs; [ $(wc -l < ${fake.root}/runs) = 3 ]` }),
  });
  await fake.boot();
  assert.is(fake.state('site/x'), 'online');
});

test('a method killed by a signal is retried, and the signal named', async ({ fake }) => {
  fake.deliver({ x: manifest('site/x', { start: 'kill -TERM $$' }) });
  await fake.boot();
  assert.match((await fake.run('svcs -x site/x')).stdout, 'failed repeatedly, last died on Terminated (15).');
});

test('a start method that takes too long is killed with all it started', async ({ fake }) => {
  fake.deliver({ x: manifest('site/x', { start: 'sleep 12 & sleep 12', timeout: 1 }) });
  await fake.boot();
  assert.is(fake.state('site/x'), 'maintenance');
  const killed = fake.log('site/x').filter((line) => line.startsWith('Method or service exit timed out.  Killing'));
  assert.is(killed.length, 3);
});

test('a stop method that takes too long is killed with all it started', async ({ fake }) => {
  const stop = `sleep 12 & echo $! >> ${fake.root}/pids; wait`;
  fake.deliver({ x: manifest('site/x', { stop, timeout: 1 }) });
  await fake.boot();
  await fake.run('svcadm disable -s site/x');
  const pids = fake.files.read('/pids')?.trim().split('\n') ?? [];
  assert.is(pids.length, 3);
  assert.equal(
    pids.filter((pid) => isRunning(Number(pid))),
    [],
  );
});

test('tokens are replaced, values quoted for the shell, and a missing property is fatal', async ({ fake }) => {
  const groups = `<property_group name='config' type='application'>
    <propval name='words' type='astring' value="two words; 'x'"/>
    <property name='list' type='astring'><astring_list><value_node value='a'/><value_node value='b c'/></astring_list></property>
  </property_group>`;
  const start = `printf "%%s," %m %s %i %f %r %{config/words} %{config/list} %{config/list,} %{config/list:} > ${fake.root}/out`;
  fake.deliver({
    x: manifest('site/x', { start, groups }),
    y: manifest('site/y', { start: 'echo %{config/nosuch}' }),
  });
  await fake.boot();
  assert.is(
    fake.files.read('/out'),
    "start,site/x,default,svc:/site/x:default,svc:/system/svc/restarter:default,two words; 'x',a,b c,a,b c,a:b c,",
  );
  assert.is(fake.state('site/y'), 'maintenance');
});

test('a method has the environment of §6.3 and its own variables', async ({ fake }) => {
  const before = `<method_context working_directory='/'><method_environment><envvar name='GREETING' value='good morning'/></method_environment></method_context>`;
  fake.deliver({
    x: manifest('site/x', { before, start: `env | grep -v -e ^_ -e ^PWD -e ^NODE_ | sort > ${fake.root}/env` }),
  });
  await fake.boot();
  assert.is(
    fake.files.read('/env'),
    `GREETING=good morning
PATH=/usr/sbin:/usr/bin
SMF_FMRI=svc:/site/x:default
SMF_METHOD=start
SMF_RESTARTER=svc:/system/svc/restarter:default
SMF_ZONENAME=z
`,
  );
});

test('a contract service restarts when its contract is empty, and too often is maintenance', async ({ fake }) => {
  const start = `echo run >> ${fake.root}/runs; [ $(wc -l < ${fake.root}/runs) = 3 ] && sleep 60 & sleep 0.05`;
  fake.deliver({
    x: manifest('site/x', { duration: 'contract', start, stop: ':kill' }),
    y: manifest('site/y', { duration: 'contract', start: `echo run >> ${fake.root}/quick` }),
  });
  await fake.boot();
  while ((fake.files.read('/runs') ?? '').length < 12) await fake.startd().changed();
  await fake.until('site/x', 'online');
  assert.ok(fake.log('site/x').includes('Stopping because all processes in service exited.'));
  await fake.until('site/y', 'maintenance');
  assert.is(fake.files.read('/quick'), 'run\n'.repeat(5));
  assert.match((await fake.run('svcs -x site/y')).stdout, 'Reason: Restarting too quickly.');
});

test(':kill ends the processes of a contract', async ({ fake }) => {
  fake.deliver({ x: manifest('site/x', { duration: 'contract', start: 'sleep 60 &', stop: ':kill' }) });
  await fake.boot();
  assert.match((await fake.run('svcprop -p restarter/contract site/x')).stdout, /^\d+\n$/);
  assert.is((await fake.run('svcadm disable -s site/x')).status, 0);
  assert.is(fake.state('site/x'), 'disabled');
  assert.equal(fake.log('site/x').slice(-3), [
    'Stopping because service disabled.',
    'Executing stop method (:kill).',
    'Disabled.',
  ]);
});

test('refresh runs its method only when the instance is online', async ({ fake }) => {
  const refresh = `echo refreshed >> ${fake.root}/log`;
  fake.deliver({ x: manifest('site/x', { refresh, enabled: false }) });
  await fake.boot();
  await fake.run('svcadm refresh site/x');
  await fake.settled();
  assert.is(fake.files.read('/log'), undefined);
  await fake.run('svcadm enable -s site/x');
  await fake.run('svcadm refresh site/x');
  await fake.settled();
  assert.is(fake.files.read('/log'), 'refreshed\n');
  assert.is(fake.state('site/x'), 'online');
});

test('a refresh that fails three times, or once with 96, sends a good service to maintenance', async ({ fake }) => {
  fake.deliver({
    x: manifest('site/x', { refresh: `echo x >> ${fake.root}/x; exit 1` }),
    y: manifest('site/y', { refresh: `echo y >> ${fake.root}/y; exit 96` }),
  });
  await fake.boot();
  await fake.run('svcadm refresh site/x site/y');
  await fake.settled();
  assert.equal([fake.state('site/x'), fake.state('site/y')], ['maintenance', 'maintenance']);
  assert.equal([fake.files.read('/x'), fake.files.read('/y')], ['x\nx\nx\n', 'y\n']);
  await fake.run('svcadm refresh site/x');
  await fake.settled();
  assert.is(fake.state('site/x'), 'maintenance');
});

test('clear starts a service in maintenance again', async ({ fake }) => {
  fake.deliver({ x: manifest('site/x', { start: `[ -e ${fake.root}/good ] || exit 95` }) });
  await fake.boot();
  fake.files.write('/good', '');
  assert.is((await fake.run('svcadm clear site/x')).status, 0);
  await fake.settled();
  assert.is(fake.state('site/x'), 'online');
});

test('restart stops and starts, and takes those along that say restart', async ({ fake }) => {
  const traced = (name: string, before = '') =>
    manifest(`site/${name}`, {
      before,
      start: `echo +${name} >> ${fake.root}/log`,
      stop: `echo -${name} >> ${fake.root}/log`,
    });
  fake.deliver({
    a: traced('a'),
    b: traced('b', needs('a', 'require_all/restart', 'svc:/site/a')),
    c: traced('c', needs('a', 'require_all/none', 'svc:/site/a')),
    d: traced('d', needs('b', 'require_all/refresh', 'svc:/site/b')),
    e: traced('e', needs('a', 'require_all/error', 'svc:/site/a')),
  });
  await fake.boot();
  fake.files.write('/log', '');
  await fake.run('svcadm restart site/a');
  await fake.settled();
  assert.is(fake.files.read('/log'), '-d\n-b\n-a\n+a\n+b\n+d\n');
  fake.files.write('/log', '');
  await fake.run('svcadm refresh site/b');
  await fake.settled();
  assert.is(fake.files.read('/log'), '-d\n+d\n');
});

test('restart_on error takes part when the dependency fails', async ({ fake }) => {
  fake.deliver({
    a: manifest('site/a', { refresh: 'exit 95' }),
    b: manifest('site/b', { before: needs('a', 'require_all/error', 'svc:/site/a') }),
    c: manifest('site/c', { before: needs('a', 'require_all/none', 'svc:/site/a') }),
  });
  await fake.boot();
  await fake.run('svcadm refresh site/a');
  await fake.settled();
  assert.equal(
    ['a', 'b', 'c'].map((name) => fake.state(`site/${name}`)),
    ['maintenance', 'offline', 'online'],
  );
});

test('shutdown stops dependents first; halt runs no stop method', async ({ fake }) => {
  const stop = (name: string) => `echo ${name} >> ${fake.root}/log`;
  fake.deliver({
    a: manifest('site/a', { stop: stop('a') }),
    b: manifest('site/b', { before: needs('a', 'require_all/none', 'svc:/site/a'), stop: stop('b') }),
    c: manifest('site/c', { before: needs('b', 'optional_all/none', 'svc:/site/b'), stop: stop('c') }),
  });
  await fake.boot();
  await fake.smf.shutdown(fake.zone);
  assert.is(fake.files.read('/log'), 'c\nb\na\n');
  await fake.halt();
  await fake.boot();
  await fake.halt();
  assert.is(fake.files.read('/log'), 'c\nb\na\n');
});

test('a stop method that fails sends the service to maintenance', async ({ fake }) => {
  fake.deliver({ x: manifest('site/x', { stop: `echo s >> ${fake.root}/log; exit 1` }) });
  await fake.boot();
  const { status, stderr } = await fake.run('svcadm disable -s site/x');
  assert.is(status, 3);
  assert.is(stderr, 'svcadm: Instance "svc:/site/x:default" is in maintenance state.\n');
  assert.is(fake.files.read('/log'), 's\ns\ns\n');
});

test('temporary enabling ends with the zone, lasting enabling does not', async ({ fake }) => {
  fake.deliver({
    x: manifest('site/x', { enabled: false }),
    y: manifest('site/y', { enabled: false }),
  });
  await fake.boot();
  await fake.run('svcadm enable -st site/x');
  await fake.run('svcadm enable -s site/y');
  assert.equal([fake.state('site/x'), fake.state('site/y')], ['online', 'online']);
  await fake.halt();
  await fake.boot();
  assert.equal([fake.state('site/x'), fake.state('site/y')], ['disabled', 'online']);
});

test('what the lab does not model is noted', async ({ fake }) => {
  fake.deliver({
    x: manifest('site/x').replace("value='transient'", "value='child'"),
  });
  await fake.boot();
  assert.equal(fake.lab.notModelled.splice(0), ['svc:/site/x:default in z: duration child of svc:/site/x:default']);
  assert.is(fake.state('site/x'), 'maintenance');
});

test.run();
