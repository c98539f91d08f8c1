import { OperatorError } from '../domain/errors.ts';
import type { LinkName, ZoneName } from '../domain/names.ts';
import { checkHostAddress } from '../domain/network.ts';
import { formatInterfaceAddress, type InterfaceAddress, networkOf } from '../domain/prefix.ts';
import { ownsAddress, type ZoneNic } from '../domain/zone-record.ts';
import { checkFree, type HostNetworks, hiddenClaims } from './claims.ts';
import type { Observed } from './observe.ts';
import type { Situation } from './situation.ts';
import type { Records } from './store.ts';
import type { OutsideRequest } from './zone-request.ts';

/** Decides on links over those of the host, one after the other. `verb` is what cannot be done to the zone when one is refused. */
export function createOutsideDecider(
  { records, settings, observed, host }: Situation,
  verb: 'connect' | 'change' = 'connect',
): (request: OutsideRequest, link: LinkName, zone: ZoneName) => ZoneNic {
  const given: { readonly zone: ZoneName; readonly address: InterfaceAddress }[] = [];
  return (request, link, zone) => {
    const { addresses, dhcp, addrconf, vlan, bandwidth, priority } = request;
    if (request.asIs === true) {
      throw new OperatorError(
        'USAGE',
        `Cannot give ${request.uplink} itself to zone "${zone}": it has no address there`,
        {
          hint: `Write -x ${request.uplink}=ADDRESS/LENGTH, or "dhcp" in place of the address`,
        },
      );
    }
    const over = findUplink(request.uplink ?? settings.uplink, zone, observed);
    for (const address of addresses) {
      checkHostAddress(address.address, networkOf(address), `zone "${zone}"`);
      const hint = 'A zone outside cannot share addresses with a hidden network: look at the address and its length';
      checkFree(networkOf(address), hiddenClaims(records), `${verb} zone "${zone}"`, hint);
      checkOutsideFree(address, zone, records, host);
      const other = given.find((one) => one.address.address === address.address);
      if (other !== undefined) throw taken(address, zone, `zone "${other.zone}"`);
      given.push({ zone, address });
    }
    return {
      link,
      over,
      ...(vlan === undefined ? {} : { vlan }),
      side: 'outside',
      mtu: observed.links.get(over)?.mtu ?? settings.mtu,
      dhcp,
      addrconf,
      addresses,
      routers: [],
      routes: [],
      ...(bandwidth === undefined ? {} : { bandwidth }),
      ...(priority === undefined ? {} : { priority }),
    };
  };
}

/** Classes of links that a VNIC can be over; not another VNIC (§1.5). An etherstub leads nowhere outside. */
const UPLINK_CLASSES = ['phys', 'aggr', 'overlay', 'simnet'];

function findUplink(name: LinkName | undefined, zone: ZoneName, { links }: Observed): LinkName {
  const usable = [...links.values()].filter((link) => UPLINK_CLASSES.includes(link.class)).map((link) => link.name);
  const hint =
    usable.length === 0 ? 'This host has no link that leads outside' : `Links of this host: ${usable.join(', ')}`;
  if (name === undefined) {
    throw new OperatorError('USAGE', `Cannot connect zone "${zone}": no uplink is named`, {
      hint: `Write -x UPLINK=ADDRESS/LENGTH, or set "uplink" in /etc/zonenet/zonenet.ini. ${hint}`,
    });
  }
  const found = links.get(name);
  if (found === undefined) {
    throw new OperatorError('LINK_MISSING', `Cannot connect zone "${zone}": this host has no link ${name}`, { hint });
  }
  if (UPLINK_CLASSES.includes(found.class)) return name;
  const why = found.class === 'vnic' ? 'a VNIC cannot be over another' : 'it does not lead outside';
  throw new OperatorError('LINK_MISSING', `Cannot connect zone "${zone}": ${name} is of class ${found.class}; ${why}`, {
    hint,
  });
}

function checkOutsideFree(wanted: InterfaceAddress, zone: ZoneName, { zones }: Records, host: HostNetworks): void {
  const other = zones.find((one) => ownsAddress(one, wanted.address));
  const own = host.addresses.find(({ address }) => address.address === wanted.address);
  if (other !== undefined) throw taken(wanted, zone, `zone "${other.name}"`);
  if (own !== undefined) throw taken(wanted, zone, `this host (${own.object})`);
}

function taken(wanted: InterfaceAddress, zone: ZoneName, owner: string): OperatorError {
  const message = `Cannot give ${formatInterfaceAddress(wanted)} to zone "${zone}": ${owner} has the address`;
  return new OperatorError('ADDRESS_TAKEN', message, { hint: 'Give the zone another address outside' });
}
