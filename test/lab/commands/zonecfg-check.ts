// What zonecfg checks beyond the grammar: values as they are set, resources when they end, the whole before it is saved
// (§4.2 to §4.4, ipfilter.md 8).
import { isIP } from 'node:net';
import { isLinkName } from './names.ts';
import { type Draft, isExclusive, type Resource, SHAPES } from './zonecfg-draft.ts';

/** Characters of an address or a router in a net resource. */
const LONGEST_ADDRESS = 45;
const LONGEST_PHYSICAL = 31;
/** Of an attr's name and value. */
const LONGEST_ATTR = 255;

/** Why a property of the zone cannot have this value; undefined when it can. */
export function refuseGlobal(name: string, value: string): string | undefined {
  switch (name) {
    case 'zonepath':
      if (!value.startsWith('/')) return `${value} is not an absolute path.`;
      return value === '/' ? '/ is not allowed as a zonepath.' : undefined;
    case 'autoboot':
      return value === 'true' || value === 'false' ? undefined : "autoboot value must be 'true' or 'false'.";
    case 'ip-type':
      return value === 'shared' || value === 'exclusive' ? undefined : "ip-type value must be 'shared' or 'exclusive'.";
    case 'pool':
      return value.startsWith('SUNW') ? `pool: ${value} begins with SUNW` : undefined;
    default:
      return undefined;
  }
}

/** Why a property of a resource cannot have this value; undefined when it can. */
export function refuseValue({ type }: Resource, name: string, value: string): string | undefined {
  switch (`${type} ${name}`) {
    case 'net address':
    case 'net allowed-address':
      return isAddress(value) ? undefined : `${value}: invalid network address`;
    case 'net defrouter':
      return isIP(value.split('/')[0] ?? '') !== 0 && value.length <= LONGEST_ADDRESS
        ? undefined
        : `${value}: invalid network address`;
    case 'net physical':
      return value.length <= LONGEST_PHYSICAL ? undefined : `${value}: invalid physical interface name`;
    case 'fs dir':
      return value.startsWith('/') ? undefined : `${value} is not an absolute path.`;
    case 'fs type':
      return value.includes('/') ? `${value}: invalid file system type` : undefined;
    case 'attr name':
      return /^[A-Za-z0-9.-]+$/.test(value) && value.length <= LONGEST_ATTR ? undefined : `${value}: invalid name`;
    case 'attr type':
      return ['string', 'int', 'uint', 'boolean'].includes(value) ? undefined : `${value}: invalid type`;
    case 'attr value':
      return value.length <= LONGEST_ATTR ? undefined : 'value: too long';
    case 'rctl name':
      return /^(zone|project|process|task)\.[a-z-]+$/.test(value) ? undefined : `${value}: invalid rctl name`;
    default:
      return undefined;
  }
}

/** An IPv4 address may go without a prefix length, an IPv6 address may not. */
function isAddress(text: string): boolean {
  const [address = '', length, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || text.length > LONGEST_ADDRESS) return false;
  if (length === undefined) return version === 4;
  return /^[0-9]{1,3}$/.test(length) && Number(length) <= (version === 4 ? 32 : 128);
}

/** Why a resource cannot end as it is: what it lacks, or another that says the same. */
export function refuseResource(draft: Draft, resource: Resource, edited: Resource | undefined): readonly string[] {
  const { required, list } = SHAPES[resource.type];
  const missing = required.filter((name) => (resource.values.get(name) ?? '') === '' && !isEmptyAttr(resource, name));
  const lacks = list === 'value' && resource.list.length === 0 ? [...missing, 'value'] : missing;
  if (lacks.length > 0) return lacks.map((name) => `${name} not specified`);
  const key = keyOf(resource);
  const others = draft.resources.filter((other) => other !== edited && other.type === resource.type);
  if (!others.some((other) => keyOf(other) === key)) return [];
  const value = (name: string) => resource.values.get(name) ?? '';
  if (resource.type === 'net') {
    const [physical, allowed] = [value('physical'), value('allowed-address')];
    return [`A net resource with the physical '${physical}', and allowed-address '${allowed}' already exists.`];
  }
  const [name = ''] = required;
  const article = resource.type === 'attr' ? 'An' : 'A';
  return [`${article} ${resource.type} resource with the ${name} '${value(name)}' already exists.`];
}

/** An attr may have an empty value; it may not have none. */
const isEmptyAttr = ({ type, values }: Resource, name: string) =>
  type === 'attr' && name === 'value' && values.has('value');

/** What no two resources of a kind may have in common. */
function keyOf({ type, values }: Resource): string {
  const { properties, required } = SHAPES[type];
  return (type === 'net' ? properties : required.slice(0, 1)).map((name) => values.get(name) ?? '').join(' ');
}

/** Why the whole cannot be saved, in the order it is said; empty when it can. The last says it all once more. */
export function verify(zoneName: string, draft: Draft): readonly string[] {
  const faults = [
    ...((draft.globals.get('zonepath') ?? '') === '' ? ['zonepath not specified'] : []),
    ...draft.resources.filter(({ type }) => type === 'net').flatMap((net) => netFaults(draft, net)),
  ];
  if (faults.length === 0) return [];
  const sum = faults[0] === 'zonepath not specified' ? 'Required resource missing' : 'Invalid argument';
  return [...faults, `zone ${zoneName} failed to verify`, `${zoneName}: ${sum}`];
}

function netFaults(draft: Draft, { values }: Resource): string[] {
  const has = (name: string) => (values.get(name) ?? '') !== '';
  const physical = values.get('physical') ?? '';
  if (!isExclusive(draft)) {
    return [
      ...(has('address') ? [] : ['net: address not specified']),
      ...(has('allowed-address') ? ['net: allowed-address cannot be specified for a shared IP type'] : []),
    ];
  }
  return [
    ...(isLinkName(physical) ? [] : [`${physical}: invalid physical interface name`]),
    ...(has('address') ? ['net: address cannot be specified for an exclusive IP type'] : []),
    ...(has('defrouter') && !has('allowed-address')
      ? [`net: defrouter for ${physical} cannot be specified without allowed-address for an exclusive IP type`]
      : []),
  ];
}
