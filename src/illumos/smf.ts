import type { ErrorCode } from '../domain/errors.ts';

export const ZONENET = 'svc:/network/zonenet:default';
export const ZONENET_FORWARDING = 'svc:/network/zonenet-forwarding:default';
export const IPFILTER = 'svc:/network/ipfilter:default';
export const IDENTITY_DOMAIN = 'svc:/system/identity:domain';

/** Exit statuses of a method (§6.4). SMF tries a method that ends with 1 three times; all others end in maintenance. */
export const SMF_EXIT = { ok: 0, again: 1, fatal: 95, config: 96, permission: 100 } as const;

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
  TEMPLATE_INVALID: 'config',
  FILE_REFUSED: 'config',
  NOT_OURS: 'config',
  COMMAND_FAILED: 'again',
  COMMAND_TIMEOUT: 'again',
  NOT_CONVERGED: 'again',
  ADDRESS_DUPLICATE: 'again',
  PRIVILEGE: 'permission',
};

export function exitStatusOf(code: ErrorCode): number {
  return SMF_EXIT[EXIT_OF[code] ?? 'fatal'];
}
