import { NAME_SERVICE_CACHE } from '../illumos/smf.ts';
import { refreshService } from '../illumos/svcadm.ts';
import { run, type Step } from './step.ts';

/** Where illumos says which sources names are looked up in (§9). */
export const NAME_SERVICE_SWITCH = '/etc/nsswitch.conf';

/** Both are asked, "ipnodes" by all that knows IPv6 (§9). */
const DATABASES = ['hosts', 'ipnodes'] as const;

/**
 * Steps that let names be looked up in DNS, for a zone that is given a resolver: `dns` right behind `files` where
 * the lines of hosts and ipnodes lack it. All else in the file is the administrator's (docs/decisions/0009).
 */
export function planNameService(text: string | undefined): Step[] {
  const wanted = DATABASES.reduce(withDns, text ?? '');
  if (wanted === text) return [];
  const reason = text === undefined ? `${NAME_SERVICE_SWITCH} is missing` : 'without "dns" no name is looked up';
  const file = { path: NAME_SERVICE_SWITCH, content: wanted, mode: 0o644 };
  return [
    { kind: 'write', reason, file, replaces: text !== undefined },
    // Status 1: the zone has no such service, so nothing of it is out of date.
    run('it keeps what it has looked up', refreshService(NAME_SERVICE_CACHE), { tolerates: [1] }),
  ];
}

function withDns(text: string, database: string): string {
  const line = new RegExp(`^([ \\t]*${database}[ \\t]*:)([^#\\n]*)`, 'm').exec(text);
  if (line === null) return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${database}: files dns\n`;
  const [whole, head = '', sources = ''] = line;
  const words = sources
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.includes('dns')) return text;
  // A criterion in brackets belongs to the source before it.
  const after = words.indexOf('files') + 1;
  const tail = /\s*$/.exec(sources)?.[0] ?? '';
  const sorted = [...words.slice(0, after), 'dns', ...words.slice(after)].join(' ');
  const blanks = /^\s+/.exec(sources)?.[0] ?? ' ';
  return `${text.slice(0, line.index)}${head}${blanks}${sorted}${words.length === 0 ? '' : tail}${text.slice(line.index + whole.length)}`;
}
