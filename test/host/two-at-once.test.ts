// Every command meets every other at each moment at which it lets others pass: while it waits, installs, boots, halts. What is
// left fits together, whoever is refused.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddresses, parseMembership, parseOutside } from '../../src/cli/link-options.ts';
import { OperatorError } from '../../src/domain/errors.ts';
import { parseForward } from '../../src/domain/forward.ts';
import { parseDomainName, parseGroupName, parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { parseRule } from '../../src/domain/rule.ts';
import { attachZone } from '../../src/host/attach-zone.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone, createZones } from '../../src/host/create-zone.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { detachZone } from '../../src/host/detach-zone.ts';
import { findDrift } from '../../src/host/drift.ts';
import { addForward } from '../../src/host/forwards.ts';
import { addRule } from '../../src/host/rules.ts';
import { setNetwork } from '../../src/host/set-network.ts';
import { setZone } from '../../src/host/set-zone.ts';
import { publish } from '../../src/host/sites.ts';
import { readRecords } from '../../src/host/store.ts';
import { sync } from '../../src/host/sync.ts';
import { createWatch } from '../../src/host/watch.ts';
import type { Command } from '../../src/illumos/command.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { memberRequest, networkRequest, proxyRequest } from '../support/story.ts';

const test = suite('two commands at once');

const n1 = parseNetworkName('n1');
const n2 = parseNetworkName('n2');
const zone = parseZoneName;
const on = (network: string) => ({ networks: [parseMembership(network)] });
const bare = { routes: [], outside: [], networks: [], routers: [], staticRoutes: [] };
const change = { routers: [], vars: {}, unset: [] };
const settings = { add: [], remove: [], links: new Map(), addresses: new Map(), routers: [], vars: {}, unset: [] };
const at = (text: string) => ({ addresses: new Map([parseAddresses(text)]) });

/** Two networks, one behind the other, with zones on them; z1 is forwarded to, z2 named by a rule, z9 halted. */
async function begin(): Promise<FakeHost> {
  const fake = createFakeHost();
  const { host } = fake;
  await createNetwork(networkRequest({ name: n1, prefix: parsePrefix('10.1.0.0/24') }), host);
  await createNetwork(networkRequest({ name: n2, prefix: parsePrefix('10.2.0.0/24'), inet6: 'auto' }), host);
  await createZone(proxyRequest({ name: zone('p1'), routes: [n1] }), host);
  await createZone(proxyRequest({ name: zone('p2'), routes: [n2], outside: [], routers: [], ...on('n1') }), host);
  await createZone(memberRequest('z1', undefined, on('n1')), host);
  await createZone(memberRequest('z2', undefined, on('n2')), host);
  await createZone(
    memberRequest('z9', undefined, { networks: ['n1', 'n2'].map((one) => parseMembership(one)), boot: false }),
    host,
  );
  await addForward({ zone: zone('z1'), ...parseForward('tcp 203.0.113.5 443 8443') }, host);
  await addRule({ zone: zone('p1'), rule: parseRule('allow in tcp from any to zone:z1 port 80') }, host);
  await publish(
    { zone: zone('z1'), kind: 'http', host: parseDomainName('a.example.org'), listen: 80, path: '/', port: 8080 },
    host,
  );
  fake.changes.splice(0);
  return fake;
}

const COMMANDS: Readonly<Record<string, (fake: FakeHost) => Promise<unknown>>> = {
  'create-zone z3': ({ host }) => createZone(memberRequest('z3', undefined, on('n1')), host),
  'create-zone -c 2': ({ host }) =>
    createZones(
      ['z4', 'z5'].map((name) => memberRequest(name, undefined, on('n2'))),
      host,
    ),
  'create-zone of a proxy': async ({ host }) => {
    await createNetwork(networkRequest({ name: parseNetworkName('n3'), prefix: parsePrefix('10.3.0.0/24') }), host);
    await createZone(
      proxyRequest({
        name: zone('p3'),
        routes: [parseNetworkName('n3')],
        outside: [parseOutside('e1000g0=203.0.113.8/24')],
      }),
      host,
    );
  },
  'delete-zone z1': ({ host }) => deleteZone(zone('z1'), false, host),
  'delete-zone -r p2': ({ host }) => deleteZone(zone('p2'), true, host),
  'attach-zone z1': ({ host }) => attachZone({ ...bare, name: zone('z1'), ...on('n2') }, host),
  'attach-zone -x p1': ({ host }) =>
    attachZone({ ...bare, name: zone('p1'), outside: [parseOutside('e1000g0:7=198.51.100.9/24')] }, host),
  'detach-zone z9': ({ host }) => detachZone(zone('z9'), { networks: [n1], links: [] }, host),
  'set-network -a n1': ({ host }) => setNetwork(n1, { ...change, prefix: parsePrefix('10.7.0.0/24') }, host),
  'set-network --name n2': ({ host }) => setNetwork(n2, { ...change, name: parseNetworkName('n9') }, host),
  'set-network --names n1': ({ host }) => setNetwork(n1, { ...change, names: { by: 'hosts' } }, host),
  'set-zone -a z1': ({ host }) => setZone({ ...settings, zone: zone('z1'), ...at('znic3=10.1.0.77') }, host),
  'set-zone -a p1': ({ host }) => setZone({ ...settings, zone: zone('p1'), ...at('pnic0=203.0.113.77/24') }, host),
  'set-zone -g z2': ({ host }) => setZone({ ...settings, zone: zone('z2'), add: [parseGroupName('office')] }, host),
  'add-forward z9': ({ host }) => addForward({ zone: zone('z9'), ...parseForward('tcp 203.0.113.5 444 8443') }, host),
  'add-rule p2': ({ host }) =>
    addRule({ zone: zone('p2'), rule: parseRule('block in tcp from network:n2 to any port 25') }, host),
  'publish z9': ({ host }) =>
    publish(
      { zone: zone('z9'), kind: 'http', host: parseDomainName('b.example.org'), listen: 80, path: '/', port: 8080 },
      host,
    ),
  sync: ({ host }) => sync(host),
  watch: ({ host }) => createWatch(host).look(),
};

/** Who boots zones while another command works on them waits for the next look. */
const FIRST: typeof COMMANDS = {
  ...COMMANDS,
  'zones boot, watch': async ({ host }) => {
    for (const name of ['z1', 'z2', 'p1', 'p2'])
      await host.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', name, 'reboot'] });
    await createWatch(host).look();
  },
};

async function attempt(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'done';
  } catch (error) {
    if (error instanceof OperatorError) return error.code;
    throw error;
  }
}

/** The host as one command has it: it waits for locks, and `ran` is told of every program of its own that has run. */
function asFirst(fake: FakeHost, ran: () => Promise<void>): FakeHost {
  const run = async (command: Command) => {
    const result = await fake.system.run(command);
    await ran();
    return result;
  };
  const lock = async (name: string) => {
    while (fake.locks.has(name)) await new Promise((resolve) => setImmediate(resolve));
    return await fake.host.lock(name);
  };
  return { ...fake, host: { ...fake.host, lock, system: { ...fake.system, run } } };
}

/** Moments of each pair that every run goes over; TWO_AT_ONCE=all goes over all. */
const MOMENTS = process.env['TWO_AT_ONCE'] === 'all' ? Number.POSITIVE_INFINITY : 4;

/** As many as that, spread over all, the first and the last among them. */
function spread(all: readonly number[]): number[] {
  if (all.length <= MOMENTS) return [...all];
  const chosen = Array.from({ length: MOMENTS }, (_, at) => all[Math.round((at * (all.length - 1)) / (MOMENTS - 1))]);
  return chosen.filter((moment) => moment !== undefined);
}

/** After which of its programs a command lets others pass. */
async function momentsOf(first: string): Promise<number[]> {
  const fake = await begin();
  const free: number[] = [];
  let count = 0;
  const note = async () => {
    count += 1;
    if (!fake.locks.has('host')) free.push(count);
  };
  await attempt(async () => FIRST[first]?.(asFirst(fake, note)));
  return free;
}

/** Does one, and when so many programs of it have run the other. */
async function meet(first: string, second: string, moment: number) {
  const fake = await begin();
  let [count, other] = [0, ''];
  const interrupt = async () => {
    count += 1;
    if (count === moment) other = await attempt(async () => COMMANDS[second]?.(fake));
  };
  const own = await attempt(async () => FIRST[first]?.(asFirst(fake, interrupt)));
  return { fake, story: `${first} (${own}), after program ${moment} ${second} (${other})` };
}

for (const first of Object.keys(FIRST)) {
  test(`${first}, and any other meanwhile`, async () => {
    const moments = spread(await momentsOf(first));
    for (const second of Object.keys(COMMANDS)) {
      for (const moment of moments) {
        const { fake, story } = await meet(first, second, moment);
        const drifts = (await findDrift(fake.host)).filter(({ item }) => !/^(rule|site)/.test(item));
        assert.is(drifts.map(({ of, item, found }) => `${of} ${item}: ${found}`).join('; '), '', story);
        const { zones } = await readRecords(fake.system);
        const addresses = zones.flatMap(({ nics }) => nics.flatMap((nic) => nic.addresses));
        assert.is(new Set(addresses.map(({ address }) => address)).size, addresses.length, story);
        assert.is(fake.locks.size, 0, story);
      }
    }
  });
}

test('there are moments to meet at', async () => {
  assert.ok((await momentsOf('create-zone z3')).length >= 5);
  assert.ok((await momentsOf('delete-zone z1')).length >= 3);
});

test.run();
