// DHCP leases by busybox's client, which stands in for dhcpagent (lab.md part 8).
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotModelled } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { type Address, type Prefixed, parseAddress } from './ip-address.ts';
import { type IpInterface, netnsOf } from './ip-stack.ts';
import { addRoute, deleteRoute, type RouteRequest } from './routes.ts';

export interface Lease {
  readonly address: Prefixed;
  readonly router?: Address;
}

/** Asks for a lease: three tries of a second each. Undefined when none came. */
export async function acquireLease(lab: Lab, zone: Zone, { device }: IpInterface): Promise<Lease | undefined> {
  const directory = await mkdtemp(join(lab.run, 'dhcp-'));
  const [script, answer] = [join(directory, 'script'), join(directory, 'answer')];
  try {
    await writeFile(script, `#!/bin/sh\n[ "$1" = bound ] && echo "$ip $mask $router" > ${answer}\nexit 0\n`);
    await chmod(script, 0o755);
    const argv = ['busybox', 'udhcpc', '-i', device, '-n', '-q', '-f', '-t', '3', '-T', '1', '-s', script];
    const run = await lab.kernel.exec(netnsOf(zone), argv);
    if (run.status === 127) throw new NotModelled(`DHCP without busybox's udhcpc: ${run.stderr}`);
    if (run.status !== 0) return undefined;
    return parseLease(await readFile(answer, 'utf8'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Reads the script's line: address, prefix length, routers in order of preference. */
export function parseLease(text: string): Lease {
  const [ip = '', mask = '', router = ''] = text.trim().split(' ');
  const address = parseAddress(ip);
  if (address === undefined) throw new Error(`the DHCP client reported "${text}"`);
  const way = parseAddress(router);
  return { address: { ...address, length: Number(mask) }, ...(way === undefined ? {} : { router: way }) };
}

const defaultBy = (gateway: Address): RouteRequest => ({
  destination: { family: 'ipv4', value: 0n, length: 0 },
  gateway,
  kind: 'gateway',
});

/** The agent adds a default route by the router of the lease (illumos-gate: cmd-inet/sbin/dhcpagent/bound.c). */
export async function addLeaseRoute(lab: Lab, zone: Zone, router: Address): Promise<void> {
  await addRoute(lab, zone, defaultBy(router));
}

/** And takes it away with the lease. */
export async function deleteLeaseRoute(lab: Lab, zone: Zone, router: Address): Promise<void> {
  await deleteRoute(lab, zone, defaultBy(router));
}
