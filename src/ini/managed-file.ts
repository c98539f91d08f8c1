// The keys of a section of files.ini, each by itself.
import { OperatorError } from '../domain/errors.ts';
import type { FileOwner, ManagedFile } from '../domain/managed-file.ts';
import { oneOf, optional } from './shape.ts';

/** Every key may be left out: a section of a site changes only what it names. */
export const FILE = {
  template: optional(parseTemplateName),
  path: optional(parsePath),
  mode: optional(parseMode),
  owner: optional(parseOwner),
  when: optional(oneOf('always', 'proxy', 'member', 'filter', 'resolver', 'names', 'nginx', 'haproxy')),
  check: optional(parseCheck),
  reload: optional(parseReload),
  policy: optional(oneOf('managed', 'seeded', 'left')),
};

/** The name of a section is a file name too: of the candidate, while it is checked. */
export function isFileName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name);
}

/** What is not the zone's to configure, or is ours and read-only. */
const FORBIDDEN = ['/dev', '/proc', '/devices', '/system', '/opt/zonenet', '/var/zonenet', '/etc/zonenet'];

function parseTemplateName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\.hbs$/.test(text)) return text;
  throw new OperatorError('VALUE_INVALID', `Cannot use "${text}" as the name of a template`, {
    hint: 'Write the name of a file without directories that ends in ".hbs"',
  });
}

function parsePath(text: string): string {
  if (!/^(\/[A-Za-z0-9_+@-][A-Za-z0-9_.+@-]*)+$/.test(text) || text.length > 255) {
    throw new OperatorError('VALUE_INVALID', `Cannot use "${text}" as a path`, {
      hint: 'Write an absolute path of plain names, like /etc/ipf/ipf.conf',
    });
  }
  const forbidden = FORBIDDEN.find((directory) => text === directory || text.startsWith(`${directory}/`));
  if (forbidden === undefined) return text;
  throw new OperatorError('VALUE_INVALID', `Cannot write "${text}": ${forbidden} is not for configuration files`, {
    hint: `Files go anywhere but ${FORBIDDEN.join(', ')}`,
  });
}

function parseMode(text: string): number {
  if (/^0[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new OperatorError('VALUE_INVALID', `Cannot use "${text}" as permissions`, {
    hint: 'Write four octal digits, the first one 0, like 0644',
  });
}

function parseOwner(text: string): FileOwner {
  const [, user, group] = /^([a-z_][a-z0-9_.-]{0,31}|\d{1,10}):([a-z_][a-z0-9_.-]{0,31}|\d{1,10})$/.exec(text) ?? [];
  const fits = [user, group].every((one) => one !== undefined && !(Number(one) > 2147483647));
  if (user !== undefined && group !== undefined && fits) return { user, group };
  throw new OperatorError('VALUE_INVALID', `Cannot use "${text}" as an owner`, {
    hint: 'Write USER:GROUP, each a name or a number, like root:sys or 0:3',
  });
}

/** Words parted by blanks; there is no shell. */
function parseCheck(text: string): readonly string[] {
  const words = text.split(/[ \t]+/);
  const program = words[0] ?? '';
  if (program.startsWith('/') && !program.includes('{file}') && words.some((word) => word.includes('{file}'))) {
    return words;
  }
  throw new OperatorError('VALUE_INVALID', `Cannot check a file by "${text}"`, {
    hint: 'Write the absolute path of a program and its arguments, one of them {file}, like /usr/sbin/ipf -n -f {file}',
  });
}

/** Ours would refresh itself without end; ipfilter drops all NAT sessions when it is refreshed (illumos.md §10, 78). */
const NOT_TOLD = /^svc:\/network\/(zonenet|zonenet-forwarding|ipfilter):/;

function parseReload(text: string): ManagedFile['reload'] {
  if (text === 'none' || text === 'ipf' || text === 'ipnat') return text;
  const [, verb, service] =
    /^(refresh|restart)[ \t]+(svc:(?:\/[A-Za-z0-9][A-Za-z0-9_.-]*)+:[A-Za-z0-9][A-Za-z0-9_.-]*)$/.exec(text) ?? [];
  if ((verb === 'refresh' || verb === 'restart') && service !== undefined) {
    if (!NOT_TOLD.test(service)) return { verb, service };
    throw new OperatorError('VALUE_INVALID', `Cannot ${verb} ${service} for a file`, {
      hint: 'Rules are loaded by reload = ipf and ipnat, without losing a session',
    });
  }
  throw new OperatorError('VALUE_INVALID', `Cannot reload by "${text}"`, {
    hint: 'Write none, ipf, ipnat, "refresh svc:/NAME:INSTANCE" or "restart svc:/NAME:INSTANCE"',
  });
}
