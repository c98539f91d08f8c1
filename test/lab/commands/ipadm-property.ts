// ipadm set-ifprop, set-prop and their kin: forwarding and mtu (§2.4).
import { NotModelled } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { allowedIps, setForwarding } from '../kernel/forwarding.ts';
import type { Family } from '../kernel/ip-address.ts';
import { type IpInterface, recordingOf, stackOf } from '../kernel/ip-stack.ts';
import { getopt, lastOf, type Options } from './getopt.ts';
import type { Subcommand } from './ipadm.ts';
import { die, onlyOperand, STATUS } from './ipadm-failure.ts';
import { printTable, tableOptions } from './ipadm-show.ts';
import type { Field } from './ofmt.ts';

const PROTOCOLS = ['ip', 'ipv4', 'ipv6', 'icmp', 'tcp', 'udp', 'sctp'];
const INTERFACE_PROPERTIES = ['arp', 'forwarding', 'metric', 'mtu', 'exchange_routes', 'usesrc', 'nud', 'standby'];

function checkProtocol(text: string): string {
  if (!PROTOCOLS.includes(text)) die(`invalid protocol '${text}' specified`);
  return text;
}

function familyOf(protocol: string, what: string): Family {
  if (protocol === 'ipv4' || protocol === 'ipv6') return protocol;
  throw new NotModelled(`${what} of protocol ${protocol}`);
}

interface Setting {
  readonly property: string;
  /** Missing: reset to the default. */
  readonly value?: string;
}

/** "PROP=VAL", or "PROP" alone for reset. */
function readSetting(options: Options, reset: boolean): Setting {
  if ((options.given.get('p')?.length ?? 0) > 1) die('-p must be specified once only');
  const text = lastOf(options, 'p');
  if (text === undefined) throw new NotModelled('ipadm without -p: its usage text');
  const [property = '', value, more] = text.split('=');
  if (reset) {
    if (value !== undefined) throw new NotModelled('the usage text after "incorrect syntax used for -p."');
    return { property };
  }
  if (value === undefined || value === '' || more !== undefined || /[+-]$/.test(property)) {
    throw new NotModelled(`ipadm set with -p ${text}`);
  }
  return { property, value };
}

const changeInterface =
  (reset: boolean): Subcommand =>
  async (call, lab, args) => {
    const { zone } = call;
    const options = getopt('ipadm', args, 'm:p:t');
    const setting = readSetting(options, reset);
    const { property } = setting;
    if ((options.given.get('m')?.length ?? 0) > 1) die('-m must be specified once only');
    const module = lastOf(options, 'm');
    if (module === undefined) throw new NotModelled('ipadm set-ifprop without -m: its usage text');
    const name = onlyOperand(options, 'set-ifprop');
    const protocol = checkProtocol(module);
    const failed = (status: string) => die(`${reset ? 're' : ''}set-ifprop: ${property}: ${status}`);
    if (!INTERFACE_PROPERTIES.includes(property)) failed(STATUS.unknownProperty);
    const family = familyOf(protocol, `the interface property ${property}`);
    const ipInterface = stackOf(zone).interfaces.get(name);
    const recording = recordingOf(zone);
    const recorded = recording.interfaces.has(name);
    if (ipInterface === undefined) return failed(recorded ? STATUS.disabled : STATUS.noInterface);
    const record = !options.given.has('t');
    if (record && !recorded) failed(STATUS.temporary);
    await setInterface(lab, zone, ipInterface, family, setting, failed);
    if (record) keep(zone, `${name} ${property} ${family}`, setting.value);
  };

function keep(zone: Zone, key: string, value: string | undefined): void {
  const { properties } = recordingOf(zone);
  if (value === undefined) properties.delete(key);
  else properties.set(key, value);
}

async function setInterface(
  lab: Lab,
  zone: Zone,
  ipInterface: IpInterface,
  family: Family,
  { property, value }: Setting,
  failed: (status: string) => never,
): Promise<void> {
  if (property === 'forwarding') {
    const on = onOff(value, failed);
    if (on && ipInterface.link === undefined) failed(STATUS.invalidArgument);
    if (on && allowedIps(ipInterface).length > 0) failed(STATUS.permission);
    return setForwarding(lab, zone, family, [ipInterface], on);
  }
  if (property !== 'mtu') throw new NotModelled(`setting the interface property ${property}`);
  const most = ipInterface.link?.mtu;
  if (most === undefined) throw new NotModelled('setting the mtu of lo0');
  const mtu = value === undefined ? most : Number(value);
  if (!(mtu >= (family === 'ipv4' ? 68 : 1280)) || mtu > most) failed(STATUS.invalidArgument);
  // Linux has one MTU for the device, and dladm would show it.
  if (mtu !== most) throw new NotModelled(`an IP mtu below that of the link, ${mtu} under ${most}`);
}

/** Values are exactly "on" and "off" (§2.4); the default is off. */
function onOff(value: string | undefined, failed: (status: string) => never): boolean {
  if (value !== undefined && value !== 'on' && value !== 'off') failed(STATUS.invalidArgument);
  return value === 'on';
}

export const setInterfaceProperty = changeInterface(false);
export const resetInterfaceProperty = changeInterface(true);

/** Global forwarding walks the interfaces there are, protected ones silently skipped, and is the default of later ones. */
const changeProtocol =
  (reset: boolean): Subcommand =>
  async (call, lab, args) => {
    const { zone } = call;
    const options = getopt('ipadm', args, 'p:t');
    const setting = readSetting(options, reset);
    const protocol = checkProtocol(onlyOperand(options, 'set-prop'));
    const { property, value } = setting;
    if (property !== 'forwarding') throw new NotModelled(`the ${protocol} property ${property}`);
    const family = familyOf(protocol, `the property ${property}`);
    const on = onOff(value, (status) => die(`${reset ? 're' : ''}set-prop: ${property}: ${status}`));
    const stack = stackOf(zone);
    stack.forwarding[family] = on;
    const free = [...stack.interfaces.values()].filter(mayForward);
    await setForwarding(lab, zone, family, free, on);
    if (!options.given.has('t')) keep(zone, `${property} ${family}`, value);
  };

/** lo0 never forwards (illumos-gate: uts/common/inet/ip/ip_if.c, ill_forward_set). */
const mayForward = (ipInterface: IpInterface) => ipInterface.link !== undefined && allowedIps(ipInterface).length === 0;

export const setProperty = changeProtocol(false);
export const resetProperty = changeProtocol(true);

interface PropertyRow {
  readonly ifname: string;
  readonly property: string;
  readonly proto: string;
  readonly current: string;
  readonly persistent: string;
  readonly default: string;
  readonly possible: string;
}

const common = (widths: readonly [number, number, number, number]): readonly Field<PropertyRow>[] => [
  { name: 'perm', width: widths[0], value: () => 'rw' },
  { name: 'current', width: widths[1], value: (row) => row.current },
  { name: 'persistent', width: widths[1], value: (row) => row.persistent },
  { name: 'default', width: widths[2], value: (row) => row.default },
  { name: 'possible', width: widths[3], value: (row) => row.possible },
];

const INTERFACE_FIELDS: readonly Field<PropertyRow>[] = [
  { name: 'ifname', width: 12, value: (row) => row.ifname },
  { name: 'property', width: 16, value: (row) => row.property },
  { name: 'proto', width: 6, value: (row) => row.proto },
  ...common([5, 11, 11, 16]),
];

const PROTOCOL_FIELDS: readonly Field<PropertyRow>[] = [
  { name: 'proto', width: 6, value: (row) => row.proto },
  { name: 'property', width: 22, value: (row) => row.property },
  ...common([5, 13, 13, 15]),
];

const onOffText = (on: boolean) => (on ? 'on' : 'off');

export const showInterfaceProperties: Subcommand = async (call, _lab, args) => {
  const options = getopt('ipadm', args, 'p:m:co:');
  if ((options.given.get('m')?.length ?? 0) > 1) die('cannot specify more than one -m');
  const [wanted, more] = options.operands;
  if (more !== undefined) throw new NotModelled('ipadm show-ifprop with several interfaces: its usage text');
  const protocol = checkProtocol(lastOf(options, 'm') ?? 'ip');
  const properties = lastOf(options, 'p')?.split(',');
  if (properties === undefined) throw new NotModelled('ipadm show-ifprop without -p: the list of all properties');
  const strange = properties.find((property) => property !== 'forwarding' && property !== 'mtu');
  if (strange !== undefined) throw new NotModelled(`ipadm show-ifprop -p ${strange}`);
  const families: readonly Family[] = protocol === 'ip' ? ['ipv4', 'ipv6'] : [familyOf(protocol, 'show-ifprop')];
  const { interfaces } = stackOf(call.zone);
  if (wanted !== undefined && !interfaces.has(wanted)) {
    if (recordingOf(call.zone).interfaces.has(wanted))
      throw new NotModelled('ipadm show-ifprop of a disabled interface');
    die(`no such object '${wanted}': ${STATUS.noInterface}`);
  }
  const rows = [...interfaces.values()]
    .filter(({ name }) => wanted === undefined || name === wanted)
    .flatMap((ipInterface) =>
      properties.flatMap((property) =>
        families.map((family) => interfaceRow(call.zone, ipInterface, property, family)),
      ),
    );
  printTable(call, INTERFACE_FIELDS, rows, tableOptions(options, 'c'));
};

function interfaceRow(
  zone: Zone,
  { name, link, forwarding }: IpInterface,
  property: string,
  family: Family,
): PropertyRow {
  const persistent = recordingOf(zone).properties.get(`${name} ${property} ${family}`) ?? '';
  const base = { ifname: name, property, proto: family, persistent };
  if (property === 'forwarding') {
    return { ...base, current: onOffText(forwarding[family]), default: 'off', possible: 'on,off' };
  }
  if (link === undefined) throw new NotModelled('the mtu of lo0');
  const mtu = String(link.mtu);
  return { ...base, current: mtu, default: mtu, possible: `${family === 'ipv4' ? 68 : 1280}-${mtu}` };
}

export const showProperties: Subcommand = async (call, _lab, args) => {
  const options = getopt('ipadm', args, 'p:co:');
  const [text, more] = options.operands;
  const properties = lastOf(options, 'p')?.split(',');
  if (text === undefined && properties !== undefined) die('protocol must be specified when property name is used');
  if (text === undefined || more !== undefined) throw new NotModelled('ipadm show-prop of all protocols');
  const protocol = checkProtocol(text);
  if (properties === undefined) throw new NotModelled('ipadm show-prop without -p: the list of all properties');
  const strange = properties.find((property) => property !== 'forwarding');
  if (strange !== undefined) throw new NotModelled(`ipadm show-prop -p ${strange} ${protocol}`);
  const family = familyOf(protocol, 'show-prop');
  const row: PropertyRow = {
    ifname: '',
    property: 'forwarding',
    proto: family,
    current: onOffText(stackOf(call.zone).forwarding[family]),
    persistent: recordingOf(call.zone).properties.get(`forwarding ${family}`) ?? '',
    default: 'off',
    possible: 'on,off',
  };
  const table = { wrap: true, ...tableOptions(options, 'c') };
  printTable(
    call,
    PROTOCOL_FIELDS,
    properties.map(() => row),
    table,
  );
};
