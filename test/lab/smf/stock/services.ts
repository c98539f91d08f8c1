import type { StockInstance, StockService } from './service.ts';

const on: readonly StockInstance[] = [{ name: 'default', enabled: true }];
const off: readonly StockInstance[] = [{ name: 'default', enabled: false }];
const milestone = (name: string) => `svc:/milestone/${name}:default`;

/**
 * The services of the operating system that a zone's network depends on, with the order of §2.7 and §11.8.
 * system/identity:domain is enabled as distributions' profiles do; the gate ships it disabled (§7.3).
 */
export const STOCK_SERVICES: readonly StockService[] = [
  { name: 'system/svc/restarter', type: 'restarter', summary: 'master restarter', instances: on },
  { name: 'system/filesystem/root', summary: 'root file system mount', instances: on },
  {
    name: 'system/filesystem/usr',
    summary: 'read/write root file systems mounts',
    needs: [{ kind: 'require_all/none', on: ['svc:/system/filesystem/root'] }],
    instances: on,
  },
  {
    name: 'milestone/devices',
    type: 'milestone',
    summary: 'device configuration milestone',
    needs: [{ kind: 'require_all/none', on: ['svc:/system/filesystem/usr'] }],
    instances: on,
  },
  {
    name: 'network/datalink-management',
    summary: 'data-link management daemon',
    start: '/lib/svc/method/svc-dlmgmtd',
    instances: on,
  },
  {
    name: 'network/ip-interface-management',
    summary: 'IP interface management',
    needs: [{ kind: 'require_all/none', on: ['svc:/network/datalink-management'] }],
    start: '/lib/svc/method/net-ipmgmt start',
    instances: on,
  },
  {
    name: 'network/loopback',
    summary: 'loopback network interface',
    needs: [{ kind: 'require_all/none', on: ['svc:/network/ip-interface-management'] }],
    start: '/lib/svc/method/net-loopback',
    instances: on,
  },
  {
    name: 'network/physical',
    summary: 'physical network interfaces',
    needs: [
      { kind: 'require_all/none', on: ['svc:/network/ip-interface-management'] },
      { kind: 'require_all/none', on: ['svc:/network/loopback'] },
    ],
    start: '/lib/svc/method/net-physical',
    timeout: 600,
    instances: on,
  },
  {
    name: 'system/filesystem/minimal',
    summary: 'minimal file system mounts',
    needs: [{ kind: 'require_all/none', on: ['svc:/system/filesystem/usr', 'svc:/milestone/devices'] }],
    instances: on,
  },
  {
    name: 'system/identity',
    summary: 'system identity',
    instances: [
      {
        name: 'node',
        enabled: true,
        needs: [
          { kind: 'require_all/none', on: ['svc:/network/loopback'] },
          { kind: 'optional_all/none', on: ['svc:/network/physical'] },
        ],
        methods: { start: '/lib/svc/method/identity-node' },
      },
      {
        name: 'domain',
        enabled: true,
        needs: [{ kind: 'require_all/none', on: ['svc:/system/filesystem/minimal', 'svc:/system/identity:node'] }],
      },
    ],
  },
  {
    name: 'system/manifest-import',
    summary: 'service manifest import',
    needs: [{ kind: 'require_all/none', on: ['svc:/system/filesystem/minimal'] }],
    start: '/lib/svc/method/manifest-import',
    timeout: 1800,
    instances: on,
  },
  {
    name: 'network/ipfilter',
    summary: 'IP Filter',
    needs: [
      { kind: 'require_all/none', on: ['svc:/system/filesystem/minimal'] },
      { kind: 'require_all/restart', on: ['svc:/network/physical'] },
      { kind: 'require_all/restart', on: ['svc:/system/identity:node'] },
      { kind: 'require_all/restart', on: ['svc:/system/identity:domain'] },
    ],
    before: ['svc:/milestone/network'],
    start: '/lib/svc/method/ipfilter start',
    stop: '/lib/svc/method/ipfilter stop',
    refresh: '/lib/svc/method/ipfilter reload',
    timeout: 120,
    instances: [
      {
        name: 'default',
        enabled: false,
        groups: {
          config: {
            ipf6_config_file: ['astring', '/etc/ipf/ipf6.conf'],
            ipnat_config_file: ['astring', '/etc/ipf/ipnat.conf'],
            ippool_config_file: ['astring', '/etc/ipf/ippool.conf'],
          },
          firewall_config_default: {
            policy: ['astring', 'none'],
            custom_policy_file: ['astring', '/etc/ipf/ipf.conf'],
            custom_policy_file_6: ['astring', '/etc/ipf/ipf6.conf'],
            version: ['count', '0'],
          },
          firewall_config_override: { policy: ['astring', 'none'] },
        },
      },
    ],
  },
  {
    name: 'milestone/network',
    type: 'milestone',
    summary: 'Network milestone',
    needs: [{ kind: 'require_all/none', on: ['svc:/network/loopback', 'svc:/network/physical'] }],
    instances: on,
  },
  {
    name: 'network/iptun',
    summary: 'IP tunnel configuration',
    needs: [{ kind: 'require_all/none', on: ['svc:/network/ip-interface-management', 'svc:/milestone/network'] }],
    instances: on,
  },
  {
    name: 'network/initial',
    summary: 'initial network services',
    needs: [{ kind: 'require_all/none', on: ['svc:/milestone/network'] }],
    instances: on,
  },
  {
    name: 'network/netmask',
    summary: 'Network Netmask Configuration',
    needs: [{ kind: 'require_all/none', on: ['svc:/milestone/network'] }],
    start: '/lib/svc/method/net-netmask',
    instances: on,
  },
  {
    name: 'network/routing-setup',
    summary: 'Initial routing-related configuration.',
    needs: [
      {
        kind: 'require_all/none',
        on: ['svc:/system/filesystem/usr', 'svc:/milestone/devices', 'svc:/milestone/network'],
      },
      { kind: 'optional_all/none', on: ['svc:/system/manifest-import'] },
    ],
    start: '/lib/svc/method/net-routing-setup',
    instances: on,
  },
  {
    name: 'network/routing/ndp',
    summary: 'in.ndpd IPv6 auto-configuration daemon',
    needs: [{ kind: 'require_all/none', on: ['svc:/network/routing-setup'] }],
    instances: on,
  },
  {
    name: 'network/routing/route',
    summary: 'in.routed network routing daemon.',
    needs: [{ kind: 'require_all/none', on: ['svc:/network/routing-setup'] }],
    instances: off,
  },
  {
    name: 'network/routing/ripng',
    summary: 'in.ripngd network routing daemon for IPv6.',
    needs: [{ kind: 'require_all/none', on: ['svc:/network/routing-setup'] }],
    instances: off,
  },
  {
    name: 'milestone/single-user',
    type: 'milestone',
    summary: 'single-user milestone',
    needs: [
      {
        kind: 'require_all/none',
        on: [
          ...['svc:/system/identity:node', 'svc:/system/filesystem/minimal', 'svc:/milestone/devices'],
          'svc:/system/manifest-import',
        ],
      },
      { kind: 'optional_all/none', on: ['svc:/milestone/network', 'svc:/network/routing-setup'] },
    ],
    instances: on,
  },
  {
    name: 'system/filesystem/local',
    summary: 'local file system mounts',
    needs: [{ kind: 'require_all/none', on: ['svc:/system/filesystem/minimal', milestone('single-user')] }],
    instances: on,
  },
  {
    name: 'network/ipv4-forwarding',
    summary: 'IPv4 forwarding',
    needs: [{ kind: 'require_all/none', on: ['svc:/system/filesystem/local', 'svc:/network/routing-setup'] }],
    start: '/lib/svc/method/svc-forwarding ipv4 on',
    stop: '/lib/svc/method/svc-forwarding ipv4 off',
    instances: off,
  },
  {
    name: 'network/ipv6-forwarding',
    summary: 'IPv6 forwarding',
    needs: [{ kind: 'require_all/none', on: ['svc:/system/filesystem/local', 'svc:/network/routing-setup'] }],
    start: '/lib/svc/method/svc-forwarding ipv6 on',
    stop: '/lib/svc/method/svc-forwarding ipv6 off',
    instances: off,
  },
  {
    name: 'network/service',
    summary: 'layered network services',
    needs: [{ kind: 'require_all/none', on: [milestone('single-user'), 'svc:/network/routing-setup'] }],
    instances: on,
  },
  {
    name: 'network/dns/client',
    summary: 'DNS resolver',
    needs: [
      { kind: 'require_all/none', on: ['file://localhost/etc/resolv.conf'] },
      { kind: 'require_all/none', on: ['svc:/milestone/network'] },
    ],
    refresh: ':true',
    instances: on,
  },
  {
    name: 'milestone/name-services',
    type: 'milestone',
    summary: 'name services milestone',
    needs: [{ kind: 'optional_all/none', on: ['svc:/network/dns/client', 'svc:/network/service'] }],
    instances: on,
  },
  {
    name: 'system/name-service-cache',
    summary: 'name service cache',
    needs: [{ kind: 'require_all/none', on: ['svc:/system/filesystem/minimal'] }],
    refresh: ':true',
    instances: on,
  },
  {
    name: 'milestone/multi-user',
    type: 'milestone',
    summary: 'multi-user milestone',
    needs: [
      {
        kind: 'require_all/none',
        on: [milestone('single-user'), 'svc:/system/filesystem/local', milestone('name-services')],
      },
    ],
    instances: on,
  },
  {
    name: 'milestone/multi-user-server',
    type: 'milestone',
    summary: 'multi-user plus exports milestone',
    needs: [{ kind: 'require_all/none', on: [milestone('multi-user')] }],
    instances: on,
  },
  {
    name: 'system/zones',
    summary: 'Zones autoboot and graceful shutdown',
    needs: [{ kind: 'require_all/none', on: [milestone('multi-user-server')] }],
    instances: on,
    globalOnly: true,
  },
];
