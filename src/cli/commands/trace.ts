import { type Address, familyOf, parseAddress } from '../../domain/address.ts';
import { OperatorError } from '../../domain/errors.ts';
import { GLOBAL } from '../../domain/names.ts';
import { addressesOf } from '../../domain/nic.ts';
import { parsePort } from '../../domain/port.ts';
import { hasMethod, ownsAddress, type ZoneRecord } from '../../domain/zone-record.ts';
import { siteTemplates } from '../../host/site-templates.ts';
import { readRecords } from '../../host/store.ts';
import { type Hop, type Question, traceWay } from '../../host/trace.ts';
import { createOutlooks, renderOutlook, withOwn } from '../../host/zone-templates.ts';
import type { Packet } from '../../ipfilter/packet.ts';
import { sourceTowards } from '../../plan/way.ts';
import type { CliCommand, Context } from '../command.ts';
import { AS_JSON, chooseFields, formatShown, outputOption, PARSABLE, type ShowOptions } from '../fields.ts';

const FIELDS = ['zone', 'direction', 'link', 'what', 'from', 'to', 'where', 'why'] as const;

const HELP = `
Tells what becomes of the first packet of a connection, by the rules that are rendered for the zones on its way; nothing is sent.
Ends are zones or addresses, with a port behind a colon ([fd00:1::2]:80): from an address that no zone has it comes from outside.
  znetadm trace tcp web1 203.0.113.1:80
  znetadm trace tcp 198.51.100.7 203.0.113.5:443
`;

export const traceCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<protocol>', 'tcp, udp or icmp')
      .argument('<from>', 'a zone, or an address')
      .argument('<to>', 'a zone or an address, with its port')
      .addOption(PARSABLE)
      .addOption(outputOption(FIELDS))
      .addOption(AS_JSON)
      .addHelpText('after', HELP)
      .action((protocol: string, from: string, to: string, options: ShowOptions) => {
        const fields = chooseFields(options, FIELDS, []);
        act((context) => run([protocol, from, to], fields, options, context));
      });
  },
};

async function run(
  [protocol, from, to]: readonly [string, string, string],
  fields: readonly string[],
  options: ShowOptions,
  { host, print, colour }: Context,
): Promise<void> {
  const { zones } = await readRecords(host.system);
  const question = readQuestion(protocol, from, to, zones);
  const outlook = await createOutlooks(siteTemplates(host.system), host.system);
  // What is inside a zone that is not ours to configure is not known here.
  const filesOf = async (zone: ZoneRecord) =>
    hasMethod(zone) ? await renderOutlook(await withOwn(await outlook(zone.name), host.system), []) : [];
  const { hops, end, arrives, unjudged } = await traceWay(question, zones, filesOf);
  print(formatShown(hops.map(toRow), fields, options, { colour, grouped: ['zone'] }));
  if (options.parsable === true || options.json === true) return;
  print(`${arrives ? 'it arrives' : 'it does not arrive'}: ${end}\n`);
  for (const line of unjudged) print(`not judged: ${line}\n`);
}

function toRow({ zone, direction, link, what, where, why, packet }: Hop): Record<(typeof FIELDS)[number], string> {
  return {
    zone,
    direction,
    link,
    what,
    where,
    why,
    from: end(packet.source, packet.sourcePort),
    to: end(packet.target, packet.targetPort),
  };
}

const end = (address: Address, port: number | undefined) => {
  if (port === undefined) return address;
  return familyOf(address) === 'inet6' ? `[${address}]:${port}` : `${address}:${port}`;
};

/** A port of the sender that stands for any: above those that NAT gives. */
const EPHEMERAL = 40_000;

/** @throws {OperatorError} USAGE, NOT_FOUND, VALUE_INVALID */
function readQuestion(protocol: string, from: string, to: string, zones: readonly ZoneRecord[]): Question {
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'icmp') {
    throw new OperatorError('USAGE', `Cannot trace protocol "${protocol}"`, { hint: 'Write tcp, udp or icmp' });
  }
  const [source, target] = [readEnd(from), readEnd(to)];
  const hasPorts = protocol !== 'icmp';
  if (hasPorts && target.port === undefined) {
    throw new OperatorError('USAGE', `Cannot trace to "${to}" without a port`, { hint: `Write ${to}:80` });
  }
  const sender =
    zones.find(({ name }) => name === source.name) ??
    zones.find((zone) => zone.name !== GLOBAL && ownsAddress(zone, source.name));
  const family = familyOfEnds(source.name, target.name);
  const targetAddress = addressAt(target.name, family, zones);
  const chosen = sender?.name === source.name ? sourceTowards(sender, targetAddress) : undefined;
  const packet: Packet = {
    protocol: hasPorts ? protocol : family === 'inet' ? 'icmp' : 'ipv6-icmp',
    source: chosen ?? addressAt(source.name, family, zones),
    target: targetAddress,
    ...(hasPorts
      ? { sourcePort: source.port ?? EPHEMERAL, targetPort: target.port ?? 0 }
      : { icmpType: family === 'inet' ? 8 : 128, icmpCode: 0 }),
    ...(protocol === 'tcp' ? { flags: 'S' } : {}),
  };
  return { packet, ...(sender === undefined ? {} : { from: sender.name }) };
}

/** "web1:80", "10.2.0.2:80", "[fd00:1::2]:80", and all of them without a port. */
function readEnd(text: string): { readonly name: string; readonly port?: number } {
  const [, bracketed, behind] = /^\[([^\]]*)\](?::(.*))?$/.exec(text) ?? [];
  if (bracketed !== undefined) return { name: bracketed, ...(behind === undefined ? {} : { port: parsePort(behind) }) };
  if (text.split(':').length > 2) return { name: text };
  const colon = text.indexOf(':');
  return colon < 0 ? { name: text } : { name: text.slice(0, colon), port: parsePort(text.slice(colon + 1)) };
}

const isAddress = (name: string) => name.includes(':') || /^[0-9]+(\.[0-9]+){3}$/.test(name);

/** The family that an address among the ends has; IPv4 when both are zones. */
function familyOfEnds(...names: readonly string[]): 'inet' | 'inet6' {
  const address = names.find(isAddress);
  return address === undefined ? 'inet' : familyOf(parseAddress(address));
}

/** @throws {OperatorError} NOT_FOUND, ADDRESS_INVALID */
function addressAt(name: string, family: 'inet' | 'inet6', zones: readonly ZoneRecord[]): Address {
  if (isAddress(name)) return parseAddress(name);
  const zone = zones.find((one) => one.name === name);
  const address = zone?.nics.flatMap((nic) => addressesOf(nic, family))[0]?.address;
  if (address !== undefined) return address;
  const why =
    zone === undefined
      ? `there is no zone "${name}"`
      : `zone "${name}" has no address of that family that is known here`;
  throw new OperatorError('NOT_FOUND', `Cannot trace that: ${why}`, {
    hint: 'Write an address, or a zone: znetadm show-zone',
  });
}
