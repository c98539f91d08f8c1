// Forwarding by interface and family: illumos asks for the ROUTER flag on both interfaces a packet passes (§2.4).
import type { Lab, Zone } from '../daemon/state.ts';
import type { Family } from './ip-address.ts';
import { type IpInterface, netnsOf, type Stack, stackOf } from './ip-stack.ts';

const FAMILIES = ['ipv4', 'ipv6'] as const;
const setOf = (family: Family) => (family === 'ipv4' ? 'pif4' : 'pif6');

/** What the sets of a stack hold, as the script that filled them. Empty sets are those of the table as it is prepared. */
const loaded = new WeakMap<Stack, string>();

/** Loads the table that lets only router interfaces forward; its sets are empty at first. */
export async function prepareForwarding(lab: Lab, zone: Zone): Promise<void> {
  const sets = FAMILIES.map((family) => `  set ${setOf(family)} { type ifname; }`);
  const rules = FAMILIES.flatMap((family) =>
    ['iifname', 'oifname'].map((side) => `    meta nfproto ${family} ${side} != @${setOf(family)} drop`),
  );
  await lab.kernel.nft(
    netnsOf(zone),
    [
      'table inet pif',
      'delete table inet pif',
      'table inet pif {',
      ...sets,
      '  chain pif_forward {',
      '    type filter hook forward priority -10; policy accept;',
      ...rules,
      '  }',
      '}',
      '',
    ].join('\n'),
  );
}

/** The link has allowed-ips: it may carry no ROUTER flag and no address but those (§2.4, §2.6). */
export function allowedIps(ipInterface: IpInterface): readonly string[] {
  const active = ipInterface.link?.properties.get('allowed-ips')?.active;
  return active === undefined || active === '' ? [] : active.split(',');
}

/** Sets the ROUTER flag of one family on the interfaces given. The caller has seen to it that they may have it. */
export async function setForwarding(
  lab: Lab,
  zone: Zone,
  family: Family,
  interfaces: readonly IpInterface[],
  on: boolean,
): Promise<void> {
  for (const ipInterface of interfaces) ipInterface.forwarding[family] = on;
  await loadForwarding(lab, zone);
}

/** Brings the kernel's sets up to date, in one step. */
export async function loadForwarding(lab: Lab, zone: Zone): Promise<void> {
  const stack = stackOf(zone);
  const script = fillSets([...stack.interfaces.values()]);
  if (script === (loaded.get(stack) ?? fillSets([]))) return;
  loaded.set(stack, script);
  try {
    await lab.kernel.nft(netnsOf(zone), script);
  } catch (error) {
    loaded.set(stack, '');
    throw error;
  }
}

function fillSets(interfaces: readonly IpInterface[]): string {
  const lines = FAMILIES.flatMap((family) => {
    const routers = interfaces.filter(({ forwarding }) => forwarding[family]).map(({ device }) => `"${device}"`);
    const add = routers.length === 0 ? [] : [`add element inet pif ${setOf(family)} { ${routers.join(', ')} }`];
    return [`flush set inet pif ${setOf(family)}`, ...add];
  });
  return `${lines.join('\n')}\n`;
}
