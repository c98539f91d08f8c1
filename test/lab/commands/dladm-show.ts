// dladm show-link, show-phys, show-vnic, show-etherstub (§1.4, §1.5, §1.7).
import { type Call, NotModelled } from '../daemon/call.ts';
import type { Lab, Link } from '../daemon/state.ts';
import { die, STATUS, showTable } from './dladm-status.ts';
import { getopt, lastOf, type Options, operandsOf } from './getopt.ts';
import { type Field, formatTable, type TableOptions } from './ofmt.ts';

interface Row {
  readonly link: Link;
  /** Shown from the records of -P. */
  readonly recorded: boolean;
  /** A zone sees the name of a link it does not hold as "?" (§1.8). */
  readonly over: string | undefined;
  /** Of a VNIC, in Mb/s; "0" without hardware below it. */
  readonly speed: string;
}

const LINK_FIELDS: readonly Field<Row>[] = [
  { name: 'link', width: 12, value: ({ link }) => link.name },
  { name: 'class', width: 10, value: ({ link }) => link.class },
  { name: 'mtu', width: 7, value: ({ link, recorded }) => (recorded ? '' : String(link.mtu)) },
  { name: 'state', width: 9, value: ({ link, recorded }) => (recorded ? '' : stateOf(link)) },
  { name: 'bridge', width: 11, value: () => '' },
  { name: 'over', width: 30, value: ({ over }) => over },
];

/** An etherstub has nothing of this but its name. */
const VNIC_FIELDS: readonly Field<Row>[] = [
  { name: 'link', width: 13, value: ({ link }) => link.name },
  { name: 'over', width: 13, value: ({ link, over }) => (link.class === 'vnic' ? over : '') },
  { name: 'speed', width: 9, value: (row) => ofVnic(row, 'speed', row.speed) },
  { name: 'macaddress', width: 18, value: (row) => ofVnic(row, 'macaddress', row.link.mac) },
  { name: 'macaddrtype', width: 20, value: (row) => ofVnic(row, 'macaddrtype', row.link.macType) },
  { name: 'vid', width: 6, value: ({ link }) => (link.class === 'vnic' ? String(link.vlan ?? 0) : '') },
];

const PHYS_FIELDS: readonly Field<Row>[] = [
  { name: 'link', width: 13, value: ({ link }) => link.name },
  { name: 'media', width: 21, value: () => 'Ethernet' },
  { name: 'state', width: 11, value: ({ link }) => stateOf(link) },
  { name: 'speed', width: 9, value: ({ link }) => speedOf(link) },
  { name: 'duplex', width: 9, value: ({ link }) => (link.up === true ? 'full' : 'half') },
  { name: 'device', width: 13, value: ({ link }) => link.device ?? '' },
  { name: 'flags', width: 6, value: () => '-----' },
];

const PHYS_MAC_FIELDS: readonly Field<Row>[] = [
  { name: 'link', width: 13, value: ({ link }) => link.name },
  { name: 'slot', width: 9, value: () => 'primary' },
  { name: 'address', width: 19, value: ({ link }) => link.mac ?? '' },
  { name: 'inuse', width: 5, value: () => 'yes' },
  { name: 'client', width: 13, value: ({ link }) => link.name },
];

const speedOf = (carrier: Link | undefined) => (carrier?.up === true ? '1000' : '0');
const stateOf = (link: Link) => (link.class !== 'phys' || link.up === true ? 'up' : 'unknown');

function ofVnic({ link, recorded }: Row, field: string, value = ''): string {
  if (link.class !== 'vnic') return '';
  if (recorded) throw new NotModelled(`dladm show-vnic -P -o ${field}`);
  return value;
}

export function showLink(call: Call, lab: Lab, args: readonly string[]): number {
  const options = getopt('dladm show-link', args, 'pPo:');
  const [name] = operandsOf('dladm show-link', options, 0, 1);
  const refused = refuseSelection(options);
  if (refused !== undefined) return die(call, refused);
  const rows = rowsOf(call, lab, options).filter(({ link }) => name === undefined || link.name === name);
  if (name !== undefined && rows.length === 0) return die(call, `link ${name} is not valid`, STATUS.notFound);
  return showTable(call, formatTable(LINK_FIELDS, rows, selectionOf(options)));
}

export function showPhys(call: Call, lab: Lab, args: readonly string[]): number {
  const options = getopt('dladm show-phys', args, 'pmo:');
  const [name] = operandsOf('dladm show-phys', options, 0, 1);
  const refused = refuseSelection(options);
  if (refused !== undefined) return die(call, refused);
  const rows = rowsOf(call, lab, options).filter(({ link }) => link.class === 'phys');
  const asked = rows.filter(({ link }) => name === undefined || link.name === name);
  if (name !== undefined && asked.length === 0) throw new NotModelled(`dladm show-phys ${name}, which is no such link`);
  if (options.given.has('m')) return showTable(call, formatTable(PHYS_MAC_FIELDS, asked, selectionOf(options)));
  const standard = 'link,media,state,speed,duplex,device';
  return showTable(call, formatTable(PHYS_FIELDS, asked, { ...selectionOf(options), standard }));
}

export function showVnic(call: Call, lab: Lab, args: readonly string[]): number {
  const options = getopt('dladm show-vnic', args, 'pPo:l:');
  const [name] = operandsOf('dladm show-vnic', options, 0, 1);
  const over = lastOf(options, 'l');
  const all = rowsOf(call, lab, options);
  if (over !== undefined && !all.some(({ link }) => link.name === over)) {
    return die(call, `invalid link name '${over}'`, STATUS.notFound);
  }
  const rows = all.filter(({ link }) => link.class === 'vnic' && (over === undefined || link.over === over));
  return showOfClass(call, 'vnic', { all, rows, name }, VNIC_FIELDS, selectionOf(options));
}

export function showEtherstub(call: Call, lab: Lab, args: readonly string[]): number {
  const options = getopt('dladm show-etherstub', args, 'pPo:');
  const [name] = operandsOf('dladm show-etherstub', options, 0, 1);
  const all = rowsOf(call, lab, options);
  const rows = all.filter(({ link }) => link.class === 'etherstub');
  return showOfClass(call, 'etherstub', { all, rows, name }, VNIC_FIELDS, {
    ...selectionOf(options),
    standard: 'link',
  });
}

function showOfClass(
  call: Call,
  wanted: Link['class'],
  { all, rows, name }: { all: readonly Row[]; rows: readonly Row[]; name: string | undefined },
  fields: readonly Field<Row>[],
  selection: TableOptions,
): number {
  const asked = rows.filter(({ link }) => name === undefined || link.name === name);
  // The fields are judged before the link is looked for.
  const table = formatTable(fields, asked, selection);
  if ('fatal' in table || name === undefined || asked.length > 0) return showTable(call, table);
  const found = all.find(({ link }) => link.name === name);
  if (found === undefined) return die(call, `invalid ${wanted} name '${name}'`, STATUS.notFound);
  return die(
    call,
    `datalink ${name} is not a${wanted === 'vnic' ? '' : 'n'} ${wanted}: found class ${found.link.class}`,
  );
}

function selectionOf(options: Options): TableOptions {
  const select = lastOf(options, 'o');
  return { parsable: options.given.has('p'), ...(select === undefined ? {} : { select }) };
}

/** What show-link and show-phys say themselves before the table does (§0.3). */
function refuseSelection(options: Options): string | undefined {
  if (!options.given.has('p')) return undefined;
  const select = lastOf(options, 'o');
  if (select === undefined) return '-p requires -o';
  return select.toLowerCase() === 'all' ? '"-o all" is invalid with -p' : undefined;
}

/** Every link the caller's zone sees: those in the kernel, or with -P those on record. */
function rowsOf(call: Call, lab: Lab, options: Options): readonly Row[] {
  const recorded = options.given.has('P');
  const inGlobal = call.zone === lab.global;
  const links = inGlobal ? lab.links.all() : lab.links.lentTo(call.zone);
  return links
    .filter((link) => (recorded ? link.persistent : link.active))
    .map((link) => ({ link, recorded, over: overOf(link, inGlobal), speed: speedOf(carrierOf(lab, link)) }));
}

function carrierOf(lab: Lab, { over }: Link): Link | undefined {
  return lab.links.all().find((link) => link.name === over && link.class !== 'vnic');
}

function overOf(link: Link, inGlobal: boolean): string | undefined {
  if (link.over === undefined) return '';
  return inGlobal ? link.over : undefined;
}
