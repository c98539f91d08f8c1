// The names of links and zones (§1.2, §4.1, ipfilter.md 9; conformance/names.json).

/** Bytes of a link name. */
export const LONGEST_LINK_NAME = 31;

/** Letters, digits, "_" and "."; no digit first, a number without leading zeros last; at most 31. */
export function isLinkName(name: string): boolean {
  return name.length <= LONGEST_LINK_NAME && /^[A-Za-z_.](?:[A-Za-z0-9_.]*[A-Za-z_.])?(?:0|[1-9][0-9]*)$/.test(name);
}

/** At most 63; a letter or digit first, then also "-", "_" and "."; not "global". */
export function isZoneName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name) && name !== 'global';
}
