import type { ErrorCode } from '../domain/errors.ts';

export const ZONENET = 'svc:/network/zonenet:default';
export const ZONENET_IPV6 = 'svc:/network/zonenet-ipv6:default';
export const ZONENET_FORWARDING = 'svc:/network/zonenet-forwarding:default';
export const IPFILTER = 'svc:/network/ipfilter:default';
export const IDENTITY_DOMAIN = 'svc:/system/identity:domain';
/** dnsmasq, in a proxy that serves names. */
export const ZONENET_NAMES = 'svc:/network/zonenet-names:default';
/** The web servers of a proxy, one instance each. */
export const ZONENET_WEB = {
  nginx: 'svc:/network/zonenet-web:nginx',
  haproxy: 'svc:/network/zonenet-web:haproxy',
} as const;
/** Services of ours that run a program in a proxy, which older zones may lack. */
export const OWN_PROGRAMS: readonly string[] = [ZONENET_NAMES, ZONENET_WEB.nginx, ZONENET_WEB.haproxy];
/** nscd, which keeps names it has looked up (§9). */
export const NAME_SERVICE_CACHE = 'svc:/system/name-service-cache:default';
/** in.ndpd, without which there is no IPv6 address (§2.3). */
export const NEIGHBOUR_DISCOVERY = 'svc:/network/routing/ndp:default';

/**
 * Exit statuses of a method (§6.4). SMF tries a method that ends with 1 three times; 97 lets the service run, degraded;
 * all others end in maintenance.
 */
export const SMF_EXIT = { ok: 0, again: 1, fatal: 95, config: 96, degraded: 97, permission: 100 } as const;

/** How the start method ends for each failure. What is not listed no retry can mend: fatal. */
const EXIT_OF: Partial<Record<ErrorCode, keyof typeof SMF_EXIT>> = {
  ADDRESS_INVALID: 'config',
  PREFIX_INVALID: 'config',
  NAME_INVALID: 'config',
  VALUE_INVALID: 'config',
  INI_INVALID: 'config',
  METADATA_MISSING: 'config',
  METADATA_INVALID: 'config',
  METADATA_FOREIGN: 'config',
  METADATA_NEWER: 'config',
  METADATA_OLDER: 'config',
  TEMPLATE_INVALID: 'config',
  FILE_REFUSED: 'config',
  NOT_OURS: 'config',
  COMMAND_FAILED: 'again',
  COMMAND_TIMEOUT: 'again',
  NOT_CONVERGED: 'again',
  ADDRESS_DUPLICATE: 'again',
  LOCKED: 'again',
  PRIVILEGE: 'permission',
};

export function exitStatusOf(code: ErrorCode): number {
  return SMF_EXIT[EXIT_OF[code] ?? 'fatal'];
}
