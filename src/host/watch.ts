import { OperatorError } from '../domain/errors.ts';
import type { Settings } from '../domain/settings.ts';
import { networksOf, type ZoneRecord } from '../domain/zone-record.ts';
import { parseLinks, showLinks } from '../illumos/dladm.ts';
import { showAddresses } from '../illumos/ipadm.ts';
import { listZones, parseZones, type ZoneEntry } from '../illumos/zoneadm.ts';
import { stepsOf } from '../plan/host-step.ts';
import { withOwnLinks } from '../plan/links.ts';
import { ask } from '../system/ask.ts';
import { execute } from '../system/execute.ts';
import type { Release } from '../system/lock.ts';
import { createAnnouncer } from './announce.ts';
import { followHost, isHostProxy } from './follow-host.ts';
import { followSites } from './follow-sites.ts';
import type { Host } from './host.ts';
import { observeProtection, protectionOf } from './protect.ts';
import { type Records, readRecords, readSettings } from './store.ts';

/** What `znetadm watch` does again and again. */
export interface Watch {
  /** Looks at the zones once, and gives the seconds until the next look. What fails is logged, and no reason to end. */
  look(): Promise<number>;
}

/** Seconds to the next look when the settings cannot be read. */
const OTHERWISE = 10;

/**
 * Watches zones boot, and does for them what the host has to do at every boot: puts back the protection of their links,
 * which zoneadmd wiped when they went down (§8.2), and sees that they and their routers read what was published.
 *
 * A boot shows by a new zone id (§5.5), at one command a look. All that have booted since the last look are served
 * together. Only ids of zones that are there are remembered, so nothing grows, and nothing is lost with the process: the
 * first look, and then one every `watchPassSeconds`, serves every zone that runs. Proxies are told of the zones that came or
 * went, all of one look together; a host that is a proxy itself is told of its own addresses, at one command more a look.
 */
export function createWatch(host: Host): Watch {
  const { system } = host;
  const announcer = createAnnouncer(host);
  let served = new Map<string, number>();
  let passed: number | undefined;
  /** The zones that were up when proxies were told last. */
  let told = '';
  /** The addresses of the host itself at the last look, as ipadm prints them. */
  let ofHost = '';
  let complaint = '';

  async function look(settings: Settings): Promise<void> {
    const zones = parseZones(await ask(listZones(), system));
    const up = zones.filter(isUp);
    const isPass = passed === undefined || system.monotonic() - passed >= settings.watchPassSeconds * 1000;
    const due = up.filter(({ name, id }) => isPass || served.get(name) !== id);
    const left = new Set<string>();
    const ups = new Map(up.map((zone) => [zone.name, zone]));
    if (due.length > 0 || announcer.isBusy()) {
      const names = due.map(({ name }) => name);
      for (const name of await protectZones(names, settings, host)) left.add(name);
      announcer.add(
        names.filter((name) => !left.has(name)),
        ups,
        settings,
      );
      await announcer.tell(ups, await readRecords(system), settings);
    }
    const running = zones.filter(({ state }) => state === 'running').map(({ name, id }) => `${name} ${id}`);
    if (isPass || running.join() !== told) {
      // Asked later whether they have applied it.
      announcer.add(await followSites(host), ups, settings);
      told = running.join();
    }
    if (await isHostProxy(host)) {
      const addresses = await ask(showAddresses(), system);
      if (isPass || addresses !== ofHost) await followHost(host);
      ofHost = addresses;
    }
    served = new Map(up.filter(({ name }) => !left.has(name)).map(({ name, id }) => [name, id]));
    if (isPass) passed = system.monotonic();
  }

  return {
    async look() {
      let seconds = OTHERWISE;
      try {
        const settings = await readSettings(system);
        seconds = settings.watchSeconds;
        await look(settings);
        complaint = '';
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        // Once, not at every look.
        if (error.message !== complaint) system.log(error.message);
        complaint = error.message;
      }
      return seconds;
    },
  };
}

type UpZone = ZoneEntry & { readonly id: number };

/** A zone with an id has its links. */
function isUp(zone: ZoneEntry): zone is UpZone {
  return zone.id !== undefined && zone.name !== 'global' && (zone.state === 'ready' || zone.state === 'running');
}

/**
 * Puts back the protection of zones' links, and gives the names of those that have to wait: another command works on
 * them. Records are read and links are looked at once for all, after the locks are taken.
 */
async function protectZones(names: readonly string[], settings: Settings, host: Host): Promise<string[]> {
  if (!settings.protection || names.length === 0) return [];
  const { zones: recorded } = await readRecords(host.system);
  const wanted = new Set(names);
  const ours = recorded.filter(({ name }) => wanted.has(name));
  if (ours.length === 0) return [];
  const [held, left] = await takeLocks(ours, host);
  const done = new Map<string, string>();
  try {
    // Who gives zones other addresses has not their locks: they are recorded first, and then allowed. What is not recorded when
    // this has looked for the last time is allowed by whoever records it.
    for (;;) {
      const records = await readRecords(host.system);
      const ready = records.zones.filter(({ name, state }) => held.has(name) && state === 'ready');
      const zones = ready.filter((zone) => done.get(zone.name) !== heldTo(zone, records));
      if (zones.length === 0) break;
      await protectHeld(zones, records, settings, host);
      for (const zone of zones) done.set(zone.name, heldTo(zone, records));
    }
  } finally {
    for (const release of held.values()) await release();
  }
  return left;
}

/** All of the records that the protection of a zone follows from, as one text. */
function heldTo(zone: ZoneRecord, { networks }: Records): string {
  const own = networksOf(zone);
  return JSON.stringify([zone.role, zone.nics, networks.filter(({ name }) => own.includes(name))]);
}

/** The locks of zones, without waiting for any; and the names of those that others have. */
async function takeLocks(zones: readonly ZoneRecord[], host: Host): Promise<[Map<string, Release>, string[]]> {
  const held = new Map<string, Release>();
  const left: string[] = [];
  for (const { name } of zones) {
    try {
      held.set(name, await host.lock(`zone.${name}`, 0));
    } catch (error) {
      if (!(error instanceof OperatorError) || error.code !== 'LOCKED') throw error;
      left.push(name);
    }
  }
  return [held, left];
}

/** One zone's fault is logged and keeps no other from being protected; the next pass tries again. */
async function protectHeld(
  zones: readonly ZoneRecord[],
  records: Records,
  settings: Settings,
  { system }: Host,
): Promise<void> {
  const [observed, listed] = await Promise.all([observeProtection(zones, system), ask(showLinks(), system)]);
  const links = new Map(parseLinks(listed).map((link) => [link.name, link]));
  for (const zone of zones) {
    const own = withOwnLinks(zone, links);
    const plan = protectionOf(own, records, settings, observed);
    if (plan.length === 0) continue;
    try {
      for (const step of plan) await execute(await stepsOf(step), system);
      system.log(`zone ${zone.name}: links are protected again: ${linksOf(own)}`);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      system.log(error.message);
    }
  }
}

const linksOf = ({ nics }: Pick<ZoneRecord, 'nics'>) => nics.map(({ link }) => link).join(', ');
