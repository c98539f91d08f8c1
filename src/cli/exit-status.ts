import { type ErrorCode, OperatorError } from '../domain/errors.ts';

/** How znetadm ends. */
export const EXIT = { done: 0, failed: 1, usage: 2, full: 3, notFound: 4, inUse: 5, drift: 6 } as const;

/** What is not listed is a failure. Values that cannot be read come from the command line: those of files are wrapped. */
const STATUS_OF: Partial<Record<ErrorCode, keyof typeof EXIT>> = {
  USAGE: 'usage',
  ADDRESS_INVALID: 'usage',
  PREFIX_INVALID: 'usage',
  NAME_INVALID: 'usage',
  VALUE_INVALID: 'usage',
  NETWORK_FULL: 'full',
  POOL_FULL: 'full',
  NAMES_FULL: 'full',
  NOT_FOUND: 'notFound',
  IN_USE: 'inUse',
  ADDRESS_TAKEN: 'inUse',
  DRIFT: 'drift',
};

export function exitStatusOf(error: unknown): number {
  return EXIT[error instanceof OperatorError ? (STATUS_OF[error.code] ?? 'failed') : 'failed'];
}
