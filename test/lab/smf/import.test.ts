import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FakeLab, manifest, startFakeLab } from './fake-zone.ts';

const test = suite<{ fake: FakeLab }>('smf import');

test.before.each(async (context) => {
  context.fake = await startFakeLab();
  context.fake.answers.set('netstat', { stdout: 'default 10.0.0.1\n' });
});
test.after.each(async ({ fake }) => {
  await fake.stop();
  assert.equal(fake.lab.notModelled, []);
});

const config = (values: string) => `<property_group name='config' type='application'>${values}</property_group>`;
const propval = (name: string, value: string) => `<propval name='${name}' type='astring' value='${value}'/>`;
const dependent = (target: string) =>
  `<dependent name='site_x' grouping='optional_all' restart_on='none'><service_fmri value='svc:/${target}'/></dependent>`;

/** Where the lines of "order" begin with a start of ours or of a service's log. */
const order = (name: string, root: string) => `echo ${name} >> ${root}/order`;

test('a manifest in /lib is there before anything starts, one in /var only after manifest-import', async ({ fake }) => {
  const waits = (name: string) => ({
    before: dependent('network/physical'),
    start: `[ -e ${fake.root}/var/svc/log/network-physical:default.log ] && grep -q Executing ${fake.root}/var/svc/log/network-physical:default.log && ${order(`${name} late`, fake.root)} || ${order(`${name} early`, fake.root)}`,
  });
  fake.files.write('/lib/svc/manifest/site/a.xml', manifest('site/a', waits('a')));
  fake.files.write('/var/svc/manifest/site/b.xml', manifest('site/b', waits('b')).replaceAll('site_x', 'site_b'));
  await fake.boot();
  assert.is(fake.files.read('/order'), 'a early\nb late\n');
  await fake.halt();
  fake.files.remove('/var/svc/log');
  fake.files.write('/order', '');
  await fake.boot();
  assert.equal((fake.files.read('/order') ?? '').trim().split('\n').sort(), ['a early', 'b early']);
});

test('a file that is gone takes its service along at the next boot', async ({ fake }) => {
  fake.deliver({ x: manifest('site/x') });
  await fake.boot();
  assert.is(fake.state('site/x'), 'online');
  await fake.halt();
  fake.files.remove('/lib/svc/manifest/site/x.xml');
  await fake.boot();
  assert.is((await fake.run('svcs site/x')).status, 1);
});

test('a changed file is imported again, values set by hand stay', async ({ fake }) => {
  fake.deliver({
    x: manifest('site/x', { groups: config(propval('a', '1') + propval('b', '1') + propval('gone', '1')) }),
  });
  await fake.boot();
  await fake.run('svccfg -s site/x setprop config/b = mine');
  await fake.run('svccfg -s site/x setprop config/own = astring: \'"my own"\'');
  await fake.run('svcadm disable -s site/x');
  await fake.halt();
  fake.deliver({
    x: manifest('site/x', { groups: config(propval('a', '2') + propval('b', '2') + propval('c', '2')) }),
  });
  await fake.boot();
  assert.is(
    (await fake.run('svcprop -p config site/x')).stdout,
    'config/a astring 2\nconfig/b astring mine\nconfig/own astring my\\ own\nconfig/c astring 2\n',
  );
  assert.is(fake.state('site/x'), 'disabled');
});

test('import by hand merges in the same way and refreshes', async ({ fake }) => {
  await fake.boot();
  const text = (value: string) =>
    manifest('site/x', { groups: config(propval('a', value)), refresh: order('refresh', fake.root) });
  fake.files.write('/tmp/x.xml', text('1'));
  assert.equal(await fake.run('svccfg import /tmp/x.xml'), { status: 0, stdout: '', stderr: '' });
  await fake.until('site/x', 'online');
  fake.files.write('/tmp/x.xml', text('2'));
  await fake.run('svccfg import /tmp/x.xml');
  await fake.settled();
  assert.is((await fake.run('svcprop -p config/a site/x')).stdout, '2\n');
  assert.is(fake.files.read('/order'), 'refresh\n');
});

const PROFILE = `<?xml version='1.0'?>
<!DOCTYPE service_bundle SYSTEM '/usr/share/lib/xml/dtd/service_bundle.dtd.1' [
 <!ENTITY % profile "INCLUDE"><!ENTITY % manifest "IGNORE">
]>
<service_bundle type='profile' name='site'>
<service name='site/x' type='service' version='1'>
<property_group name='config'><propval name='a' value='2'/></property_group>
<instance name='default' enabled='true'/></service>
<service name='site/y' type='service' version='1'><instance name='default' enabled='false'/></service>
<service name='site/nosuch' type='service' version='1'><instance name='default' enabled='true'/></service>
</service_bundle>`;

const xAndY = () => ({
  x: manifest('site/x', { enabled: false, groups: config(propval('a', '1')) }),
  y: manifest('site/y'),
});

test('svccfg apply lays a profile over what is there, and refuses a manifest', async ({ fake }) => {
  fake.deliver(xAndY());
  await fake.boot();
  assert.equal([fake.state('site/x'), fake.state('site/y')], ['disabled', 'online']);
  fake.files.write('/tmp/profile.xml', PROFILE);
  assert.equal(await fake.run('svccfg apply /tmp/profile.xml'), { status: 0, stdout: '', stderr: '' });
  await fake.settled();
  assert.equal([fake.state('site/x'), fake.state('site/y')], ['online', 'disabled']);
  assert.is((await fake.run('svcprop -p config/a site/x:default')).stdout, '2\n');
  fake.files.write('/tmp/manifest.xml', manifest('site/z'));
  assert.is((await fake.run('svccfg apply /tmp/manifest.xml')).status, 1);
});

test('profiles of the site enable, disable and set, once for each service', async ({ fake }) => {
  fake.deliver(xAndY());
  fake.files.write('/etc/svc/profile/site/ours.xml', PROFILE);
  await fake.boot();
  assert.equal([fake.state('site/x'), fake.state('site/y')], ['online', 'disabled']);
  assert.is((await fake.run('svcprop -t -p config/a site/x')).stdout, 'config/a astring 2\n');
  await fake.run('svcadm disable -s site/x');
  await fake.halt();
  await fake.boot();
  assert.is(fake.state('site/x'), 'disabled');
});

test('a manifest imported into the repository of a halted zone is there at its first boot', async ({ fake }) => {
  fake.globalFiles.write(
    '/tmp/x.xml',
    manifest('site/x', { before: dependent('network/routing-setup'), start: order('x', fake.root) }),
  );
  const process = fake.zone.process;
  delete fake.zone.process;
  const env = { SVCCFG_REPOSITORY: '/zones/z/root/etc/svc/repository.db' };
  assert.equal(await fake.runGlobal('svccfg import /tmp/x.xml', { env }), { status: 0, stdout: '', stderr: '' });
  assert.is((await fake.runGlobal('svccfg -s site/x:default setprop general/note = astring: here', { env })).status, 0);
  if (process !== undefined) fake.zone.process = process;
  await fake.boot();
  assert.is(fake.files.read('/order'), 'x\n');
  assert.match((await fake.run('svcs -l network/routing-setup')).stdout, 'optional_all/none svc:/site/x (online)');
  assert.is((await fake.runGlobal('svcs svc:/site/x:default')).status, 1);
});

test('a broken file in /lib does not keep the others from being imported', async ({ fake }) => {
  fake.deliver({ a: '<service_bundle', b: manifest('site/b') });
  await fake.boot();
  assert.is(fake.state('site/b'), 'online');
  assert.match(fake.files.read('/etc/svc/volatile/early-import.log') ?? '', '/lib/svc/manifest/site/a.xml: line 1');
});

const broken: readonly [what: string, text: string, message: string][] = [
  ['no XML', '<service_bundle', "couldn't parse document"],
  ['no DTD', "<service_bundle type='manifest' name='x'/>", 'document has no DTD'],
  [
    'against the DTD',
    manifest('site/x').replace('<single_instance/>', '<single_instance/><single_instance/>'),
    'Document is not valid.',
  ],
  [
    'a wrong value',
    manifest('site/x', { groups: config("<propval name='n' type='count' value='many'/>") }),
    'is no count',
  ],
  ['a group twice', manifest('site/x', { groups: config('') + config('') }), 'property group "config" is there twice'],
  [
    'SMF_ variable',
    manifest('site/x', {
      before:
        "<method_context><method_environment><envvar name='SMF_X' value='1'/></method_environment></method_context>",
    }),
    'illegal environment variable "SMF_X"',
  ],
  ['a bad name', manifest('site/x:y'), 'illegal service name "site/x:y"'],
  ['another DTD', manifest('site/x').replace('service_bundle.dtd.1', 'other.dtd'), 'is not "/usr/share'],
  ['an archive', manifest('site/x').replace("type='manifest'", "type='archive'"), 'bundle of type "archive"'],
];
for (const [what, text, message] of broken) {
  test(`import refuses ${what}`, async ({ fake }) => {
    await fake.boot();
    fake.files.write('/tmp/x.xml', text);
    for (const subcommand of ['import', 'validate']) {
      const { status, stdout, stderr } = await fake.run(`svccfg ${subcommand} /tmp/x.xml`);
      assert.is(status, 1);
      assert.is(stdout, '');
      assert.match(stderr.trimEnd().split('\n').at(-1) ?? '', message);
    }
    assert.is((await fake.run('svcs site/x')).status, 1);
  });
}

const violations: readonly [what: string, text: string][] = [
  ['no stop method', manifest('site/x').replace(/<exec_method type='method' name='stop'.*\n/, '')],
  ['an unknown duration', manifest('site/x').replace("value='transient'", "value='forever'")],
  [
    'a dependency of another type',
    manifest('site/x', {
      before:
        "<dependency name='h' grouping='require_all' restart_on='none' type='host'><service_fmri value='svc:/a'/></dependency>",
    }),
  ],
];
for (const [what, text] of violations) {
  test(`${what} is a warning for import and an error for validate`, async ({ fake }) => {
    await fake.boot();
    fake.files.write('/tmp/x.xml', text.replace("enabled='true'", "enabled='false'"));
    assert.is((await fake.run('svccfg validate /tmp/x.xml')).status, 1);
    assert.is((await fake.run('svccfg import -V /tmp/x.xml')).status, 1);
    const { status, stderr } = await fake.run('svccfg import /tmp/x.xml');
    assert.is(status, 0);
    assert.match(stderr, /^svccfg: Warning: /);
  });
}

test('of several files the status does not tell that one failed', async ({ fake }) => {
  await fake.boot();
  fake.files.write('/tmp/m/a.xml', '<');
  fake.files.write('/tmp/m/b.xml', manifest('site/b'));
  const { status, stderr } = await fake.run('svccfg import /tmp/m');
  assert.is(status, 0);
  assert.match(stderr, 'svccfg: 1 smf(7) service descriptions failed to load\n');
  await fake.until('site/b', 'online');
  assert.equal(await fake.run('svccfg import /tmp/nosuch.xml'), {
    status: 1,
    stdout: '',
    stderr: 'svccfg: Unable to stat file /tmp/nosuch.xml.  No such file or directory\n',
  });
});

test('what is exported can be imported again and says the same', async ({ fake }) => {
  const groups = config(
    `${propval('a', 'x y')}<property name='l' type='count'><count_list><value_node value='1'/><value_node value='2'/></count_list></property>`,
  );
  fake.deliver({ x: manifest('site/x', { before: dependent('milestone/network'), groups, refresh: ':true' }) });
  await fake.boot();
  const { stdout } = await fake.run('svccfg export site/x');
  fake.files.write('/tmp/x.xml', stdout);
  assert.equal(await fake.run('svccfg validate /tmp/x.xml'), { status: 0, stdout: '', stderr: '' });
  assert.is((await fake.run('svccfg import /tmp/x.xml')).status, 0);
  await fake.settled();
  assert.is((await fake.run('svccfg export site/x')).stdout, stdout);
});

test('the stock manifests are valid', async ({ fake }) => {
  await fake.boot();
  for (const path of fake.files.below('/lib/svc/manifest', '.xml'))
    assert.equal(await fake.run(`svccfg validate ${path}`), { status: 0, stdout: '', stderr: '' }, path);
});

test.run();
