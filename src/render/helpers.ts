import type { Helper, HelperOptions } from 'handlebars/runtime.js';
import { addressFromValue, addressValue, familyOf, parseAddress } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import {
  formatPrefix,
  type InterfaceAddress,
  netmaskOf,
  networkOf,
  parseInterfaceAddress,
  prefixRange,
} from '../domain/prefix.ts';

/** A mistake in the use of a helper, with its place as Handlebars gives places: lines from 1, columns from 0. */
export class HelperError extends Error {
  override readonly name = 'HelperError';
  readonly lineNumber: number | undefined;
  readonly column: number | undefined;
  readonly endLineNumber: number | undefined;
  readonly endColumn: number | undefined;

  constructor(message: string, { loc }: Pick<HelperOptions, 'loc'>) {
    super(message);
    this.lineNumber = loc?.start.line;
    this.column = loc?.start.column;
    this.endLineNumber = loc?.end.line;
    this.endColumn = loc?.end.column;
  }
}

/** How a helper is written for people: its arguments, and what it gives. docs/templates.md shows the same. */
interface ValueHelper {
  /** Fewest and most arguments. */
  readonly takes: readonly [least: number, most: number];
  readonly give: (...args: unknown[]) => unknown;
}

/** The helpers for values, by name; none is a name of what templates are given. Addresses are texts: "10.2.0.7", "10.2.0.7/24", "fd00:1::/64". */
export const VALUE_HELPERS: Readonly<Record<string, ValueHelper>> = {
  addressOf: one((text) => readAddress(text)),
  prefixLengthOf: one((text) => withLength(text).prefixLength),
  networkOf: one((text) => formatPrefix(networkOf(withLength(text)))),
  netmaskOf: one((text) => netmaskOf(inet(text).prefixLength)),
  wildcardOf: one((text) => addressFromValue(0xffffffffn - addressValue(netmaskOf(inet(text).prefixLength)), 'inet')),
  broadcastOf: one((text) => addressFromValue(prefixRange(networkOf(inet(text))).last, 'inet')),
  hostNumberOf: one((text) => {
    const one = withLength(text);
    return `${addressValue(one.address) - prefixRange(networkOf(one)).first}`;
  }),
  nthAddress: {
    takes: [2, 2],
    give(prefix, number) {
      const network = networkOf(withLength(textOf(prefix)));
      const { first, last } = prefixRange(network);
      const wanted = /^\d{1,20}$/.test(`${number}`) ? first + BigInt(`${number}`) : last + 1n;
      if (wanted > last) throw refusal(`${formatPrefix(network)} has no address number ${JSON.stringify(number)}`);
      return addressFromValue(wanted, familyOf(network.address));
    },
  },
  reverseName: one((text) => reversed(readAddress(text)).join('.')),
  reverseZone: one((text) => {
    const { address, length } = networkOf(withLength(text));
    const bits = familyOf(address) === 'inet' ? 8 : 4;
    if (length % bits !== 0) throw refusal(`"${text}" has no zone of its own: its length is no multiple of ${bits}`);
    const names = reversed(address);
    return names.slice((familyOf(address) === 'inet' ? 4 : 32) - length / bits).join('.');
  }),
  isInet: one((text) => familyOf(parseAddress(readAddress(text))) === 'inet'),
  isInet6: one((text) => familyOf(parseAddress(readAddress(text))) === 'inet6'),
  eq: { takes: [2, 2], give: (a, b) => `${a}` === `${b}` },
  default: { takes: [2, 2], give: (value, other) => (value === undefined ? other : value) },
  join: {
    takes: [2, 2],
    give: (list, between) => (Array.isArray(list) ? list.map(textOf) : [textOf(list)]).join(textOf(between)),
  },
  /** In double quotes, with "\" before what would end them. */
  json: one((text) => JSON.stringify(text)),
  /** One word of sh. */
  shell: one((text) => `'${text.replaceAll("'", `'\\''`)}'`),
};

/** The helpers for values as Handlebars calls them: what they refuse is told with its place. */
export const valueHelpers: Readonly<Record<string, Helper>> = Object.fromEntries(
  Object.entries(VALUE_HELPERS).map(([name, { takes, give }]): [string, Helper] => [
    name,
    (...args) => {
      const options = args.pop() as HelperOptions;
      const [least, most] = takes;
      if (args.length < least || args.length > most) {
        throw new HelperError(
          `"${name}" takes ${least === most ? least : `${least} to ${most}`}, not ${args.length} values`,
          options,
        );
      }
      try {
        return give(...args);
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        throw new HelperError(`${name}: ${error.message}`, options);
      }
    },
  ]),
);

function one(give: (text: string) => unknown): ValueHelper {
  return { takes: [1, 1], give: (value) => give(textOf(value)) };
}

function textOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  throw refusal(value === undefined ? 'what it is given is not there' : 'what it is given is no text');
}

function readAddress(text: string): string {
  return text.includes('/') ? parseInterfaceAddress(text).address : parseAddress(text);
}

function withLength(text: string): InterfaceAddress {
  return parseInterfaceAddress(text);
}

function inet(text: string): InterfaceAddress {
  const parsed = withLength(text);
  if (familyOf(parsed.address) === 'inet') return parsed;
  throw refusal(`"${text}" is no IPv4 address`);
}

/** The labels of an address in the DNS, the host's first (RFC 1035, section 3.5; RFC 3596, section 2.5). */
function reversed(text: string): string[] {
  const address = parseAddress(text);
  if (familyOf(address) === 'inet') return [...address.split('.').reverse(), 'in-addr', 'arpa'];
  return [...[...addressValue(address).toString(16).padStart(32, '0')].reverse(), 'ip6', 'arpa'];
}

function refusal(message: string): OperatorError {
  return new OperatorError('VALUE_INVALID', message);
}
