// Destroy and truth in the lab: what is gone, busy or stuck; what check tells and repair mends; history and why.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab/lab.ts';

const test = suite<{ lab: LabHandle }>('destroy and truth in the lab');

const PATH = '/opt/zonenet/bin:/usr/sbin:/usr/bin';
const znetadm = (lab: LabHandle, args: string, env: Record<string, string> = {}) =>
  lab.run(`znetadm ${args}`, { env: { PATH, LOGNAME: 'root', ...env }, timeoutMs: 120_000 });

async function must(lab: LabHandle, args: string): Promise<string> {
  const { status, stdout, stderr } = await znetadm(lab, args);
  assert.is(status, 0, `znetadm ${args}: ${stdout}${stderr}`);
  return stdout;
}

const stateOf = (lab: LabHandle) =>
  lab.mustRun(
    'dladm show-link -p -o link,class,mtu,over; zoneadm list -cp | cut -d: -f2-4; find /etc/zonenet /var/zonenet /etc/zones 2>/dev/null | sort | xargs -r ls -d; true',
  );

async function makeBack(lab: LabHandle, ...zones: readonly string[]): Promise<void> {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  for (const zone of zones) await must(lab, `create-zone -N back --no-boot ${zone}`);
}

test.before.each(async (context) => {
  context.lab = await startLab();
});

test.after.each(async ({ lab }) => {
  await lab.stop();
});

test('what is gone already does not keep the rest from being deleted', async ({ lab }) => {
  const none = await stateOf(lab);
  await makeBack(lab, 'a', 'b', 'c', 'd', 'e');
  await lab.mustRun('zoneadm -z a uninstall -F; zonecfg -z a delete -F');
  await lab.mustRun('zoneadm -z b uninstall -F');
  await lab.mustRun('dladm delete-vnic znic2; rm -r /var/zonenet/zones/c');
  const own = '/var/zonenet/zones/d/templates/old';
  await lab.mustRun(`mkdir -p ${own}; echo x > ${own}/motd.hbs`);
  // Of a recorded name, but over another link: somebody else's.
  await lab.mustRun('dladm delete-vnic znic4; dladm create-vnic -l e1000g0 znic4');
  for (const zone of ['a', 'b', 'c', 'd', 'e']) await must(lab, `delete-zone ${zone}`);
  assert.is(await lab.mustRun('dladm show-vnic -p -o link,over'), 'znic4:e1000g0\n');
  await lab.mustRun('dladm delete-vnic znic4; dladm delete-etherstub zstub0');
  await must(lab, 'delete-network back');
  assert.is(await stateOf(lab), none);
  await makeBack(lab, 'a');
  await lab.mustRun('zoneadm -z a uninstall -F; zonecfg -z a delete -F; dladm delete-vnic znic0; rm -r /var/zonenet');
  await must(lab, 'delete-zone a');
  await must(lab, 'delete-network back');
  assert.is(await stateOf(lab), none);
});

test('a busy link is tried again; one that stays busy is named, and who may have it', async ({ lab }) => {
  await makeBack(lab, 'web1');
  await lab.switch('link-busy:znic0', '3');
  await must(lab, 'delete-zone web1');
  await must(lab, 'create-zone -N back --no-boot web1');
  await lab.switch('link-busy:znic0', '*');
  const refused = await znetadm(lab, 'delete-zone web1');
  assert.is(refused.status, 1);
  assert.ok(/link busy/.test(refused.stderr) && /ipadm show-if/.test(refused.stderr), refused.stderr);
  assert.ok(refused.stderr.includes('then again:   znetadm delete-zone web1'), refused.stderr);
  await lab.switch('link-busy:znic0');
  await must(lab, 'delete-zone web1');
  await must(lab, 'delete-network back');
});

test('a zone that sticks on its way down is halted again, for a while', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  await must(lab, 'create-zone -N back web1');
  await lab.switch('zone-stuck-down:web1', '2');
  await must(lab, 'delete-zone web1');
  await must(lab, 'create-zone -N back web1');
  await lab.switch('zone-stuck-down:web1', '*');
  const refused = await znetadm(lab, 'delete-zone web1');
  assert.is(refused.status, 1);
  assert.ok(refused.stderr.includes('/usr/sbin/fuser -cu /zones/web1/root'), refused.stderr);
  const check = await znetadm(lab, 'check -p -o of,item,expected,found');
  assert.is(check.status, 6);
  assert.ok(check.stdout.includes('zone "web1":record:gone:deleting\n'), check.stdout);
  await lab.switch('zone-stuck-down:web1');
  await must(lab, 'repair');
  assert.is(await must(lab, 'show-zone -p -o zone'), '');
  await must(lab, 'delete-network back');
});

test('a network goes with its zones when asked, its plan shown first', async ({ lab }) => {
  const none = await stateOf(lab);
  await makeBack(lab, 'web1', 'web2');
  await must(lab, 'create-zone -R back -x e1000g0=203.0.113.5/24 --no-boot proxy');
  const refused = await znetadm(lab, 'delete-network back');
  assert.is(refused.status, 5);
  assert.ok(refused.stderr.includes('used by proxy, web1, web2'), refused.stderr);
  assert.ok(refused.stderr.includes('or all:       znetadm delete-network -r back'), refused.stderr);
  const plan = await must(lab, 'delete-network -n -r back');
  const order = [
    'web1 delete -F',
    'web2 delete -F',
    'proxy delete -F',
    'delete-etherstub zstub0',
    'Nothing was changed.',
  ];
  const places = order.map((part) => plan.indexOf(part));
  assert.equal(
    places,
    [...places].sort((a, b) => a - b),
    plan,
  );
  assert.ok(
    places.every((place) => place >= 0),
    plan,
  );
  assert.is(
    await must(lab, 'delete-network -r back'),
    'zone web1: deleted\nzone web2: deleted\nzone proxy: deleted\nnetwork back: deleted\n',
  );
  assert.is(await stateOf(lab), none);
});

test('check names each drift, repair -n plans it, repair mends it', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  await must(lab, 'create-zone -R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1 proxy');
  await must(lab, 'create-zone -N back --no-boot web1');
  assert.is(await must(lab, 'check'), 'everything is as recorded\n');
  assert.is(await must(lab, 'check -p -o of'), '');
  const made = await stateOf(lab);
  await lab.mustRun('dladm set-linkprop -p mtu=1400 znic1; rm /var/zonenet/zones/web1/metadata.ini');
  await lab.mustRun(`zonecfg -z web1 'remove fs dir=/etc/zonenet/host'`);
  await lab.mustRun('dladm create-vnic -l zstub0 mine0');
  await lab.mustRun([
    '/usr/sbin/zlogin',
    'proxy',
    '/usr/sbin/svcadm',
    'disable',
    'svc:/network/zonenet-forwarding:default',
  ]);
  const check = await znetadm(lab, 'check');
  assert.is(check.status, 6);
  assert.is(
    check.stdout,
    [
      'zone "web1": link znic1',
      '  expected  vnic over zstub0, mtu 1500',
      '  found     vnic over zstub0, mtu 1400',
      '  to mend   /usr/sbin/dladm set-linkprop -p mtu=1500 znic1',
      'zone "web1": configuration',
      '  expected  fs /etc/zonenet/host',
      '  found     missing',
      '  to mend   /usr/sbin/zonecfg -z web1 -f (6 lines, -v shows them)',
      'zone "web1": metadata /var/zonenet/zones/web1/metadata.ini',
      '  expected  generation 1',
      '  found     missing',
      '  to mend   /var/zonenet/zones/web1/metadata.ini',
      'zone "proxy": applied',
      '  expected  ok (2)',
      '  found     not forwarding',
      '  to mend   look at:         /usr/bin/svcs -z proxy -xv svc:/network/zonenet-forwarding:default',
      '            its log:         /usr/sbin/zlogin proxy tail -50 /var/svc/log/network-zonenet-forwarding:default.log',
      '            after mending:   /usr/sbin/svcadm -z proxy refresh svc:/network/zonenet:default',
      '',
    ].join('\n'),
  );
  assert.ok(check.stderr.includes('4 things are not as recorded'), check.stderr);
  const json = JSON.parse((await znetadm(lab, 'check --json')).stdout) as { item: string; byHand: boolean }[];
  assert.equal(
    json.map(({ byHand }) => byHand),
    [false, false, false, true],
  );
  const plan = await znetadm(lab, 'repair -n');
  assert.is(plan.status, 6);
  assert.ok(plan.stdout.endsWith('Nothing was changed.\n'), plan.stdout);
  assert.is((await znetadm(lab, 'check')).stdout, check.stdout);
  await lab.mustRun([
    '/usr/sbin/zlogin',
    'proxy',
    '/usr/sbin/svcadm',
    'enable',
    '-s',
    'svc:/network/zonenet-forwarding:default',
  ]);
  await must(lab, 'repair');
  assert.is(await must(lab, 'check'), 'everything is as recorded\n');
  // Not recorded, so not touched.
  await lab.mustRun('dladm delete-vnic mine0');
  assert.is(await stateOf(lab), made);
});

test('a zone that was uninstalled by hand is told, and not made anew', async ({ lab }) => {
  await makeBack(lab, 'web1');
  await lab.mustRun('zoneadm -z web1 uninstall -F; zonecfg -z web1 delete -F');
  const check = await znetadm(lab, 'check -p -o of,item,found,mend');
  assert.ok(check.stdout.startsWith('zone "web1":zone:missing:if it is not wanted any more'), check.stdout);
  assert.is((await znetadm(lab, 'repair')).status, 6);
  assert.not((await lab.mustRun('zoneadm list -cp')).includes('web1'));
  await must(lab, 'delete-zone web1');
});

test('the history tells who, when and how; why tells whose', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  const made = await znetadm(lab, 'create-zone -N back --no-boot web1', { SUDO_USER: 'jane' });
  assert.is(made.status, 0, made.stderr);
  await znetadm(lab, 'create-zone -N back --no-boot web1');
  await must(lab, 'create-zone -n -N back web2');
  await must(lab, 'delete-zone web1');
  await znetadm(lab, 'create-zone -N back --no-boot web2', { LOGNAME: 'joe' });
  assert.is(
    await must(lab, 'show-history -p -o user,what,subject,command web1'),
    [
      'jane:created:zone web1:znetadm create-zone -N back --no-boot web1',
      'root:deleted:zone web1:znetadm delete-zone web1',
      '',
    ].join('\n'),
  );
  assert.is((await must(lab, 'show-history --json -l 1')).includes('"user": "joe"'), true);
  const why = await must(lab, 'why 10.2.0.2');
  assert.match(
    why,
    /^10\.2\.0\.2: zone web2, its address on znic0, network back\n {2}since {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n {2}by {5}joe: znetadm create-zone -N back --no-boot web2\n$/,
  );
  assert.is(await must(lab, 'why -p -o owner,as znic0'), 'zone web2:its link to network back, over zstub0\n');
  assert.is(await must(lab, 'why 10.2.0.9'), "10.2.0.9: nobody's, in 10.2.0.0/24 of network back\n");
  assert.is((await znetadm(lab, 'why nosuch0')).status, 4);
  assert.ok((await must(lab, 'show-network back')).endsWith('free: 10.2.0.3-10.2.0.254\n'));
  await must(lab, 'set-network -a 10.4.0.0/24 back');
  const command = (asked: string) => must(lab, `why -p -o command ${asked}`);
  assert.is(await command('10.4.0.2'), 'znetadm set-network -a 10.4.0.0/24 back\n');
  assert.is(await command('znic0'), 'znetadm create-zone -N back --no-boot web2\n');
  assert.is(await command('zstub0'), 'znetadm create-network -a 10.2.0.0/24 back\n');
});

test.run();
