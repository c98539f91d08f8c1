// The power goes at every moment of a command, with every part of what was not synced on disk or lost. The host boots,
// and repair, or the same command again, ends at all or at nothing.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddresses, parseWishes } from '../../src/cli/link-options.ts';
import { parseAddress } from '../../src/domain/address.ts';
import { OperatorError } from '../../src/domain/errors.ts';
import { parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parsePortRange } from '../../src/domain/port.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { parseRule } from '../../src/domain/rule.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone, createZones } from '../../src/host/create-zone.ts';
import type { ForwardRequest } from '../../src/host/decide-forward.ts';
import { deleteNetwork } from '../../src/host/delete-network.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { addForward } from '../../src/host/forwards.ts';
import type { Host } from '../../src/host/host.ts';
import { exportRecords, importRecords } from '../../src/host/import-records.ts';
import { addRule } from '../../src/host/rules.ts';
import { type NetworkChange, setNetwork } from '../../src/host/set-network.ts';
import { setZone, type ZoneSettings } from '../../src/host/set-zone.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import { parseBundle } from '../../src/ini/bundle.ts';
import { createDiskHost, type DiskHost, rebooted, shapeOf } from '../support/disk-host.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { wrecksOf } from '../support/power-cut.ts';
import { hostWith, memberRequest, networkRequest, proxyRequest } from '../support/story.ts';

const test = suite('power cuts');

interface Scenario {
  readonly what: string;
  readonly start: () => Promise<FakeHost>;
  readonly work: (host: Host) => Promise<unknown>;
  /** What the same command may say: nothing is left to do, or repair has to finish what it began. */
  readonly refusals: readonly ('EXISTS' | 'NOT_FOUND' | 'RECORD_INVALID')[];
  /** Several things that are each made or not. */
  readonly oneByOne?: true;
}

const back = parseNetworkName('back');
const [web1, proxy] = [parseZoneName('web1'), parseZoneName('proxy')];

const MOVE: NetworkChange = {
  name: parseNetworkName('front'),
  prefix: parsePrefix('10.3.0.0/24'),
  routers: [],
  vars: {},
  unset: [],
};
const FORWARD: ForwardRequest = {
  zone: web1,
  protocol: 'tcp',
  ports: parsePortRange('443'),
  port: 8443,
};

const OUTSIDE: ZoneSettings = {
  zone: proxy,
  add: [],
  remove: [],
  links: new Map([parseWishes('pnic0,maxbw=50M')]),
  addresses: new Map([parseAddresses('pnic0=198.51.100.7/28')]),
  routers: [parseAddress('198.51.100.1')],
  vars: {},
  unset: [],
};

const SCENARIOS: readonly Scenario[] = [
  {
    what: 'create-network on a new host',
    start: () => hostWith(),
    work: (host) => createNetwork(networkRequest(), host),
    refusals: ['EXISTS'],
  },
  {
    what: 'create-zone of a proxy',
    start: () => hostWith('back'),
    work: (host) => createZone(proxyRequest(), host),
    refusals: ['EXISTS'],
  },
  {
    what: 'create-zone of a member',
    start: () => hostWith('back', 'proxy'),
    work: (host) => createZone(memberRequest('web1'), host),
    refusals: ['EXISTS'],
  },
  {
    what: 'create-zone of three members',
    start: () => hostWith('back', 'proxy'),
    work: (host) =>
      createZones(
        ['web1', 'web2', 'web3'].map((name) => memberRequest(name)),
        host,
      ),
    refusals: ['EXISTS'],
    oneByOne: true,
  },
  {
    what: 'import of three networks',
    start: () => hostWith(),
    work: async (host) => {
      const other = createFakeHost();
      for (const name of ['a', 'b', 'c']) {
        const { prefix: _, ...request } = networkRequest({ name: parseNetworkName(name) });
        await createNetwork(request, other.host);
      }
      await importRecords(parseBundle(await exportRecords(other.host), 'x.ini'), host);
    },
    refusals: ['EXISTS', 'RECORD_INVALID'],
  },
  {
    what: 'set-network that renames and renumbers',
    start: () => hostWith('back', 'proxy', 'web1'),
    work: (host) => setNetwork(back, MOVE, host),
    refusals: ['NOT_FOUND', 'RECORD_INVALID'],
  },
  {
    what: 'set-zone that gives a proxy another address, which a forward follows',
    start: async () => {
      const fake = await hostWith('back', 'proxy', 'web1');
      await addForward(FORWARD, fake.host);
      fake.changes.splice(0);
      return fake;
    },
    work: (host) => setZone(OUTSIDE, host),
    refusals: ['RECORD_INVALID'],
  },
  {
    what: 'add-forward',
    start: () => hostWith('back', 'proxy', 'web1'),
    work: (host) => addForward(FORWARD, host),
    refusals: ['EXISTS'],
  },
  {
    what: 'add-rule',
    start: () => hostWith('back', 'proxy', 'web1'),
    work: (host) => addRule({ zone: web1, rule: parseRule('block in tcp from zone:proxy to self port 22') }, host),
    refusals: ['EXISTS'],
  },
  {
    what: 'delete-zone of a member',
    start: () => hostWith('back', 'proxy', 'web1', 'db1'),
    work: (host) => deleteZone(web1, false, host),
    refusals: ['NOT_FOUND'],
  },
  {
    what: 'delete-zone of the last zone',
    start: () => hostWith('back', 'proxy'),
    work: (host) => deleteZone(proxy, false, host),
    refusals: ['NOT_FOUND'],
  },
  {
    what: 'delete-network of the last network',
    start: () => hostWith('back'),
    work: (host) => deleteNetwork(back, host),
    refusals: ['NOT_FOUND'],
  },
];

/** Things of others, which nothing may touch. */
function addForeign({ links, zones, files, directories }: FakeHost): void {
  links.set('znic9', { class: 'vnic', mtu: 1500, over: 'e1000g0' });
  zones.set('mail', { state: 'installed', config: ['set zonepath=/zones/mail', 'set brand=ipkg'], generation: 0 });
  for (const directory of ['/etc/zonenet', '/etc/zonenet/zones']) directories.add(directory);
  files.set('/etc/zonenet/zones/README', 'by hand\n');
}

/** The host after a boot and a repair that has nothing left to do. */
async function repaired(host: DiskHost, where: string): Promise<string> {
  await host.use(async (self) => {
    const { faults } = await sync(self);
    assert.equal(
      faults.map(({ message }) => message),
      [],
      where,
    );
    const left = await planSync(self);
    assert.equal([left.plan.map(({ what }) => what), left.faults], [[], []], where);
  });
  return shapeOf(host);
}

async function again(host: DiskHost, { work, refusals }: Scenario): Promise<void> {
  try {
    await host.use(work);
  } catch (error) {
    if (!(error instanceof OperatorError) || !refusals.some((code) => code === error.code)) throw error;
  }
}

async function begin({ start }: Scenario, foreign: boolean): Promise<DiskHost> {
  const fake = await start();
  if (foreign) addForeign(fake);
  return createDiskHost(fake);
}

let total = 0;

for (const scenario of SCENARIOS) {
  // The many states of several at once tell nothing new with others beside.
  for (const foreign of scenario.oneByOne === true ? [false] : [false, true]) {
    test(`${scenario.what}${foreign ? ', with things of others beside' : ''}`, async () => {
      const host = await begin(scenario, foreign);
      const [first] = host.worlds;
      assert.ok(first !== undefined);
      const nothing = await repaired(await rebooted(first, host.disk.state()), 'before');
      await host.use(scenario.work);
      const last = host.worlds.at(-1);
      assert.ok(last !== undefined);
      const done = await repaired(await rebooted(last, host.disk.state()), 'after');
      assert.is.not(done, nothing);
      const wrecks = wrecksOf(host.disk);
      for (const [index, { after, worlds, disk }] of wrecks.entries()) {
        const world = host.worlds[worlds];
        assert.ok(world !== undefined);
        const where = `wreck ${index}, after ${after} events: ${JSON.stringify(host.disk.events.slice(Math.max(0, after - 3), after))}`;
        const shape = await repaired(await rebooted(world, disk), where);
        assert.ok(
          shape === done || shape === nothing || scenario.oneByOne === true,
          `${where}: neither all nor nothing: ${shape}`,
        );
        const other = await rebooted(world, disk);
        await again(other, scenario);
        assert.is(await repaired(other, where), done, where);
      }
      total += wrecks.length;
      assert.ok(wrecks.length > 5, `${wrecks.length} wrecks prove nothing`);
      process.stdout.write(`${scenario.what}: ${wrecks.length} states of the disk, each repaired and done again\n`);
    });
  }
}

test.after(() => {
  process.stdout.write(`${total} states of the disk in all\n`);
});

test.run();
