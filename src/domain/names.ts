import type { Brand } from './brand.ts';
import { OperatorError } from './errors.ts';

/** A data link as dladm(8) accepts it: 1 to 31 characters, ends in a number without leading zeros (§1.2). */
export type LinkName = Brand<string, 'LinkName'>;

/**
 * A zone as zonecfg(8) accepts it: 1 to 63 characters, first a letter or digit (§4.1); or "global", the host itself, which
 * is there and cannot be made.
 */
export type ZoneName = Brand<string, 'ZoneName'>;

/** The zone that is the host itself. */
export const GLOBAL = 'global' as ZoneName;

/** A hidden network: a name of ours that is a file name as well, with the grammar of a zone's. */
export type NetworkName = Brand<string, 'NetworkName'>;

/** A label that zones carry, so that rules can name them together; with the grammar of a zone's name. */
export type GroupName = Brand<string, 'GroupName'>;

/** A domain name in lower case without the last dot, at most 253 characters. */
export type DomainName = Brand<string, 'DomainName'>;

/**
 * Reads the name of a data link.
 *
 * dladm lets a leading "_" or "." pass and numbers past 4294967294; its manual does not, and neither do we (§1.2).
 *
 * @throws {OperatorError} NAME_INVALID
 */
export function parseLinkName(text: string): LinkName {
  const unit = /^[A-Za-z](?:[A-Za-z0-9_.]*[A-Za-z_.])?(0|[1-9][0-9]*)$/.exec(text)?.[1];
  if (text.length <= 31 && unit !== undefined && Number(unit) <= 4294967294) return text as LinkName;
  throw new OperatorError('NAME_INVALID', `Cannot use "${text}" as the name of a link`, {
    hint: 'Write 1 to 31 letters, digits, "_" or ".", a letter first and a number without leading zeros last, like znic0',
  });
}

/**
 * Reads the name of a zone. Names that begin with SUNW are illumos's own.
 *
 * @throws {OperatorError} NAME_INVALID
 */
export function parseZoneName(text: string): ZoneName {
  if (isZoneLike(text) && text !== GLOBAL && !text.startsWith('SUNW')) return text as ZoneName;
  throw new OperatorError('NAME_INVALID', `Cannot use "${text}" as the name of a zone`, {
    hint: 'Write 1 to 63 letters, digits, "-", "_" or ".", a letter or digit first, not "global" and not SUNW…',
  });
}

/**
 * Reads the name of a zone that is there, which may be the global one.
 *
 * @throws {OperatorError} NAME_INVALID
 */
export function parseAnyZoneName(text: string): ZoneName {
  return text === GLOBAL ? GLOBAL : parseZoneName(text);
}

/**
 * Reads the name of a hidden network.
 *
 * @throws {OperatorError} NAME_INVALID
 */
export function parseNetworkName(text: string): NetworkName {
  if (isZoneLike(text)) return text as NetworkName;
  throw new OperatorError('NAME_INVALID', `Cannot use "${text}" as the name of a network`, {
    hint: 'Write 1 to 63 letters, digits, "-", "_" or ".", a letter or digit first, like back',
  });
}

/**
 * Reads the name of a group.
 *
 * @throws {OperatorError} NAME_INVALID
 */
export function parseGroupName(text: string): GroupName {
  if (isZoneLike(text)) return text as GroupName;
  throw new OperatorError('NAME_INVALID', `Cannot use "${text}" as the name of a group`, {
    hint: 'Write 1 to 63 letters, digits, "-", "_" or ".", a letter or digit first, like web',
  });
}

const isZoneLike = (text: string) => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(text);

/**
 * Reads a domain name for the resolver (RFC 1123 labels); a last dot is dropped, capitals are lowered.
 *
 * @throws {OperatorError} NAME_INVALID
 */
export function parseDomainName(text: string): DomainName {
  const name = text.replace(/\.$/, '').toLowerCase();
  if (name.length <= 253 && name.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))) {
    return name as DomainName;
  }
  throw new OperatorError('NAME_INVALID', `Cannot use "${text}" as a domain name`, {
    hint: 'Write labels of letters, digits and "-" parted by dots, like back.internal',
  });
}
