// Commands in a random order that a seed fixes, some of them killed: whatever they refuse, all that is left fits together.
// RANDOM_COMMANDS="1-200" goes over other seeds.
import { dirname } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddresses, parseMembership, parseOutside, parseRoute, parseWishes } from '../../src/cli/link-options.ts';
import { parseAddress } from '../../src/domain/address.ts';
import { OperatorError } from '../../src/domain/errors.ts';
import { parseForward } from '../../src/domain/forward.ts';
import type { NameService } from '../../src/domain/name-service.ts';
import {
  parseDomainName,
  parseGroupName,
  parseLinkName,
  parseNetworkName,
  parseZoneName,
} from '../../src/domain/names.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { formatReservation, parseReservation, type Reservation } from '../../src/domain/reservation.ts';
import { formatRule, parseRule } from '../../src/domain/rule.ts';
import { formatStaticRoute } from '../../src/domain/static-route.ts';
import type { ZoneRecord } from '../../src/domain/zone-record.ts';
import { attachZone } from '../../src/host/attach-zone.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone, createZones } from '../../src/host/create-zone.ts';
import { deleteNetwork, deleteNetworkAndZones } from '../../src/host/delete-network.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { detachZone } from '../../src/host/detach-zone.ts';
import { findDrift } from '../../src/host/drift.ts';
import { addForward, deleteForward } from '../../src/host/forwards.ts';
import { exportRecords, importRecords } from '../../src/host/import-records.ts';
import { addRule, deleteRules } from '../../src/host/rules.ts';
import { setNetwork } from '../../src/host/set-network.ts';
import { setZone, type ZoneSettings } from '../../src/host/set-zone.ts';
import { publish, unpublish } from '../../src/host/sites.ts';
import { readRecords, readSettings } from '../../src/host/store.ts';
import { sync } from '../../src/host/sync.ts';
import { createWatch } from '../../src/host/watch.ts';
import type { Command } from '../../src/illumos/command.ts';
import { parseBundle } from '../../src/ini/bundle.ts';
import { parseMetadata } from '../../src/ini/metadata.ts';
import { checkMetadata } from '../../src/ini/metadata-check.ts';
import type { Drift } from '../../src/plan/drift.ts';
import {
  bootProgramFile,
  metadataFile,
  SETTINGS_FILE,
  SITE_TEMPLATES,
  zoneRecordFile,
} from '../../src/plan/host-paths.ts';
import { factsOf, planPublication } from '../../src/plan/publish.ts';
import { EDITION } from '../../src/plan/zone-inputs.ts';
import { type Dice, dice } from '../support/dice.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { memberRequest, networkRequest, proxyRequest } from '../support/story.ts';

const test = suite('commands in a random order');

const [FIRST, LAST] = (process.env['RANDOM_COMMANDS'] ?? '1-6').split('-').map(Number);
const STEPS = 40;

/** What goes down or is changed by hand is told by watch, or by repair. */
const BY_HAND = /^(halt|by hand)/;

type Deed = { readonly what: string; readonly work: (fake: FakeHost) => Promise<unknown> };

const deed = (what: string, work: Deed['work']): Deed => ({ what, work });
const NONE: Omit<ZoneSettings, 'zone'> = {
  add: [],
  remove: [],
  links: new Map(),
  addresses: new Map(),
  routers: [],
  vars: {},
  unset: [],
};

/** A command with arguments that may fit or not. */
function choose({ roll, one }: Dice): Deed {
  const network = one('n1', 'n2', 'n3');
  const name = parseNetworkName(network);
  const zone = parseZoneName(one('p1', 'p2', 'z1', 'z2', 'z3', 'z4'));
  const prefix = `10.${roll(4)}.${roll(3)}.0/${one(22, 24, 24, 25, 28)}`;
  const inside = `10.${roll(4)}.${roll(3)}.${one(1, 2, 3, 50, 255)}`;
  const outside = `203.0.113.${one(5, 6, 7, 9)}`;
  const link = one('znic0', 'znic1', 'znic2', 'znic3', 'pnic0', 'pnic1');
  const forward = parseForward(`${one('tcp', 'udp')} ${one(outside, inside)} ${one(80, 443)} 8080`);
  const onNetwork = one(network, network, `${network}=${inside}`, `${network},maxbw=50M`, `${network}=none`);
  const router = one([], [parseAddress('203.0.113.1')]);
  const moved = one([inside], [`${outside}/24`], ['dhcp'], ['none']).join();
  const set = (more: Partial<ZoneSettings>) => (fake: FakeHost) => setZone({ ...NONE, zone, ...more }, fake.host);
  const change = { routers: [], vars: {}, unset: [] };
  const bare = { routes: [], outside: [], networks: [], routers: [], staticRoutes: [] };
  return one<() => Deed>(
    () =>
      deed(`create-network -a ${prefix} ${network}`, (fake) =>
        createNetwork(
          networkRequest({ name, prefix: parsePrefix(prefix), ...one({}, { inet6: 'auto' as const }) }),
          fake.host,
        ),
      ),
    () => deed(`delete-network ${network}`, (fake) => deleteNetwork(name, fake.host)),
    () =>
      deed(`create-zone -R ${network} -x ${outside} ${zone}`, (fake) =>
        createZone(
          proxyRequest({ name: zone, routes: [name], outside: [parseOutside(`e1000g0=${outside}/24`)] }),
          fake.host,
        ),
      ),
    () => {
      const way = one('n1', 'n2', 'n3');
      const request = { name: zone, routes: [name], outside: [], routers: [], networks: [parseMembership(way)] };
      return deed(`create-zone -R ${network} -N ${way} ${zone}`, (fake) =>
        createZone(proxyRequest(request), fake.host),
      );
    },
    () =>
      deed(`create-zone -N ${onNetwork} ${zone}`, (fake) =>
        createZone(
          memberRequest(zone, undefined, { networks: [parseMembership(onNetwork)], boot: one(true, false) }),
          fake.host,
        ),
      ),
    () => deed(`delete-zone ${zone}`, (fake) => deleteZone(zone, one(true, false, false), fake.host)),
    () =>
      deed(`attach-zone -N ${network} ${zone}`, (fake) =>
        attachZone({ ...bare, name: zone, networks: [parseMembership(network)] }, fake.host),
      ),
    () => {
      const words = `e1000g0:7=${one(`${outside}/24`, `${outside}/24`, 'dhcp')}`;
      return deed(`attach-zone -x ${words} ${zone}`, (fake) =>
        attachZone({ ...bare, name: zone, outside: [parseOutside(words)], routers: router }, fake.host),
      );
    },
    () =>
      deed(`halt ${zone}; detach-zone -N ${network} ${zone}`, async (fake) => {
        await fake.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', zone, 'halt'] });
        await detachZone(zone, { networks: [name], links: [] }, fake.host);
      }),
    () =>
      deed(`detach-zone -l ${link} ${zone}`, (fake) =>
        detachZone(zone, { networks: [], links: [parseLinkName(link)] }, fake.host),
      ),
    () =>
      deed(`set-network -a ${prefix} ${network}`, (fake) =>
        setNetwork(name, { ...change, prefix: parsePrefix(prefix) }, fake.host),
      ),
    () => {
      const other = parseNetworkName(one('n1', 'n2', 'n3'));
      return deed(`set-network --name ${other} ${network}`, (fake) =>
        setNetwork(name, { ...change, name: other }, fake.host),
      );
    },
    () => {
      const inet6 = one('auto' as const, 'none' as const);
      return deed(`set-network -6 ${inet6} ${network}`, (fake) => setNetwork(name, { ...change, inet6 }, fake.host));
    },
    () =>
      deed(`set-network -r ${inside} ${network}`, (fake) =>
        setNetwork(name, { ...change, routers: [parseAddress(inside)] }, fake.host),
      ),
    () =>
      deed(
        `set-zone -a ${link}=${moved} ${zone}`,
        set({ addresses: new Map([parseAddresses(`${link}=${moved}`)]), routers: router }),
      ),
    () =>
      deed(`set-zone -l ${link} ${zone}`, set({ links: new Map([parseWishes(`${link},maxbw=${one('none', '9M')}`)]) })),
    () => deed(`add-forward ${zone}`, (fake) => addForward({ zone, ...forward }, fake.host)),
    () => {
      const networks = [parseMembership(network)];
      const more = one({ brand: 'lx' }, { ipType: 'shared' as const, boot: false }, { install: false, boot: false });
      return deed(`create-zone -N ${network} -c 2, ${JSON.stringify(more)}`, (fake) =>
        createZones(
          [parseZoneName('z3'), parseZoneName('z4')].map((name) =>
            memberRequest(name, undefined, { networks, ...more }),
          ),
          fake.host,
        ),
      );
    },
    () => deed(`delete-network -r ${network}`, (fake) => deleteNetworkAndZones(name, fake.host)),
    () => {
      const names = one<NameService | 'none'>(
        'none',
        { by: 'hosts' },
        { by: 'dns', domain: parseDomainName(`${network}.internal`) },
      );
      return deed(`set-network --names ${JSON.stringify(names)} ${network}`, (fake) =>
        setNetwork(name, { ...change, names }, fake.host),
      );
    },
    () => {
      const reservations = [one(`${inside}`, `${inside} z1`, `${inside} z3`)].map(parseReservation);
      return deed(`set-network --reserve ${formatReservation(reservations[0] as Reservation)} ${network}`, (fake) =>
        setNetwork(name, { ...change, reservations }, fake.host),
      );
    },
    () => deed(`set-zone -g ${zone}`, set({ [one('add', 'remove')]: [parseGroupName('office')] })),
    () => {
      const routes = one([], [`198.51.100.0/24=${one('203.0.113.1', inside)}`]).map(parseRoute);
      return deed(`set-zone --route ${routes.map(formatStaticRoute).join()} ${zone}`, set({ routes }));
    },
    () => {
      const ends = one(`zone:${one('z1', 'z2', 'p1')}`, 'group:office', `network:${network}`, '10.0.0.0/8');
      const rule = parseRule(`${one('allow', 'block')} ${one('in', 'out')} tcp from ${ends} to any port 22`);
      return deed(`add-rule ${zone} ${formatRule(rule)}`, (fake) => addRule({ zone, rule }, fake.host));
    },
    () => deed(`delete-rule ${zone} 1`, (fake) => deleteRules(zone, [1], fake.host)),
    () => deed('by hand: a link goes', async (fake) => void fake.links.delete(one('znic3', 'znic4', 'znic5'))),
    () =>
      deed('by hand: metadata go', async (fake) => void fake.files.delete(`/var/zonenet/zones/${zone}/metadata.ini`)),
    () =>
      deed('by hand: a link may send anything', async (fake) => {
        for (const [, state] of fake.links) Object.assign(state, { allowedIps: '', maxbw: '   77' });
      }),
    () =>
      deed(`by hand: ${zone} boots`, (fake) =>
        fake.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', zone, one('boot', 'halt')] }),
      ),
    () => deed('delete-forward', (fake) => deleteForward(forward, fake.host)),
    () =>
      deed(`add-rule ${zone}`, (fake) =>
        addRule({ zone, rule: parseRule(`allow in tcp from network:${network} to any port 80`) }, fake.host),
      ),
    () =>
      deed(`publish ${zone}`, (fake) =>
        publish(
          { zone, kind: 'http', host: parseDomainName('www.example.org'), listen: 80, path: '/', port: 8080 },
          fake.host,
        ),
      ),
    () => deed(`unpublish ${zone}`, (fake) => unpublish({ zone }, fake.host)),
    () => deed(`set-zone -V colour ${zone}`, set(one({ vars: { colour: one('red', 'blue') } }, { unset: ['colour'] }))),
    () =>
      deed(`set-network -V colour ${network}`, (fake) =>
        setNetwork(name, { ...change, ...one({ vars: { colour: 'green' } }, { unset: ['colour'] }) }, fake.host),
      ),
    () => {
      const cloneOf = parseZoneName(one('z1', 'z2'));
      return deed(`halt ${cloneOf}; create-zone -N ${network} --clone ${cloneOf} ${zone}`, async (fake) => {
        await fake.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', cloneOf, 'halt'] });
        await createZone(memberRequest(zone, undefined, { networks: [parseMembership(network)], cloneOf }), fake.host);
      });
    },
    () => deed('watch looks', (fake) => createWatch(fake.host).look()),
    () =>
      deed('export | import', async (fake) => {
        await importRecords(parseBundle(await exportRecords(fake.host), 'all.ini'), fake.host);
      }),
    () => deed('by hand: an upgrade', async (fake) => void fake.files.set(EDITION, `${one('one', 'two', 'three')}\n`)),
    () => {
      const text = one(
        'nameserver[] = 192.0.2.53',
        '[vars]\ncolour = grey',
        'inside-name = vn\noutside-name = vo',
        'protection = no',
        'mtu = 1400',
        'reserved[] = 10.1.0.0/16',
        'zones = /pool',
        '',
      );
      return deed(
        'by hand: other settings',
        async (fake) => void fake.files.set(SETTINGS_FILE, `format = 1\n${text}\n`),
      );
    },
    () => {
      const file = one('motd.hbs', `zones/${zone}/motd.hbs`, 'partials/banner.hbs');
      const text = one('hello {{facts.zone}}\n', 'bye\n', '{{#if}}\n');
      return deed(`by hand: template ${file}`, async (fake) => {
        const path = `${SITE_TEMPLATES}/${file}`;
        if (fake.files.delete(path)) return;
        for (let at = dirname(path); !fake.directories.has(at); at = dirname(at)) fake.directories.add(at);
        fake.files.set(path, text);
      });
    },
    () =>
      deed(`by hand: ${zone} is deleted; delete-zone -r`, async (fake) => {
        const had = fake.zones.get(zone);
        fake.zones.delete(zone);
        try {
          await deleteZone(zone, true, fake.host);
        } finally {
          // Refused, or killed: whoever did it makes it again.
          if (had !== undefined && fake.files.has(zoneRecordFile(zone))) fake.zones.set(zone, had);
        }
      }),
    () =>
      deed(`by hand: ${zone} gets an attribute`, async (fake) => {
        fake.zones.get(zone)?.config.push('add attr', 'set name="owner"', 'set type="string"', 'set value="me"', 'end');
      }),
    () =>
      deed('by hand: the host boots', async (fake) => {
        for (const [name, { state }] of fake.zones) {
          if (state !== 'running') continue;
          for (const verb of ['halt', 'boot'])
            await fake.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', name, verb] });
        }
        for (const path of fake.files.keys()) if (path.startsWith('/var/run/')) fake.files.delete(path);
      }),
  )();
}

/** Two networks, one behind the other, with a zone on each. */
async function begin(): Promise<FakeHost> {
  const fake = createFakeHost();
  fake.files.set(EDITION, 'one\n');
  const [n1, n2] = [parseNetworkName('n1'), parseNetworkName('n2')];
  await createNetwork(networkRequest({ name: n1, prefix: parsePrefix('10.0.0.0/24') }), fake.host);
  await createNetwork(networkRequest({ name: n2, prefix: parsePrefix('10.1.0.0/24'), inet6: 'auto' }), fake.host);
  await createZone(proxyRequest({ name: parseZoneName('p1'), routes: [n1] }), fake.host);
  const way = { outside: [], routers: [], networks: [parseMembership('n1')] };
  await createZone(proxyRequest({ name: parseZoneName('p2'), routes: [n2], ...way }), fake.host);
  for (const [zone, network] of [
    ['z1', 'n1'],
    ['z2', 'n2'],
  ] as const) {
    await createZone(memberRequest(zone, undefined, { networks: [parseMembership(network)] }), fake.host);
  }
  return fake;
}

/** Refused is as good as done; anything else thrown is a bug. */
async function attempt({ work }: Deed, fake: FakeHost): Promise<string> {
  try {
    await work(fake);
    return 'done';
  } catch (error) {
    if (error instanceof OperatorError) return `${error.code} ${error.message}`;
    throw error;
  }
}

/** The same host for one command, while which another is carried out: when so many programs have run. */
function interrupted(fake: FakeHost, between: Deed, story: string[], programs: number): FakeHost {
  let left = programs;
  const run = async (command: Command) => {
    const result = await fake.system.run(command);
    left -= 1;
    if (left === 0) story.push(`meanwhile ${between.what}: ${await attempt(between, fake)}`);
    return result;
  };
  return { ...fake, host: { ...fake.host, system: { ...fake.system, run } } };
}

/** The same host for one command, of which one program fails and does nothing: the one after so many. */
function failing(fake: FakeHost, story: string[], programs: number): FakeHost {
  let left = programs;
  const run = async (command: Command) => {
    left -= 1;
    if (left !== 0) return await fake.system.run(command);
    story.push(`fails: ${command.program} ${command.args.join(' ')}`);
    return { status: 1, timedOut: false, stdout: '', stderr: 'it does not want to\n' };
  };
  return { ...fake, host: { ...fake.host, system: { ...fake.system, run } } };
}

/** Rules that can never match, sites that nobody can serve and faulty templates are told by check: somebody has to act. */
const isTold = (item: string) => /^(rule|site|template)/.test(item);

/** Zones whose boot is not planned ahead, since one of their templates is told to be faulty. */
function withoutBoot(drifts: readonly Drift[], zones: readonly ZoneRecord[]): ReadonlySet<string> {
  const faults = drifts.map(({ item }) => item).filter((item) => item.startsWith('template '));
  const prefix = `template ${SITE_TEMPLATES}/zones/`;
  const isIts = (name: string) => (item: string) => !item.startsWith(prefix) || item.startsWith(`${prefix}${name}/`);
  return new Set(zones.map(({ name }) => name).filter((name) => faults.some(isIts(name))));
}

async function checkAll(fake: FakeHost): Promise<void> {
  const drifts = await findDrift(fake.host);
  const told = drifts
    .filter(({ item }) => !isTold(item))
    .map(({ of, item, expected, found }) => `${of} ${item}: ${expected}, ${found}`);
  assert.is(told.length, 0, told.join('\n'));
  const { networks, zones } = await readRecords(fake.system);
  const addresses = zones.flatMap(({ nics }) => nics.flatMap((nic) => nic.addresses.map(({ address }) => address)));
  assert.is(new Set(addresses).size, addresses.length, `an address twice: ${addresses.join(' ')}`);
  const links = [
    ...zones.flatMap(({ nics }) => nics.map((nic) => nic.link)),
    ...networks.map(({ etherstub }) => etherstub),
  ];
  assert.equal([...fake.links.keys()].filter((link) => link !== 'e1000g0').sort(), links.sort());
  for (const [path, text] of fake.files) {
    if (path.endsWith('/metadata.ini')) checkMetadata(parseMetadata(text, path), text, path);
  }
  const faulty = withoutBoot(drifts, zones);
  const settings = await readSettings(fake.system);
  const running = new Set([...fake.zones].filter(([, { state }]) => state === 'running').map(([name]) => name));
  for (const zone of zones) {
    const path = metadataFile(zone.name);
    const text = fake.files.get(path);
    if (text === undefined) continue;
    const read = parseMetadata(text, path);
    // Boots are planned ahead from what was written, not from what is read, and hold it as text.
    const { templates } = read;
    const facts = {
      ...factsOf(zone, { networks, zones, resolver: settings.resolver, vars: settings.vars, running }),
      ...(templates === undefined ? {} : { templates }),
    };
    assert.is(JSON.stringify(planPublication(facts, { text }).metadata), JSON.stringify(read));
    const boot = fake.files.get(bootProgramFile(zone.name));
    if (boot === undefined && faulty.has(zone.name)) continue;
    assert.ok(boot?.replaceAll("'\\''", "'").includes(JSON.stringify(read)), `the boot of ${zone.name}`);
  }
  for (const { name, nics, role } of zones.filter((zone) => zone.role === 'member')) {
    const had = nics.flatMap((nic) => nic.addresses).some(({ address }) => !address.includes(':'));
    const routers = nics.flatMap((nic) => nic.routers).filter((router) => !router.includes(':'));
    assert.is(routers.length, had ? 1 : 0, `${role} ${name} has the routers ${routers.join(' ')}`);
  }
}

async function clearAway(fake: FakeHost): Promise<void> {
  for (;;) {
    const [zone] = (await readRecords(fake.system)).zones;
    if (zone === undefined) break;
    await deleteZone(zone.name, true, fake.host);
  }
  for (const { name } of (await readRecords(fake.system)).networks) await deleteNetwork(name, fake.host);
}

/** The random prefix of the host stays its own, and settings and templates are the operator's. */
const whatIsLeft = ({ files, links, zones }: FakeHost) => [
  ...[...files.keys()].filter((path) => /^\/(etc|var)\/zonenet\/(?!(ula|zonenet)\.ini$|templates\/)/.test(path)),
  ...[...links.keys()].filter((link) => link !== 'e1000g0'),
  ...zones.keys(),
];

for (let seed = FIRST ?? 1; seed <= (LAST ?? FIRST ?? 1); seed++) {
  test(`seed ${seed}`, async () => {
    const random = dice(seed);
    const fake = await begin();
    const story: string[] = [];
    for (let step = 0; step < STEPS; step++) {
      const [chosen, between] = [choose(random), choose(random)];
      const isBetween = random.roll(3) === 0 && ![chosen, between].some(({ what }) => BY_HAND.test(what));
      const kill = !isBetween && random.roll(4) === 0 ? fake.changes.length + 1 + random.roll(8) : undefined;
      const fails = !isBetween && kill === undefined && random.roll(4) === 0;
      fake.killAt = kill;
      const other = fails ? failing(fake, story, 1 + random.roll(16)) : fake;
      const on = isBetween ? interrupted(fake, between, story, 1 + random.roll(12)) : other;
      const end = await attempt(chosen, on).catch((error: Error) => {
        if (kill === undefined) throw error;
        return `killed: ${error.message}`;
      });
      fake.killAt = undefined;
      fake.locks.clear();
      story.push(`${chosen.what}: ${end}`);
      try {
        if (kill !== undefined || fails || BY_HAND.test(chosen.what)) await sync(fake.host);
        await checkAll(fake);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${story.join('\n')}`, { cause: error });
      }
    }
    const all = await exportRecords(fake.host);
    const other = createFakeHost();
    await importRecords(parseBundle(all, 'all.ini'), other.host);
    assert.is(await exportRecords(other.host), all, story.join('\n'));
    await clearAway(fake);
    assert.equal(whatIsLeft(fake), [], story.join('\n'));
  });
}

test.run();
