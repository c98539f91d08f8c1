// What frees a network or a proxy that zones use: commands that work in the order in which they are told.
import type { NetworkName, ZoneName } from '../domain/names.ts';
import { isBehind, networksOf, routedNetworks, type ZoneRecord } from '../domain/zone-record.ts';

/** The commands after which no zone is on a network: its router goes last. */
export function commandsFreeing(network: NetworkName, zones: readonly ZoneRecord[]): string[] {
  const { commands, leave } = createLeaving(zones);
  const routes = (zone: ZoneRecord) => Number(routedNetworks(zone).includes(network));
  const users = zones.filter((zone) => networksOf(zone).includes(network)).sort((a, b) => routes(a) - routes(b));
  for (const { name } of users) leave(name, network);
  return commands;
}

/** The commands after which no other zone is behind a proxy, on some of its networks. */
export function commandsFreeingProxy(
  { name }: ZoneRecord,
  networks: readonly NetworkName[],
  zones: readonly ZoneRecord[],
): string[] {
  const { commands, free } = createLeaving(zones);
  free(name, networks);
  return commands;
}

/** Whether delete-zone refuses a zone: somebody else made it, and it is not being detached already. */
export function isAttached({ origin, state }: ZoneRecord): boolean {
  return origin === 'attached' && state !== 'deleting';
}

/** The command that takes from a zone all that it was given, and the zone too where we made it. */
export function takingAway(zone: ZoneRecord): string {
  return `znetadm ${isAttached(zone) ? 'detach' : 'delete'}-zone ${zone.name}`;
}

/** A hint of commands that are typed one after the other, with what is said of the first. */
export function describeCommands(what: string, commands: readonly string[]): string[] {
  return commands.map((command, index) => `${index === 0 ? what : ' '.repeat(what.length)}   ${command}`);
}

/** Zones that leave networks one after the other, and the commands for it. */
function createLeaving(zones: readonly ZoneRecord[]) {
  const commands: string[] = [];
  const left = new Map(zones.map((zone) => [zone.name, zone]));

  /** Frees a proxy of those behind it. */
  function free(proxy: ZoneName, networks: readonly NetworkName[]): void {
    for (const network of networks) {
      for (const zone of [...left.values()]) {
        if (zone.name !== proxy && isBehind(zone, network)) leave(zone.name, network);
      }
    }
  }

  /** A zone that can be without the network loses its link alone. */
  function leave(name: ZoneName, network: NetworkName): void {
    const zone = left.get(name);
    if (zone === undefined) return;
    const rest = { ...zone, nics: zone.nics.filter((nic) => nic.network !== network) };
    const isProxy = routedNetworks(rest).length > 0;
    if (networksOf(rest).length > 0 && (!isProxy || rest.nics.some(({ side }) => side === 'outside'))) {
      commands.push(`znetadm detach-zone -N ${network} ${name}`);
      left.set(name, rest);
      return;
    }
    free(name, routedNetworks(zone));
    commands.push(takingAway(zone));
    left.delete(name);
  }

  return { commands, free, leave };
}
