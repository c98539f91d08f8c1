// zlogin(1), the form with a command (§5.6).
import { readFileSync } from 'node:fs';
import type { Call, Ending, Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { zonePath } from '../kernel/zone-files.ts';

const USAGE_STATUS = 2;
/** As zlogin(1) sets it for a command. */
const PATH = '/usr/bin:/usr/sbin';

interface Request {
  readonly nullInput: boolean;
  readonly zone: string;
  readonly command: string;
}

/** Options end at the zone's name; the words behind it are joined with blanks, whatever they are (§5.6). */
function parse(args: readonly string[]): Request {
  const refuse = (): never => {
    throw new NotModelled(`zlogin ${args.join(' ')}`);
  };
  const rest = [...args];
  let nullInput = false;
  while (rest[0]?.startsWith('-')) {
    const option = rest.shift();
    if (option === '-n') nullInput = true;
    else if (option === '-S') continue;
    else if (option === '-l' && rest[0] === 'root') rest.shift();
    else refuse();
  }
  const [zone, ...words] = rest;
  if (zone === undefined || words.length === 0) return refuse();
  return { nullInput, zone, command: words.join(' ') };
}

function failed(call: Call, text: string): number {
  call.err(`zlogin: ${text}\n`);
  return 1;
}

/** Why nobody can log in to the zone, in zlogin's words; undefined when one can. */
function refusal(lab: Lab, name: string, zone: Zone | undefined): string | undefined {
  if (zone === undefined) return `zone '${name}' unknown`;
  if (zone === lab.global) throw new NotModelled('zlogin global');
  if (zone.state === 'configured' || zone.state === 'incomplete')
    return `cannot login to a zone which is '${zone.state}'`;
  if (zone.state !== 'running') return `login allowed only to running zones (${name} is '${zone.state}').`;
  return undefined;
}

/** Home and shell of root, from the zone's own passwd. */
function rootAccount(zone: Zone): { home: string; shell: string } {
  const line = readFileSync(zonePath(zone, '/etc/passwd'), 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('root:'));
  const [, , , , , home, shell] = line?.split(':') ?? [];
  return { home: home || '/', shell: shell || '/sbin/sh' };
}

/** The client becomes the shell in the zone, so that stdio, signals and status are the command's own. */
function logIn(call: Call, zone: Zone, { nullInput, command }: Request): Ending {
  const { home, shell } = rootAccount(zone);
  const term = call.env['TERM'];
  const environment = [
    ...(term === undefined ? [] : [`TERM=${term}`]),
    `PATH=${PATH}`,
    'LOGNAME=root',
    `HOME=${home}`,
    'MAIL=/var/mail/root',
    `SHELL=${shell}`,
  ];
  const pid = String(zone.process?.pid);
  const input = nullInput ? 'null' : 'stdin';
  return { become: ['/usr/lib/lab/lab', 'login', pid, input, home, shell, command, ...environment] };
}

export const zlogin: Program = (call, lab) => {
  if (call.zone !== lab.global) return failed(call, "'zlogin' may only be used from the global zone");
  if (call.args.length === 0) {
    call.err('usage: zlogin [ -dnQCES ] [ -e cmdchar ] [-l user] zonename [command [args ...] ]\n');
    return USAGE_STATUS;
  }
  if (call.uid !== 0) return failed(call, 'You lack sufficient privilege to run this command (all privs required)');
  const request = parse(call.args);
  const zone = lab.zones.get(request.zone);
  const text = refusal(lab, request.zone, zone);
  if (text !== undefined || zone === undefined) return failed(call, text ?? '');
  return logIn(call, zone, request);
};
