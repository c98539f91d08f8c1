import { familyOf } from '../domain/address.ts';
import { GLOBAL } from '../domain/names.ts';
import type { Settings } from '../domain/settings.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { parseHolders, parseMacs, parseProtection, showMacs, showProtection } from '../illumos/dladm.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { type ObservedProtection, planProtection } from '../plan/protection.ts';
import { ask } from '../system/ask.ts';
import type { System } from '../system/system.ts';
import type { Observed } from './observe.ts';
import type { Records } from './store.ts';

/** What links may send, and which zone has each: the name of it, empty for the global zone. */
export interface ObservedLinks extends ObservedProtection {
  readonly holders: ReadonlyMap<string, string>;
}

/** The protection of all links of the host, in one command; in two when one of the zones has an IPv6 address. */
export async function observeProtection(
  zones: readonly Pick<ZoneRecord, 'nics'>[],
  system: System,
): Promise<ObservedLinks> {
  const inet6 = zones.some(({ nics }) =>
    nics.some(({ addresses }) => addresses.some(({ address }) => familyOf(address) === 'inet6')),
  );
  const [links, macs] = await Promise.all([ask(showProtection(), system), inet6 ? ask(showMacs(), system) : '']);
  return { links: parseProtection(links), holders: parseHolders(links), macs: parseMacs(macs) };
}

/** What protects the links of a zone. Empty when the host's settings want none. */
export function protectionOf(
  zone: ZoneRecord,
  { networks }: Pick<Records, 'networks'>,
  { protection }: Pick<Settings, 'protection'>,
  observed: ObservedProtection,
): HostPlan {
  // Nobody wipes protection of the host's own links, and nobody in it is to be held.
  return protection && zone.name !== GLOBAL ? planProtection(zone, networks, observed) : [];
}

/** Holds links of running zones to the addresses that those are to have; of others that is done when they boot. */
export async function planRunningProtection(
  zones: readonly ZoneRecord[],
  records: Pick<Records, 'networks'>,
  { settings, observed }: { readonly settings: Settings; readonly observed: Pick<Observed, 'zones'> },
  system: System,
): Promise<HostPlan> {
  const running = zones.filter(({ name }) => observed.zones.get(name)?.state === 'running');
  if (running.length === 0 || !settings.protection) return [];
  const seen = await observeProtection(running, system);
  return running.flatMap((zone) => protectionOf(zone, records, settings, seen));
}
