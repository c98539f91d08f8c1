// Data links: dladm's records, and the switches and devices that stand for them in the kernel (lab.md part 6, §1).
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { registerDump } from '../daemon/dump.ts';
import { withLock } from '../daemon/locks.ts';
import type { Kernel, Lab, Link, Links, NewLink, Zone } from '../daemon/state.ts';
import { type Protected, protectionScript } from './protection.ts';
import { bridgeLines, deviceName, farEndLines, fdbArguments, linuxMac, type Port, portLines } from './switches.ts';

export interface PhysicalLink {
  readonly name: string;
  /** Whether a cable is in; missing is yes. */
  readonly up?: boolean;
}

export const ETHERSTUB_MTU = 9000;
export const PHYSICAL_MTU = 1500;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The links of a lab: its physical links, which are the global zone's, and nothing else. */
export async function createLinks(
  lab: Omit<Lab, 'links'>,
  physical: readonly PhysicalLink[] = [{ name: 'e1000g0' }],
): Promise<Links> {
  const { kernel } = lab;
  await silenceSwitches(kernel);
  const records: Mutable<Link>[] = [];
  const bridges = new Map<Link, Map<number, string>>();
  const ports = new Map<Link, Port>();
  // What changes the switches comes one after the other.
  const serial = <T>(work: () => Promise<T>) => withLock('switches', work);
  const counter = { bridge: 0, port: 0, mac: 0 };

  function add(link: NewLink): Link {
    const chosen =
      link.class === 'vnic' && link.mac === undefined ? { mac: freshMac(), macType: 'random' as const } : {};
    const record = { ...link, ...chosen, holds: new Set<string>(), properties: new Map() };
    records.push(record);
    return record;
  }

  /** 2:8:20 and three bytes that look random and are the same in every run. */
  function freshMac(): string {
    const bytes = createHash('sha256')
      .update(`mac ${++counter.mac}`)
      .digest();
    return ['2:8:20', ...[...bytes.subarray(0, 3)].map((byte) => byte.toString(16))].join(':');
  }

  function carrierNamed(name: string): Link {
    const carrier = records.find((link) => link.name === name && link.class !== 'vnic');
    if (carrier === undefined) throw new Error(`${name} is no link that carries others`);
    return carrier;
  }

  const carrierOf = (link: Link) => (link.over === undefined ? link : carrierNamed(link.over));

  async function bridgeOf(carrier: Link, vlan = 0): Promise<string> {
    const byVlan = bridges.get(carrier) ?? new Map<number, string>();
    bridges.set(carrier, byVlan);
    const known = byVlan.get(vlan);
    if (known !== undefined) return known;
    const bridge = `b${++counter.bridge}`;
    await kernel.ip('sw', bridgeLines(bridge, switchMtu(carrier)));
    byVlan.set(vlan, bridge);
    return bridge;
  }

  async function plug(port: Port): Promise<void> {
    await kernel.ip('sw', portLines(port, port.netns));
    const names = farEndLines(port);
    if (names.length > 0) await kernel.ip(port.netns, names);
    const fdb = await kernel.exec('sw', fdbArguments(port));
    if (fdb.status !== 0) throw new Error(`bridge fdb for ${port.name}: ${fdb.stderr}`);
  }

  /** Makes the device of a link in the namespace of the zone that is to hold it. */
  async function makeDevice(link: Link, zone: Zone): Promise<string> {
    const known = ports.get(link);
    if (known !== undefined) return deviceName(known);
    if (link.mac === undefined) throw new Error(`link ${link.name} has no address and so no device`);
    if (zone.netns === undefined) throw new Error(`zone ${zone.name} has no network namespace`);
    const carrier = carrierOf(link);
    const port = {
      port: `p${++counter.port}`,
      bridge: await bridgeOf(carrier, link.vlan),
      netns: zone.netns,
      name: link.name,
      mac: linuxMac(link.mac),
      switchMtu: switchMtu(carrier),
      mtu: link.mtu,
    };
    await plug(port);
    ports.set(link, port);
    if (link.properties.get('protection')?.active !== undefined) await applyProtection();
    return deviceName(port);
  }

  async function dropDevices(links: readonly Link[]): Promise<void> {
    const gone = links.flatMap((link) => ports.get(link)?.port ?? []);
    for (const link of links) ports.delete(link);
    await deleteDevices(kernel, gone);
  }

  async function deactivate(record: Mutable<Link>): Promise<void> {
    await dropDevices([record]);
    await deleteDevices(kernel, [...(bridges.get(record)?.values() ?? [])]);
    bridges.delete(record);
    record.active = false;
    const wasProtected = record.properties.get('protection')?.active !== undefined;
    for (const name of record.properties.keys()) clearActive(record, name);
    if (wasProtected) await applyProtection();
  }

  async function applyProtection(): Promise<void> {
    const protectedLinks = records.flatMap((link): Protected[] => {
      const port = ports.get(link);
      const types = link.properties.get('protection')?.active;
      if (port === undefined || link.mac === undefined || types === undefined) return [];
      const allowedIps = link.properties.get('allowed-ips')?.active?.split(',') ?? [];
      const learned = link.learned === undefined ? {} : { learned: link.learned };
      return [{ port: port.port, mac: link.mac, types: types.split(','), allowedIps, ...learned }];
    });
    await kernel.nft('sw', protectionScript(protectedLinks));
  }

  const ownBy = (zone: Zone) => (zone === lab.global ? undefined : zone.name);
  const lentTo = (zone: Zone) => records.filter((link) => link.zone !== undefined && link.zone === ownBy(zone));

  async function clearProtection(zone: Zone): Promise<void> {
    const links = lentTo(zone);
    const changed = links.some((link) => PROTECTING.some((name) => link.properties.get(name)?.active !== undefined));
    for (const link of links) for (const name of PROTECTING) clearActive(link, name);
    if (changed) await applyProtection();
  }

  async function takeBack(links: readonly Mutable<Link>[]): Promise<void> {
    await dropDevices(links);
    for (const link of links) {
      if (records.some((other) => other !== link && other.name === link.name && other.zone === undefined)) {
        lab.notModelled.push(`link ${link.name} comes back to a global zone that has another ${link.name} (§1.8)`);
      }
      delete link.zone;
      delete link.learned;
      link.holds.clear();
    }
  }

  for (const { name, up = true } of physical) {
    const mac = `0:50:56:0:0:${(records.length + 1).toString(16)}`;
    add({ name, class: 'phys', mac, device: name, up, active: true, persistent: true, mtu: PHYSICAL_MTU });
  }

  return {
    find: (zone, name) => {
      const active = records.filter((link) => link.active && link.name === name);
      const own = active.find((link) => link.zone === ownBy(zone));
      return own ?? (zone === lab.global ? active[0] : undefined);
    },
    all: () => records,
    lentTo,
    lend: (link, zone) =>
      serial(async () => {
        await dropDevices([link]);
        recordOf(records, link).zone = zone.name;
        await makeDevice(link, zone);
      }),
    clearProtection: (zone) => serial(() => clearProtection(zone)),
    unplug: (zone) =>
      serial(async () => {
        const lines = lentTo(zone)
          .flatMap((link) => ports.get(link) ?? [])
          .map(({ port }) => `link set ${port} down`);
        if (lines.length > 0) await kernel.ip('sw', lines);
      }),
    takeBack: (zone) =>
      serial(async () => {
        await clearProtection(zone);
        await takeBack(lentTo(zone));
      }),
    takeOneBack: (link) => serial(() => takeBack([recordOf(records, link)])),
    device: (link) => serial(() => makeDevice(link, holderOf(lab, link))),
    bridgeOf: (linkName, vlan) => serial(async () => bridgeOf(carrierNamed(linkName), vlan)),
    attachOutside: (netns, device, linkName, { mac, vlan } = {}) =>
      serial(async () => {
        const carrier = carrierNamed(linkName);
        const mtu = switchMtu(carrier);
        const bridge = await bridgeOf(carrier, vlan);
        const port = `p${++counter.port}`;
        const address = mac ?? linuxMac(freshMac());
        await plug({ port, bridge, netns, name: device, mac: address, switchMtu: mtu, mtu });
        await kernel.ip(netns, [`link set ${deviceName({ name: device, port })} up`]);
      }),
    add: (link) =>
      serial(async () => {
        const record = add(link);
        if (link.class === 'etherstub') await bridgeOf(record);
        return record;
      }),
    deactivate: (link) => serial(() => deactivate(recordOf(records, link))),
    remove: (link) =>
      serial(async () => {
        const record = recordOf(records, link);
        await deactivate(record);
        records.splice(records.indexOf(record), 1);
      }),
    rename: (link, name) => {
      recordOf(records, link).name = name;
    },
    setMtu: (link, mtu) =>
      serial(async () => {
        recordOf(records, link).mtu = mtu;
        const port = ports.get(link);
        if (port === undefined) return;
        await kernel.ip(port.netns, [`link set ${deviceName(port)} mtu ${mtu}`]);
        ports.set(link, { ...port, mtu });
      }),
    applyProtection: () => serial(applyProtection),
    learn: (link, address) =>
      serial(async () => {
        const record = recordOf(records, link);
        const types = link.properties.get('protection')?.active?.split(',') ?? [];
        if (address !== undefined && !types.includes('ip-nospoof')) return;
        if (address === record.learned) return;
        if (address === undefined) delete record.learned;
        else record.learned = address;
        await applyProtection();
      }),
    over: (link) => records.filter((other) => other.class === 'vnic' && carrierOf(other) === link),
    portOf: (link) => ports.get(link)?.port,
  };
}

/** What zoneadmd takes off every link of a zone that goes down (§8.2). */
const PROTECTING = ['protection', 'allowed-ips'] as const;

const switchMtu = (carrier: Link) => (carrier.class === 'etherstub' ? ETHERSTUB_MTU : PHYSICAL_MTU);

/** The switches themselves say nothing: no IPv6, and no packet filter of the machine looks at their frames. */
async function silenceSwitches(kernel: Kernel): Promise<void> {
  await kernel.sysctl('sw', [
    ['ipv6/conf/all/disable_ipv6', '1'],
    ['ipv6/conf/default/disable_ipv6', '1'],
  ]);
  if (!existsSync('/proc/sys/net/bridge')) return;
  await kernel.sysctl(
    'sw',
    ['arptables', 'ip6tables', 'iptables'].map((what) => [`bridge/bridge-nf-call-${what}`, '0'] as const),
  );
}

function recordOf(records: readonly Mutable<Link>[], link: Link): Mutable<Link> {
  const record = records.find((other) => other === link);
  if (record === undefined) throw new Error(`link ${link.name} is not in the records`);
  return record;
}

function holderOf(lab: Omit<Lab, 'links'>, link: Link): Zone {
  const holder = link.zone === undefined ? lab.global : lab.zones.get(link.zone);
  if (holder === undefined) throw new Error(`link ${link.name} is lent to ${link.zone}, which is no zone`);
  return holder;
}

function clearActive(link: Link, name: string): void {
  const { persistent } = link.properties.get(name) ?? {};
  if (persistent === undefined) link.properties.delete(name);
  else link.properties.set(name, { persistent });
}

/** Deletes devices of "sw" that are still there: a namespace that ends takes its ports along, at its own time. */
async function deleteDevices(kernel: Kernel, devices: readonly string[]): Promise<void> {
  for (let left = devices, tries = 1; left.length > 0; tries++) {
    const present = new Set((await kernel.ipJson('sw', ['link', 'show'])).map(nameOf));
    left = left.filter((device) => present.has(device));
    const [first] = left;
    if (first === undefined) return;
    try {
      await kernel.ip('sw', [`link delete ${first}`]);
      left = left.slice(1);
    } catch (error) {
      if (tries > devices.length + 2) throw error;
    }
  }
}

function nameOf(device: unknown): string {
  if (typeof device === 'object' && device !== null && 'ifname' in device) return String(device.ifname);
  throw new Error(`ip shows a link without a name: ${JSON.stringify(device)}`);
}

/** Addresses that were chosen differ from run to run; those asked for do not. */
registerDump('links', (lab) =>
  lab.links
    .all()
    .map(({ mac, macType, holds, properties, ...link }) => ({
      ...link,
      ...(macType === 'random' ? {} : { mac }),
      holds: [...holds].sort(),
      properties: Object.fromEntries([...properties].sort(([a], [b]) => (a < b ? -1 : 1))),
    }))
    .sort((a, b) => (`${a.name} ${a.zone ?? ''}` < `${b.name} ${b.zone ?? ''}` ? -1 : 1)),
);
