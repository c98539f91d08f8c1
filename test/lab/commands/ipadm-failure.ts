// How ipadm fails: its status texts, and the one way it dies (§2.1).
import { type Options, operandsOf } from './getopt.ts';

/** ipadm gives up with this text: on stderr without a newline, which goes to stdout (§2.1). */
export class IpadmFailure extends Error {
  override readonly name = 'IpadmFailure';
}

/** Texts of libipadm's statuses (§2.1). */
export const STATUS = {
  permission: 'Permission denied',
  interfaceExists: 'Interface already exists',
  addressExists: 'Address object already exists',
  addrconfExists: 'Addrconf already in progress',
  noInterface: 'Interface does not exist',
  invalidArgument: 'Invalid argument provided',
  noLink: 'Could not open DLPI link',
  unknownProperty: 'Unknown property',
  notFound: 'Object not found',
  interfaceInUse: 'Interface already in use',
  unavailable: "Can't assign requested address",
  temporary: 'Persistent operation on temporary object',
  disabled: 'Operation not supported on disabled object',
  noDaemon: 'Could not communicate with ipmgmtd',
  noNdpd: 'IPv6 autoconf daemon in.ndpd not running',
  fromGlobalZone: 'Operation not permitted on from-gz interface',
  duplicate: 'Duplicate address detected',
  dhcpTimeout: 'Communication with dhcpagent timed out',
} as const;

export function die(text: string): never {
  throw new IpadmFailure(text);
}

/** The only operand of a subcommand. Usage texts are not modelled. */
export function onlyOperand(options: Options, subcommand: string): string {
  const [only = ''] = operandsOf(`ipadm ${subcommand}`, options, 1);
  return only;
}
