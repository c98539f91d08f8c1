// Zones for tests of a whole lab: configured, installed, booted and at rest.
import type { LabHandle } from '../lab.ts';

/** Configures and installs an exclusive-IP zone with those links; `more` are further lines for zonecfg. */
export async function installZone(lab: LabHandle, zone: string, links: readonly string[], more = ''): Promise<void> {
  const nets = links.map((link) => `add net; set physical=${link}; end;`).join(' ');
  const text = `create -b; set zonepath=/zones/${zone}; set brand=ipkg; set ip-type=exclusive; ${nets} ${more} commit`;
  await lab.mustRun(['zonecfg', '-z', zone, text]);
  await lab.mustRun(['zoneadm', '-z', zone, 'install']);
}

export async function bootZone(lab: LabHandle, zone: string): Promise<void> {
  await lab.mustRun(['zoneadm', '-z', zone, 'boot']);
  await lab.settled(zone);
}

/**
 * A router between the outside and a hidden network, and zones behind it:
 * pnic0 203.0.113.5 and 2001:db8::5 outside, znic0 10.2.0.1 and fd00:2::1 inside; zone n has 10.2.0.(n+2) on znicN.
 */
export async function bootHiddenNetwork(lab: LabHandle, members: readonly string[]): Promise<void> {
  await lab.mustRun('dladm create-etherstub zstub0 && dladm create-vnic -l zstub0 znic0');
  await lab.mustRun('dladm create-vnic -l e1000g0 -m 2:8:20:0:0:1 pnic0');
  for (const index of members.keys()) await lab.mustRun(['dladm', 'create-vnic', '-l', 'zstub0', `znic${index + 1}`]);
  await installZone(lab, 'router', ['pnic0', 'znic0']);
  await bootZone(lab, 'router');
  await lab.mustRun(
    [
      ...interfaceOf('pnic0', '203.0.113.5/24', '2001:db8::5/64'),
      ...interfaceOf('znic0', '10.2.0.1/24', 'fd00:2::1/64'),
      'ipadm set-prop -t -p forwarding=on ipv4',
      'ipadm set-prop -t -p forwarding=on ipv6',
      'route -n add default 203.0.113.1',
    ].join(' && '),
    { zone: 'router' },
  );
  for (const [index, zone] of members.entries()) {
    await installZone(lab, zone, [`znic${index + 1}`]);
    await bootZone(lab, zone);
    await lab.mustRun(
      [
        ...interfaceOf(`znic${index + 1}`, `10.2.0.${index + 2}/24`, `fd00:2::${index + 2}/64`),
        'route -n add default 10.2.0.1',
        'route -n add -inet6 default fd00:2::1',
      ].join(' && '),
      { zone },
    );
  }
}

const interfaceOf = (link: string, address: string, address6: string): string[] => [
  `ipadm create-addr -t -T static -a ${address} ${link}/v4`,
  `ipadm create-addr -t -T addrconf ${link}/v6`,
  `ipadm create-addr -t -T static -a ${address6} ${link}/v6a`,
  // A gateway is not reachable through an address whose duplicates are still looked for (§10.2); nothing tells when.
  'while ipadm show-addr -p -o addrobj,state | grep -q :tentative; do sleep 0.02; done',
];
