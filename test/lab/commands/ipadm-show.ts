// ipadm show-if and show-addr (§2.2, §2.3, §11.2).

import type { Call } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';
import type { Zone } from '../daemon/state.ts';
import { type KernelAddress, pollTentative, readAddresses, stateOf } from '../kernel/addresses.ts';
import { allowedIps } from '../kernel/forwarding.ts';
import { givenInterfaces } from '../kernel/from-global-zone.ts';
import { contains, formatPrefixed, LINK_LOCAL, sameAddress } from '../kernel/ip-address.ts';
import { type AddressObject, type AddressRequest, netnsOf, recordingOf, stackOf } from '../kernel/ip-stack.ts';
import { getopt, lastOf, type Options } from './getopt.ts';
import type { Subcommand } from './ipadm.ts';
import { die, STATUS } from './ipadm-failure.ts';
import { type Field, formatTable, type TableOptions } from './ofmt.ts';

interface InterfaceRow {
  readonly ifname: string;
  readonly class: string;
  readonly state: string;
  readonly current: string;
  readonly persistent: string;
}

const INTERFACE_FIELDS: readonly Field<InterfaceRow>[] = [
  { name: 'ifname', width: 11, value: (row) => row.ifname },
  { name: 'class', width: 10, value: (row) => row.class },
  { name: 'state', width: 9, value: (row) => row.state },
  { name: 'current', width: 13, value: (row) => row.current },
  { name: 'persistent', width: 11, value: (row) => row.persistent },
];

/** Prints a table the way ipadm does: faults of the field list end it, or are a warning. */
export function printTable<Row>(
  call: Call,
  fields: readonly Field<Row>[],
  rows: readonly Row[],
  options: TableOptions,
): void {
  const table = formatTable(fields, rows, options);
  if ('fatal' in table) die(table.fatal);
  if (table.warning !== undefined) call.err(`ipadm: warning: ${table.warning}\n`);
  call.out(table.text);
}

export function tableOptions(options: Options, parsableLetter: string): TableOptions {
  const select = lastOf(options, 'o');
  return { parsable: options.given.has(parsableLetter), ...(select === undefined ? {} : { select }) };
}

export const showInterfaces: Subcommand = async (call, lab, args) => {
  const options = getopt('ipadm', args, 'po:');
  const [wanted, more] = options.operands;
  if (more !== undefined) throw new NotModelled('ipadm show-if with several interfaces: its usage text');
  const { zone } = call;
  const { interfaces, addresses } = stackOf(zone);
  const recorded = recordingOf(zone).interfaces;
  const kernel = await readAddresses(lab, netnsOf(zone));
  const persistent = (name: string) => (recorded.has(name) ? '-46' : '---');
  const active = [...interfaces.values()].map((ipInterface): InterfaceRow => {
    const { name, device, link } = ipInterface;
    const isUp =
      kernel.some((address) => address.device === device && !address.duplicate) ||
      [...addresses.values()].some((object) => object.interfaceName === name && object.tentative !== undefined);
    const isProtected = allowedIps(ipInterface).length > 0;
    return {
      ifname: name,
      class: link === undefined ? 'VIRTUAL' : 'IP',
      state: isUp ? 'ok' : 'down',
      current: link === undefined ? '-m-v------46' : `bm-------${isProtected ? 'Z' : '-'}46`,
      persistent: persistent(name),
    };
  });
  const given = givenInterfaces(lab, zone);
  const disabled = [...new Set([...recorded, ...given])]
    .filter((name) => !interfaces.has(name))
    .map(
      (name): InterfaceRow => ({
        ifname: name,
        class: 'IP',
        state: 'disabled',
        current: given.includes(name) ? '---------Z--' : '------------',
        persistent: persistent(name),
      }),
    );
  const rows = [...active, ...disabled].filter(({ ifname }) => wanted === undefined || ifname === wanted);
  if (wanted !== undefined && rows.length === 0) die(`Could not get interface(s): ${STATUS.noInterface}`);
  printTable(call, INTERFACE_FIELDS, loopbackFirst(rows), tableOptions(options, 'p'));
};

const loopbackFirst = (rows: readonly InterfaceRow[]) => [
  ...rows.filter(({ ifname }) => ifname === 'lo0'),
  ...rows.filter(({ ifname }) => ifname !== 'lo0'),
];

interface AddressRow {
  readonly addrobj: string;
  readonly type: string;
  readonly state: string;
  readonly current: string;
  readonly persistent: string;
  readonly addr: string;
}

const ADDRESS_FIELDS: readonly Field<AddressRow>[] = [
  { name: 'addrobj', width: 18, value: (row) => row.addrobj },
  { name: 'type', width: 9, value: (row) => row.type },
  { name: 'state', width: 13, value: (row) => row.state },
  { name: 'current', width: 8, value: (row) => row.current },
  { name: 'persistent', width: 11, value: (row) => row.persistent },
  { name: 'addr', width: 46, value: (row) => row.addr },
];

export const showAddresses: Subcommand = async (call, lab, args) => {
  const options = getopt('ipadm', args, 'po:');
  const [wanted, more] = options.operands;
  if (options.given.has('p') && !options.given.has('o')) die('-p requires -o');
  if (more !== undefined) throw new NotModelled('ipadm show-addr with several objects: its usage text');
  if (wanted !== undefined && !wanted.includes('/')) die('Invalid address object name provided');
  const { zone } = call;
  await pollTentative(lab, zone);
  const kernel = await readAddresses(lab, netnsOf(zone));
  const ofInterface = wanted?.endsWith('/') === true ? wanted.slice(0, -1) : undefined;
  if (ofInterface !== undefined && !stackOf(zone).interfaces.has(ofInterface)) {
    throw new NotModelled(`ipadm show-addr ${wanted}: no such interface`);
  }
  const rows = addressRows(zone, kernel).filter(
    ({ addrobj }) =>
      wanted === undefined ||
      (ofInterface === undefined ? addrobj === wanted : addrobj.slice(0, addrobj.indexOf('/')) === ofInterface),
  );
  const table = { standard: 'addrobj,type,state,addr', ...tableOptions(options, 'p') };
  printTable(call, ADDRESS_FIELDS, rows, table);
  if (wanted !== undefined && ofInterface === undefined && rows.length === 0) {
    die(`Could not get address: ${STATUS.notFound}`);
  }
};

/** IPv4 before IPv6, each by interface, lo0 first; then what is only recorded; with what is not ipadm's own as "IF/?". */
function addressRows(zone: Zone, kernel: readonly KernelAddress[]): AddressRow[] {
  const { interfaces, addresses } = stackOf(zone);
  const recorded = recordingOf(zone).addresses;
  const names = [...interfaces.keys()].sort((a, b) => Number(b === 'lo0') - Number(a === 'lo0'));
  const persistent = (name: string) =>
    recorded.has(name) ? `${recorded.get(name)?.up === true ? 'U' : '-'}--` : '---';
  const rows = (family: string) => [
    ...names.flatMap((interfaceName) => {
      const own = [...addresses.values()].filter(
        (object) => object.family === family && object.interfaceName === interfaceName,
      );
      return [
        ...own.map((object): AddressRow => {
          const state = stateOf(zone, object, kernel);
          return {
            addrobj: object.name,
            type: typeOf(zone, object),
            state,
            current: state === 'ok' || state === 'tentative' ? 'U----' : '-----',
            persistent: persistent(object.name),
            addr: addressText(object),
          };
        }),
        ...strangers(zone, interfaceName, kernel).filter((row) => row.addr.includes(':') === (family === 'ipv6')),
      ];
    }),
    ...[...recorded.values()]
      .filter((request) => request.family === family && !addresses.has(request.name))
      .map(
        (request): AddressRow => ({
          addrobj: request.name,
          type: request.type,
          state: 'disabled',
          current: '-----',
          persistent: persistent(request.name),
          addr: request.type === 'static' ? addressText(request) : '?',
        }),
      ),
  ];
  return [...rows('ipv4'), ...rows('ipv6')];
}

function typeOf(zone: Zone, { interfaceName, type }: Pick<AddressObject, 'interfaceName' | 'type'>): string {
  const ipInterface = stackOf(zone).interfaces.get(interfaceName);
  return zone.id !== 0 && ipInterface !== undefined && allowedIps(ipInterface).length > 0 ? 'from-gz' : type;
}

/** A link-local address carries its scope; a DHCP object without a lease prints "?" (§2.3). */
function addressText({ address, interfaceName }: AddressRequest): string {
  if (address === undefined) return '?';
  const text = formatPrefixed(address);
  return contains(LINK_LOCAL, address) ? text.replace('/', `%${interfaceName}/`) : text;
}

function strangers(zone: Zone, interfaceName: string, kernel: readonly KernelAddress[]): AddressRow[] {
  const { interfaces, addresses } = stackOf(zone);
  const device = interfaces.get(interfaceName)?.device;
  const known = [...addresses.values()].filter((object) => object.interfaceName === interfaceName);
  return kernel
    .filter((address) => address.device === device)
    .filter((one) => !known.some(({ address }) => address !== undefined && sameAddress(address, one)))
    .map((one) => ({
      addrobj: `${interfaceName}/?`,
      type: typeOf(zone, { interfaceName, type: 'static' }),
      state: one.duplicate ? 'duplicate' : one.tentative ? 'tentative' : 'ok',
      current: 'U----',
      persistent: '---',
      addr: contains(LINK_LOCAL, one) ? formatPrefixed(one).replace('/', `%${interfaceName}/`) : formatPrefixed(one),
    }));
}
