// Link properties: the text after -p, what values they take and how these are printed (§1.9).
import { isIP } from 'node:net';
import { NotModelled } from '../daemon/call.ts';
import type { Lab, Link } from '../daemon/state.ts';
import { ETHERSTUB_MTU, PHYSICAL_MTU } from '../kernel/links.ts';
import { PROTECTION_TYPES } from '../kernel/protection.ts';
import { STATUS, type Status } from './dladm-status.ts';

export interface Assignment {
  readonly name: string;
  /** Empty: the property was named without a value. */
  readonly values: readonly string[];
}

/** What a value comes to: its stored and printed form, the status that refuses it, or the values that would do. */
export type Checked =
  | { readonly value: string }
  | { readonly fault: Status }
  | { readonly fault: 'one of'; readonly oneOf: readonly string[] };

export interface Property {
  readonly name: string;
  /** Applied when a VNIC is created with it (§1.5). */
  readonly resource?: boolean;
  /** Cannot be set for the next boot of the host. */
  readonly temporaryOnly?: boolean;
  /** What show-linkprop prints as DEFAULT, and as POSSIBLE; undefined: "--" for people, not known in parsable form. */
  default(lab: Lab, link: Link): string;
  possible(lab: Lab, link: Link): readonly string[] | undefined;
  check(values: readonly string[], lab: Lab, link: Link): Checked;
}

const LEAST_MTU = 576;
const NONE = '--';

const PROPERTIES: readonly Property[] = [
  {
    name: 'mtu',
    default: (lab, link) => String(mostMtu(lab, link)),
    possible: (lab, link) => [`${LEAST_MTU}-${mostMtu(lab, link)}`],
    check: ([value = ''], lab, link) =>
      /^[0-9]+$/.test(value) && Number(value) >= LEAST_MTU && Number(value) <= mostMtu(lab, link)
        ? { value: String(Number(value)) }
        : { fault: STATUS.badArgument },
  },
  {
    name: 'zone',
    temporaryOnly: true,
    default: () => '',
    possible: () => undefined,
    check: ([value = '']) => ({ value }),
  },
  {
    name: 'maxbw',
    resource: true,
    default: () => NONE,
    possible: () => undefined,
    check: ([value = '']) => checkBandwidth(value),
  },
  {
    name: 'priority',
    resource: true,
    default: () => 'high',
    possible: () => ['high', 'medium', 'low'],
    check: ([value = '']) => checkChoice([value], ['high', 'medium', 'low']),
  },
  {
    name: 'protection',
    resource: true,
    default: () => NONE,
    possible: () => PROTECTION_TYPES,
    check: (values) => checkChoice(values, PROTECTION_TYPES),
  },
  {
    name: 'allowed-ips',
    resource: true,
    default: () => NONE,
    possible: () => undefined,
    check: (values) => checkAddresses(values),
  },
];

/** Properties that exist and whose values the lab does not know. */
const NOT_MODELLED = new Set(
  (
    'allowed-dhcp-cids promisc-filtered secondary-macs cpus pool rxrings txrings learn_limit stp stp_priority stp_cost ' +
    'stp_edge stp_p2p stp_mcheck default_tag forward duplex speed flowctrl state adv_autoneg_cap'
  ).split(' '),
);

/** Undefined when there is no property of that name. */
export function findProperty(name: string): Property | undefined {
  if (NOT_MODELLED.has(name)) throw new NotModelled(`link property ${name}`);
  return PROPERTIES.find((property) => property.name === name);
}

export const isResourceProperty = (name: string) => findProperty(name)?.resource === true;

/** Checks an assignment against the link that will carry it; for create-vnic that is the link below. */
export function checkProperty(lab: Lab, link: Link, { name, values }: Assignment): Checked {
  const property = findProperty(name);
  if (property === undefined) throw new NotModelled(`link property ${name}`);
  return property.check(values, lab, link);
}

/**
 * Splits "a=1,2,b=3": a token before "=" begins a property, any other is a value of the current one.
 * Undefined when a token is empty or a value comes first.
 */
export function parseAssignments(list: string): readonly Assignment[] | undefined {
  const assignments: { name: string; values: string[] }[] = [];
  for (const token of list.split(/(?<=[=,])/)) {
    const word = token.replace(/[=,]$/, '');
    if (word === '') return undefined;
    const current = assignments.at(-1);
    if (token.endsWith('=')) assignments.push({ name: word, values: [] });
    else if (current === undefined) assignments.push({ name: word, values: [] });
    else current.values.push(word);
  }
  return list.endsWith(',') ? undefined : assignments;
}

/** Of the link, or of the one that carries it (§1.5). */
function mostMtu(lab: Lab, link: Link): number {
  const carrier = link.over ?? link.name;
  const record = lab.links.all().find(({ name, class: of }) => name === carrier && of !== 'vnic');
  return record?.class === 'etherstub' ? ETHERSTUB_MTU : PHYSICAL_MTU;
}

/** Every value one of the list; kept in the order of the list. */
function checkChoice(values: readonly string[], oneOf: readonly string[]): Checked {
  if (!values.every((value) => oneOf.includes(value))) return { fault: 'one of', oneOf };
  return { value: oneOf.filter((choice) => values.includes(choice)).join(',') };
}

const KBPS: Readonly<Record<string, number>> = { '': 1000, M: 1000, K: 1, G: 1_000_000 };
const LEAST_KBPS = 1200;

/** Printed in Mb/s, right-aligned in five columns. */
function checkBandwidth(text: string): Checked {
  const [, digits, unit = ''] = /^([0-9]+)([KMG]?)$/i.exec(text) ?? [];
  if (digits === undefined) throw new NotModelled(`maxbw=${text}`);
  const kbps = Number(digits) * (KBPS[unit.toUpperCase()] ?? 0);
  if (kbps === 0 || kbps % 1000 !== 0) {
    if (kbps !== 0 && kbps < LEAST_KBPS) return { fault: STATUS.maxbwTooSmall };
    throw new NotModelled(`maxbw=${text}, which is no whole number of Mb/s`);
  }
  return kbps < LEAST_KBPS ? { fault: STATUS.maxbwTooSmall } : { value: String(kbps / 1000).padStart(5) };
}

const MOST_ADDRESSES = 32;

/** Addresses and networks without host bits, always with a prefix length. */
function checkAddresses(values: readonly string[]): Checked {
  if (values.length > MOST_ADDRESSES) throw new NotModelled(`allowed-ips with ${values.length} addresses`);
  const written = values.map(prefixOf);
  return written.every((prefix) => prefix !== undefined) ? { value: written.join(',') } : { fault: STATUS.badAddress };
}

function prefixOf(text: string): string | undefined {
  const [address = '', length, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  if (length !== undefined && !(/^[0-9]{1,3}$/.test(length) && Number(length) <= bits)) return undefined;
  const prefixLength = length === undefined ? bits : Number(length);
  const value = version === 4 ? numberOf4(address) : numberOf6(address);
  const hostBits = value & ((1n << BigInt(bits - prefixLength)) - 1n);
  return hostBits === 0n ? `${canonical(address, version)}/${prefixLength}` : undefined;
}

const numberOf4 = (address: string) => address.split('.').reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);

const canonical = (address: string, version: number) =>
  version === 4 ? address : new URL(`http://[${address}]`).hostname.slice(1, -1);

function numberOf6(address: string): bigint {
  const [head = '', tail] = canonical(address, 6).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const middle = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => '0');
  return [...left, ...middle, ...right].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}
