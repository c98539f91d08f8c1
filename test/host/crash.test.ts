// The program is killed before its k-th change, for every k. The same command again, or sync, or delete-zone finishes.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone, createZones } from '../../src/host/create-zone.ts';
import { deleteNetwork } from '../../src/host/delete-network.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { findDrift } from '../../src/host/drift.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import { rejects } from '../support/assertions.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { hostWith, memberRequest, networkRequest, proxyRequest } from '../support/story.ts';

const test = suite('crashes');

/** Runs `work` killed before change k = 1, 2, … and hands each wreck to `check`, until it is no longer killed. */
async function sweep(
  start: () => Promise<FakeHost>,
  work: (fake: FakeHost) => Promise<unknown>,
  check: (fake: FakeHost, k: number) => Promise<void>,
) {
  for (let k = 1; ; k += 1) {
    const fake = await start();
    fake.killAt = k;
    try {
      await work(fake);
      assert.ok(k > 3, `${k - 1} changes are too few to prove anything`);
      return;
    } catch {
      // Killed: what comes after the kill, the undoing included, was killed too.
    }
    fake.killAt = undefined;
    fake.locks.clear();
    for (const { of, item, found, plan, fault } of await findDrift(fake.host)) {
      const isMended = plan.length > 0 || fault !== undefined;
      assert.ok(isMended, `killed before change ${k}: nothing mends ${of}, ${item}: ${found}`);
    }
    await check(fake, k);
  }
}

const without = (fake: FakeHost) => {
  const { files, ...rest } = fake.snapshot();
  // The generation tells how often content changed on the way, not what it is; ids are random.
  const text = Object.entries(files).map(([path, content]) => [
    path,
    content.replace(/^(generation|id) = .*$/gm, '$1'),
  ]);
  return JSON.stringify({ ...rest, files: text }).replace(/00000000-0000-4000-8000-\d{12}/g, 'ID');
};

async function undisturbed(): Promise<string> {
  return without(await hostWith('back', 'proxy', 'web1'));
}

test('create-zone of a member again finishes it', async () => {
  const wanted = await undisturbed();
  await sweep(
    () => hostWith('back', 'proxy'),
    (fake) => createZone(memberRequest('web1'), fake.host),
    async (fake, k) => {
      // Killed right before its last write nothing is left to do but that.
      await createZone(memberRequest('web1'), fake.host);
      assert.is(without(fake), wanted, `killed before change ${k}`);
      assert.equal((await planSync(fake.host)).plan, []);
    },
  );
});

/** As the command does: nothing where a look finds nothing. */
async function syncWhereNeeded({ host }: FakeHost): Promise<void> {
  const { plan, faults } = await planSync(host);
  if (plan.length + faults.length > 0) await sync(host);
}

test('sync finishes a member that was begun', async () => {
  const wanted = await undisturbed();
  await sweep(
    () => hostWith('back', 'proxy'),
    (fake) => createZone(memberRequest('web1'), fake.host),
    async (fake, k) => {
      await syncWhereNeeded(fake);
      if (!fake.files.has('/etc/zonenet/zones/web1.ini')) await createZone(memberRequest('web1'), fake.host);
      assert.is(without(fake), wanted, `killed before change ${k}`);
      assert.equal((await planSync(fake.host)).plan, []);
    },
  );
});

test('delete-zone clears a member away that was begun', async () => {
  const wanted = without(await hostWith('back', 'proxy'));
  await sweep(
    () => hostWith('back', 'proxy'),
    (fake) => createZone(memberRequest('web1'), fake.host),
    async (fake, k) => {
      if (fake.files.has('/etc/zonenet/zones/web1.ini')) await deleteZone(parseZoneName('web1'), false, fake.host);
      assert.is(without(fake), wanted, `killed before change ${k}`);
    },
  );
});

test('create-zone of a proxy again finishes it', async () => {
  const wanted = without(await hostWith('back', 'proxy'));
  await sweep(
    () => hostWith('back'),
    (fake) => createZone(proxyRequest(), fake.host),
    async (fake, k) => {
      await createZone(proxyRequest(), fake.host);
      assert.is(without(fake), wanted, `killed before change ${k}`);
    },
  );
});

for (const [how, finish] of [
  ['delete-zone again', (fake: FakeHost) => deleteZone(parseZoneName('web1'), false, fake.host)],
  ['sync', syncWhereNeeded],
] as const) {
  test(`${how} finishes a deletion`, async () => {
    const wanted = without(await hostWith('back', 'proxy'));
    await sweep(
      () => hostWith('back', 'proxy', 'web1'),
      (fake) => deleteZone(parseZoneName('web1'), false, fake.host),
      async (fake, k) => {
        // Killed before the first change it is not begun: sync has nothing to finish then.
        const begun = !/^state = ready$/m.test(fake.files.get('/etc/zonenet/zones/web1.ini') ?? '');
        const left = fake.files.has('/etc/zonenet/zones/web1.ini');
        if (left && (begun || how === 'delete-zone again')) await finish(fake);
        if (!left) await sync(fake.host);
        if (begun) assert.is(without(fake), wanted, `killed before change ${k}`);
      },
    );
  });
}

test('create-network and delete-network again finish', async () => {
  const [none, made] = [without(createFakeHost()), without(await hostWith('back'))];
  await sweep(
    () => hostWith(),
    async (fake) => {
      await createNetwork(networkRequest(), fake.host);
      await deleteNetwork(parseNetworkName('back'), fake.host);
    },
    async (fake, k) => {
      const text = fake.files.get('/etc/zonenet/networks/back.ini');
      if (text === undefined || /state = creating/.test(text)) {
        await createNetwork(networkRequest(), fake.host);
        assert.is(without(fake), made, `killed before change ${k}`);
      }
      await deleteNetwork(parseNetworkName('back'), fake.host);
      assert.is(without(fake), none, `killed before change ${k}`);
    },
  );
});

/** Whether the running proxy has applied what is published for it. */
function isProxyCurrent({ files, zones }: FakeHost): boolean {
  const published = /^generation = (\d+)$/m.exec(files.get('/var/zonenet/zones/proxy/metadata.ini') ?? '')?.[1];
  return zones.get('proxy')?.generation === Number(published);
}

test('whoever finishes a run tells the proxy what that run had only published', async () => {
  await sweep(
    () => hostWith('back', 'proxy'),
    (fake) => createZone({ ...memberRequest('web1'), boot: false }, fake.host),
    async (fake, k) => {
      await createZone({ ...memberRequest('web1'), boot: false }, fake.host);
      assert.ok(isProxyCurrent(fake), `create-zone killed before change ${k}`);
    },
  );
  await sweep(
    () => hostWith('back', 'proxy', 'web1'),
    (fake) => deleteZone(parseZoneName('web1'), false, fake.host),
    async (fake, k) => {
      await deleteZone(parseZoneName('web1'), false, fake.host);
      assert.ok(isProxyCurrent(fake), `delete-zone killed before change ${k}`);
    },
  );
});

test('sync takes away what killed runs left beside our files', async () => {
  const fake = await hostWith('back', 'proxy');
  const before = without(fake);
  const left = [
    '/etc/zonenet/networks/.back.ini.zonenet',
    '/etc/zonenet/zones/.web1.ini.zonenet',
    '/var/run/zonenet/web1.zonecfg',
    '/var/run/zonenet/.web1.zonecfg.zonenet',
    '/var/zonenet/zones/proxy/.metadata.ini.zonenet',
  ];
  for (const path of left) fake.files.set(path, 'ha');
  const foreign = '/etc/zonenet/zones/.swp';
  fake.files.set(foreign, 'ha');
  const { plan } = await planSync(fake.host);
  assert.equal(plan.map(({ what }) => what).sort(), [...left].sort());
  await sync(fake.host);
  assert.ok(fake.files.delete(foreign));
  assert.is(without(fake), before);
  assert.not(fake.files.has('/var/run/zonenet/web1.zonecfg'));
  assert.equal((await planSync(fake.host)).plan, []);
});

test('sync leaves to a living run what it is about to write', async () => {
  const fake = await hostWith('back', 'proxy');
  fake.files.set('/etc/zonenet/zones/.web1.ini.zonenet', 'ha');
  const release = await fake.host.lock('zone.web1');
  await sync(fake.host);
  assert.ok(fake.files.has('/etc/zonenet/zones/.web1.ini.zonenet'));
  await release();
});

for (const [what, command] of [
  ['delete-network', (fake: FakeHost) => deleteNetwork(parseNetworkName('back'), fake.host)],
  ['delete-zone', (fake: FakeHost) => deleteZone(parseZoneName('web1'), false, fake.host)],
] as const) {
  test(`${what} of what is gone clears directories that were left empty`, async () => {
    const fake = createFakeHost();
    for (const path of ['/etc/zonenet', '/etc/zonenet/zones', '/etc/zonenet/networks']) fake.directories.add(path);
    assert.is((await rejects(() => command(fake))).code, 'NOT_FOUND');
    assert.not(fake.directories.has('/etc/zonenet'));
  });
}

const FAILS = { status: 1, timedOut: false, stdout: '', stderr: 'it fails\n' };

for (const command of [
  '/usr/sbin/dladm create-vnic',
  '/usr/sbin/dladm set-linkprop',
  '/usr/sbin/zonecfg -z web1 -f',
  '/usr/sbin/zoneadm -z web1 install',
  '/usr/sbin/svccfg import',
]) {
  test(`a failing ${command} is undone`, async () => {
    const fake = await hostWith('back', 'proxy');
    const before = without(fake);
    fake.answers.set(command, FAILS);
    const error = await rejects(() => createZone(memberRequest('web1'), fake.host));
    assert.is(error.code, 'COMMAND_FAILED');
    assert.ok(error.message.includes('it fails'));
    assert.is(without(fake), before);
    assert.is(fake.locks.size, 0);
  });
}

test('a zone whose network fails stays, and the same command goes on with it', async () => {
  const fake = await hostWith('back', 'proxy');
  fake.method = (zone) => (zone === 'web1' ? 'znic1: 10.2.0.2 is a duplicate' : undefined);
  const error = await rejects(() => createZone(memberRequest('web1'), fake.host));
  assert.is(error.code, 'NOT_APPLIED');
  assert.ok(error.message.includes('10.2.0.2 is a duplicate'), error.message);
  assert.ok(error.hint?.includes('/usr/sbin/svcadm -z web1 clear svc:/network/zonenet:default'), error.hint);
  assert.is(fake.zones.get('web1')?.state, 'running');
  fake.method = () => undefined;
  fake.changes.splice(0);
  await fake.system.run({ program: '/usr/sbin/svcadm', args: ['-z', 'web1', 'clear', 'svc:/network/zonenet:default'] });
  await createZone(memberRequest('web1'), fake.host);
  assert.equal(fake.changes.slice(1), ['write /etc/zonenet/zones/web1.ini']);
});

test('the same name with another request is not taken for the one that was begun', async () => {
  const fake = await hostWith('back', 'proxy');
  fake.killAt = 4;
  await rejects(() => createZone(memberRequest('web1'), fake.host));
  fake.killAt = undefined;
  fake.locks.clear();
  const error = await rejects(() => createZone(memberRequest('web1', '10.2.0.77'), fake.host));
  assert.is(error.code, 'EXISTS');
  assert.ok(error.hint?.includes('znetadm sync'), error.hint);
});

for (const again of ['repair', 'the same command'] as const) {
  test(`several zones in one command, killed: ${again} ends at all of them or at none`, async () => {
    const requests = ['web1', 'web2', 'web3'].map((name) => memberRequest(name));
    await sweep(
      () => hostWith('back', 'proxy'),
      (fake) => createZones(requests, fake.host),
      async (fake, k) => {
        if (again === 'repair') await sync(fake.host);
        else await createZones(requests, fake.host).catch((error) => assert.is(error.code, 'EXISTS'));
        const made = [...fake.files.keys()].filter((path) => /\/zones\/web\d\.ini$/.test(path));
        assert.ok(made.length === 3 || (made.length === 0 && again === 'repair'), `${made.length} after change ${k}`);
        assert.equal(await planSync(fake.host), { plan: [], faults: [] });
      },
    );
  });
}

test.run();
