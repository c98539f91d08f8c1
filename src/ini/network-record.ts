import { parseAddress } from '../domain/address.ts';
import type { Fault } from '../domain/fault.ts';
import { formatNameService, parseNameService } from '../domain/name-service.ts';
import { type NetworkName, parseLinkName, parseNetworkName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import { formatPrefix, parsePrefix, prefixContains } from '../domain/prefix.ts';
import { formatReservation, parseReservation } from '../domain/reservation.ts';
import { formatIni, parseIni } from './document.ts';
import { nameFault, RECORD_FORMAT, RECORD_HEAD, recordError, topOf } from './record.ts';
import { checkEnd, sortSections } from './sections.ts';
import { list, one, optional, readSection, wholeNumber, yesOrNo } from './shape.ts';
import { readVars, varsSections } from './vars.ts';

const NETWORK = {
  ...RECORD_HEAD,
  network: one(parseNetworkName),
  prefix: list(parsePrefix),
  router: list(parseAddress),
  etherstub: one(parseLinkName),
  mtu: one(wholeNumber(576, 9000)),
  reserve: list(parseReservation),
  names: optional(parseNameService),
  protection: optional(yesOrNo),
};

/**
 * Reads the record of a network from the file that is named for it.
 *
 * @throws {OperatorError} INI_INVALID, RECORD_INVALID naming every fault with its place
 */
export function parseNetworkRecord(text: string, file: string, name: NetworkName): Network {
  const document = parseIni(text, file);
  const top = topOf(document);
  const faults: Fault[] = [];
  const sections = sortSections(document, ['vars'], faults);
  const values = readSection(top, NETWORK, faults);
  const vars = readVars(sections.vars, faults);
  checkEnd(document, faults);
  if (values !== undefined) {
    faults.push(...nameFault(top, 'network', values.network, name));
    const sound =
      values.prefix.length > 0 &&
      values.prefix.every((prefix) => values.router.some((router) => prefixContains(prefix, router)));
    if (!sound || values.router.length !== values.prefix.length) {
      faults.push({ line: 1, column: 1, message: 'a network has one or two prefixes and a router in each' });
    }
  }
  if (faults.length > 0 || values === undefined) throw recordError(document, faults);
  return {
    name: values.network,
    state: values.state,
    prefixes: values.prefix,
    routers: values.router,
    etherstub: values.etherstub,
    mtu: values.mtu,
    reservations: values.reserve,
    vars,
    ...(values.names === undefined ? {} : { names: values.names }),
    ...(values.protection === false ? { unprotected: true } : {}),
  };
}

/** Writes the record of a network. `parseNetworkRecord` reads back the same. */
export function formatNetworkRecord(network: Network): string {
  const { name, state, prefixes, routers, etherstub, mtu, reservations, vars, names, unprotected } = network;
  return formatIni(
    [`zonenet: record of network ${name}. Written by znetadm; change it with znetadm.`],
    [
      {
        name: '',
        entries: [
          ['format', `${RECORD_FORMAT}`],
          ['state', state],
          ['network', name],
          ['prefix', prefixes.map(formatPrefix)],
          ['router', routers],
          ['etherstub', etherstub],
          ['mtu', `${mtu}`],
          ['reserve', reservations.map(formatReservation)],
          ['names', names === undefined ? [] : formatNameService(names)],
          ...(unprotected === true ? [['protection', 'no'] as const] : []),
        ],
      },
      ...varsSections(vars),
      { name: 'end', entries: [] },
    ],
  );
}
