// What this machine lacks for the lab, feature by feature: each is tried for real, in namespaces that end with the try.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** One thing the lab needs, and whether this machine has it. */
export interface Finding {
  readonly feature: string;
  /** What does not work without it. */
  readonly use: string;
  readonly works: boolean;
  /** What the try printed, in one line; empty when it works. */
  readonly why: string;
  /** The Debian package that brings it; missing for what only the kernel can give. */
  readonly debian?: string;
  /** Whether the lab can start at all without it. */
  readonly essential: boolean;
}

interface Feature {
  readonly feature: string;
  readonly use: string;
  readonly debian?: string;
  readonly essential?: false;
  /** Shell lines run as root of fresh namespaces (user, mount, network, pid); status 0 is "works". */
  readonly script?: string;
  /** Programs of which one must be there. */
  readonly programs?: readonly string[];
}

const NFT = (rules: string) => `nft -f - <<'X'\n${rules}\nX`;

const FEATURES: readonly Feature[] = [
  { feature: 'ip', use: 'links, addresses, routes', programs: ['ip'], debian: 'iproute2' },
  { feature: 'nft', use: 'packet filter and NAT', programs: ['nft'], debian: 'nftables' },
  { feature: 'namespaces', use: 'everything', script: 'test "$(id -u)" = 0', debian: 'util-linux' },
  { feature: '/proc in a new pid namespace', use: 'zones', script: 'mount -t proc proc /proc' },
  {
    feature: 'overlay',
    use: 'the stand-ins over /usr',
    script: 'mount -t tmpfs t /mnt && mkdir /mnt/a && mount -t overlay o -o lowerdir=/mnt/a:/usr /mnt/a',
  },
  {
    feature: 'mount_setattr',
    use: 'read-only lofs',
    script: `mount -t tmpfs t /mnt && perl -e 'my $a = pack("Q4", 1, 0, 0, 0); my $p = "/mnt"; exit(syscall(442, -100, $p, 0, $a, 32) == 0 ? 0 : print STDERR "mount_setattr: $!" || 1)' && ! touch /mnt/x 2>/dev/null`,
  },
  { feature: 'veth', use: 'VNICs', script: 'ip link add v0 type veth peer name v1' },
  {
    feature: 'bridge',
    use: 'etherstubs',
    script:
      'ip link add b0 type bridge && ip link add v0 master b0 type veth peer name v1 && bridge link set dev v0 learning off flood off',
  },
  {
    feature: 'nft nat',
    use: 'ipnat',
    script: NFT(
      'table ip t { chain c { type nat hook postrouting priority 100; ip saddr 10.2.0.0/24 meta l4proto tcp snat to 203.0.113.5:10000-29999; }\n }',
    ),
  },
  {
    feature: 'nft ct mark',
    use: 'ipf keep state',
    script: NFT('table ip t { chain c { type filter hook prerouting priority 0; ct mark set 0x00010001 accept; }\n }'),
  },
  {
    feature: 'nft reject in prerouting',
    use: 'ipf return-rst and return-icmp',
    script: NFT(
      'table ip t { chain c { type filter hook prerouting priority 0; meta l4proto tcp reject with tcp reset; }\n }',
    ),
  },
  {
    feature: 'nft verdict map',
    use: 'ipf last match wins',
    script: NFT(
      'table ip t { chain c { type filter hook prerouting priority 0; meta mark vmap { 1 : drop, 2 : accept }\n }\n }',
    ),
  },
  {
    feature: 'nft bridge table',
    use: 'link protection',
    script: NFT(
      'table bridge t { chain c { type filter hook prerouting priority 0; ether type arp counter drop; }\n }',
    ),
  },
  {
    feature: 'packet sockets',
    use: 'capture and injection',
    script: `perl -e 'socket(my $s, 17, 3, 0) or die "socket: $!\\n"'`,
  },
  {
    feature: 'tbf',
    use: 'maxbw',
    essential: false,
    script: 'ip link add v0 type veth peer name v1 && tc qdisc add dev v0 root tbf rate 10mbit burst 10k latency 50ms',
  },
  {
    feature: 'C compiler or perl',
    use: 'the client and the zones’ init',
    programs: ['cc', 'perl'],
    debian: 'perl-base',
  },
  { feature: 'ping', use: 'the story', programs: ['ping'], debian: 'iputils-ping' },
  { feature: 'curl', use: 'the story', programs: ['curl'], debian: 'curl' },
  { feature: 'busybox', use: 'DHCP clients, arping', programs: ['busybox'], debian: 'busybox', essential: false },
  {
    feature: 'dnsmasq',
    use: 'tests with DNS and DHCP',
    programs: ['dnsmasq'],
    debian: 'dnsmasq-base',
    essential: false,
  },
  { feature: 'nginx', use: 'tests with a reverse proxy', programs: ['nginx'], debian: 'nginx-light', essential: false },
  { feature: 'haproxy', use: 'tests with a reverse proxy', programs: ['haproxy'], debian: 'haproxy', essential: false },
  {
    feature: 'xmllint',
    use: 'the second opinion on manifests',
    programs: ['xmllint'],
    debian: 'libxml2-utils',
    essential: false,
  },
];

const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Tries every feature the lab uses. Takes about a second. */
export function examine(): Finding[] {
  return FEATURES.map(({ feature, use, debian, essential = true, script, programs = [] }) => {
    const found =
      programs.length === 0 || programs.some((name) => PATH.some((folder) => existsSync(`${folder}/${name}`)));
    const why = found ? (script === undefined ? '' : tryScript(script)) : `${programs.join(' or ')} not found`;
    return { feature, use, works: why === '', why, essential, ...(debian === undefined ? {} : { debian }) };
  });
}

/** What went wrong, in one line; empty when nothing did. */
function tryScript(script: string): string {
  const kinds = process.getuid?.() === 0 ? '-mnpf' : '-Urmnpf';
  const { status, stderr, error } = spawnSync('unshare', [kinds, '--kill-child', '/bin/sh', '-c', script], {
    env: { PATH: PATH.join(':'), LC_ALL: 'C' },
    encoding: 'utf8',
    timeout: 10_000,
  });
  if (error !== undefined) return error.message;
  return status === 0 ? '' : stderr.trim().split('\n')[0] || `exit status ${status}`;
}

/** The findings as a table for people, and the one line that would bring what Debian has. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ feature }) => feature.length));
  const rows = findings.map(({ feature, use, works, why, essential }) => {
    const state = works ? 'ok     ' : essential ? 'MISSING' : 'missing';
    return `${state}  ${feature.padEnd(width)}  ${works ? `for ${use}` : `${why} (for ${use})`}`;
  });
  const packages = [
    ...new Set(findings.flatMap(({ works, debian }) => (works || debian === undefined ? [] : [debian]))),
  ];
  const cure =
    packages.length === 0
      ? []
      : ['', 'As root:', `  apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`];
  return [...rows, ...cure, ''].join('\n');
}
