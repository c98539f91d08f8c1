import { OperatorError } from '../domain/errors.ts';
import type { Fault } from '../domain/fault.ts';
import type { ManagedFile } from '../domain/managed-file.ts';
import { iniError, parseIni } from './document.ts';
import { one, oneOf, optional, readSection } from './shape.ts';

const FILE = {
  template: one(parseTemplateName),
  path: one(parsePath),
  mode: one(parseMode),
  when: one(oneOf('always', 'proxy', 'member', 'resolver')),
  check: optional(parseCheck),
  reload: optional(oneOf('ipf', 'ipnat', 'none')),
  policy: one(oneOf('managed', 'seeded', 'left')),
};

/**
 * Reads files.ini: what is written, where, and what reads it.
 *
 * @throws {OperatorError} INI_INVALID, naming every fault with its place
 */
export function parseManagedFiles(text: string, file: string): ManagedFile[] {
  const document = parseIni(text, file);
  const faults: Fault[] = [];
  const files = document.sections.flatMap((section): ManagedFile[] => {
    if (section.name === '') {
      const [entry] = section.entries;
      if (entry !== undefined) {
        faults.push({ line: entry.line, column: 1, length: entry.key.length, message: 'this key is in no section' });
      }
      return [];
    }
    const values = readSection(section, FILE, faults);
    if (values === undefined) return [];
    const { check = [], reload = 'none', ...rest } = values;
    return [{ name: section.name, ...rest, check, reload }];
  });
  if (faults.length > 0) throw iniError(document, faults);
  return files;
}

function parseTemplateName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*\.hbs$/.test(text)) return text;
  throw new OperatorError('VALUE_INVALID', `Cannot use "${text}" as the name of a template`, {
    hint: 'Write the name of a file without directories that ends in ".hbs"',
  });
}

function parsePath(text: string): string {
  if (/^(\/[A-Za-z0-9_+@-][A-Za-z0-9_.+@-]*)+$/.test(text)) return text;
  throw new OperatorError('VALUE_INVALID', `Cannot use "${text}" as a path`, {
    hint: 'Write an absolute path of plain names, like /etc/ipf/ipf.conf',
  });
}

function parseMode(text: string): number {
  if (/^0[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new OperatorError('VALUE_INVALID', `Cannot use "${text}" as permissions`, {
    hint: 'Write four octal digits, the first one 0, like 0644',
  });
}

/** Words parted by blanks; there is no shell. */
function parseCheck(text: string): readonly string[] {
  const words = text.split(/[ \t]+/);
  if (words[0]?.startsWith('/') && words.includes('{file}')) return words;
  throw new OperatorError('VALUE_INVALID', `Cannot check a file by "${text}"`, {
    hint: 'Write the absolute path of a program and its arguments, one of them {file}, like /usr/sbin/ipf -n -f {file}',
  });
}
