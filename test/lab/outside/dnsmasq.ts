// DNS and DHCP of the outside: the real dnsmasq, as lab.md part 8 has it.
import { join } from 'node:path';
import type { LabHandle } from '../lab.ts';
import type { RunResult } from '../programs.ts';
import { INTERNET } from './wire.ts';

/** A host that gets its address by DHCP, known by its MAC as Linux writes it: "02:08:20:00:00:01". */
export interface Lease {
  readonly mac: string;
  readonly address: string;
  readonly name: string;
}

export interface NamesOptions {
  /** Addresses of one name; others are NXDOMAIN. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly leases?: readonly Lease[];
}

function configuration(directory: string, { hosts = {}, leases = [] }: NamesOptions): string {
  const lines = [
    'port=53',
    `interface=${INTERNET.device}`,
    'bind-interfaces',
    'except-interface=lo',
    'no-resolv',
    'no-hosts',
    // Else it pings an address for up to 3 s before it offers it.
    'no-ping',
    'dhcp-authoritative',
    'dhcp-range=203.0.113.0,static,255.255.255.0,120s',
    ...leases.map(({ mac, address, name }) => `dhcp-host=${mac},${address},${name}`),
    `dhcp-option=option:router,${INTERNET.address}`,
    `dhcp-option=option:dns-server,${INTERNET.address}`,
    'domain=lab.example',
    // A name without an address of one family answers NODATA, as real servers do.
    ...Object.entries(hosts).map(([name, addresses]) => `host-record=${name},${addresses.join(',')}`),
    'address=/#/',
    `dhcp-leasefile=${join(directory, 'dnsmasq.leases')}`,
    'log-facility=-',
    'log-queries',
    'log-dhcp',
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Starts dnsmasq on the outside host and resolves when it serves. It ends with `stop` or with the lab.
 *
 * In the foreground, with "-d" also as root: the form that changes no user works in every mode.
 */
export async function startDnsmasq(lab: LabHandle, options: NamesOptions = {}) {
  const file = join(lab.directory, 'dnsmasq.conf');
  const outside = { netns: 'inet', cwd: '/' };
  await lab.mustRun(['/bin/sh', '-c', 'cat > "$0"', file], {
    ...outside,
    stdin: configuration(lab.directory, options),
  });
  const server = lab.spawn(['/bin/sh', '-c', 'exec dnsmasq -d -C "$0" 2>&1', file], outside);
  await server.said('sockets bound');
  return {
    /** What it has logged: queries and leases. */
    log: server.stdout,
    said: server.said,
    stop: async (): Promise<RunResult> => {
      await server.kill('SIGTERM');
      return await server.ended;
    },
  };
}
