import { type Bandwidth, formatBandwidth, type Priority } from '../domain/link-wishes.ts';
import type { LinkName } from '../domain/names.ts';
import type { Command } from './command.ts';
import { parseRows } from './parseable.ts';

const DLADM = '/usr/sbin/dladm';
const VNIC_FIELDS = ['link', 'vid'] as const;
const PROPERTY_FIELDS = ['link', 'property', 'value'] as const;

/** What show-link does not tell of a VNIC. */
export interface LinkDetails {
  /** 0: untagged. */
  readonly vlan: number;
  /** Megabits a second; missing: as much as there is. */
  readonly bandwidth?: number;
  readonly priority: string;
}

/** The VLAN id of every VNIC. */
export function showVlans(): Command {
  return { program: DLADM, args: ['show-vnic', '-p', '-o', VNIC_FIELDS.join(',')] };
}

/** Bandwidth and priority of every link; -c is its parsable form (§1.9). It opens the links for a moment. */
export function showShares(): Command {
  return { program: DLADM, args: ['show-linkprop', '-c', '-o', PROPERTY_FIELDS.join(','), '-p', 'maxbw,priority'] };
}

/** Reads what `showVlans` and `showShares` printed: bandwidth comes right-aligned, in Mbps (§1.9). */
export function parseDetails(vlans: string, shares: string): Map<string, LinkDetails> {
  const values = new Map(
    parseRows(shares, PROPERTY_FIELDS).map(({ link, property, value }) => [`${link} ${property}`, value.trim()]),
  );
  return new Map(
    parseRows(vlans, VNIC_FIELDS).map(({ link, vid }) => {
      const bandwidth = values.get(`${link} maxbw`) ?? '';
      return [
        link,
        {
          vlan: Number(vid),
          ...(/^\d/.test(bandwidth) ? { bandwidth: Number(bandwidth) } : {}),
          priority: values.get(`${link} priority`) ?? '',
        },
      ];
    }),
  );
}

/** Kept over boots of host and zone; zoneadmd resets only protection (§8.2). */
export function setBandwidth(name: LinkName, bandwidth: Bandwidth): Command {
  if (bandwidth === 'none') return { program: DLADM, args: ['reset-linkprop', '-p', 'maxbw', name] };
  return { program: DLADM, args: ['set-linkprop', '-p', `maxbw=${formatBandwidth(bandwidth)}`, name] };
}

export function setPriority(name: LinkName, priority: Priority): Command {
  return { program: DLADM, args: ['set-linkprop', '-p', `priority=${priority}`, name] };
}
