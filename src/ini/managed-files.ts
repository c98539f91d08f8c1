import type { Fault } from '../domain/fault.ts';
import { faultsErrorOfAll } from '../domain/fault.ts';
import { holdsRules, type ManagedFile } from '../domain/managed-file.ts';
import { type IniDocument, type IniSection, parseIni } from './document.ts';
import { FILE, isFileName } from './managed-file.ts';
import { checkTopEmpty } from './sections.ts';
import { readSection, type ShapeValues } from './shape.ts';

/** A files.ini. */
export interface FilesIni {
  readonly path: string;
  readonly text: string;
}

/** How many files a zone may be given. */
const MOST_FILES = 200;

/** A file as several files.ini describe it together. */
interface Merged {
  values: ShapeValues<typeof FILE>;
  /** Whether some section of it could not be read: what it lacks may be there. */
  unread: boolean;
  /** Where it is spoken of, the least first. */
  readonly said: { readonly document: Read; readonly section: IniSection }[];
}

interface Read extends IniDocument {
  readonly faults: Fault[];
}

/** What a site may not change of a file with rules: a proxy would be without them. */
const FIXED = ['path', 'when', 'reload'] as const;

/**
 * Reads files.ini: what is written, where, and what reads it. There are several, the shipped one first; each changes
 * single keys of the sections before it, or adds sections of its own.
 *
 * @throws {OperatorError} INI_INVALID, naming every fault with its file and place
 */
export function parseManagedFiles(layers: readonly FilesIni[]): ManagedFile[] {
  const merged = new Map<string, Merged>();
  const documents = layers.map(({ path, text }): Read => ({ ...parseIni(text, path), faults: [] }));
  for (const document of documents) {
    checkTopEmpty(document, document.faults);
    for (const section of document.sections.slice(1)) mergeSection(document, section, merged);
  }
  const files = [...merged].flatMap(([name, one]) => complete(name, one));
  checkPaths(merged);
  const last = documents.at(-1);
  if (last !== undefined && merged.size > MOST_FILES) {
    last.faults.push({
      line: 0,
      column: 1,
      message: `there are ${merged.size} files; a zone has at most ${MOST_FILES}`,
    });
  }
  if (documents.some(({ faults }) => faults.length > 0)) throw faultsErrorOfAll('INI_INVALID', documents);
  return files;
}

function mergeSection(document: Read, section: IniSection, merged: Map<string, Merged>): void {
  const header = { line: section.line, column: 1, length: section.name.length + 2 };
  if (!isFileName(section.name)) {
    document.faults.push({ ...header, message: `[${section.name}] is no name for a file` });
    return;
  }
  const before = merged.get(section.name);
  const read = readSection(section, FILE, document.faults);
  const values = read ?? {};
  const unread = read === undefined;
  if (before === undefined) {
    merged.set(section.name, { values, unread, said: [{ document, section }] });
    return;
  }
  if (before.values.reload === 'ipf' || before.values.reload === 'ipnat') {
    for (const key of FIXED.filter((one) => values[one] !== undefined && values[one] !== before.values[one])) {
      document.faults.push({
        ...placeOf(section, key),
        message: `[${section.name}] ${key}: this cannot be changed, or a proxy would be without its rules`,
        hint: 'Rules of your own go into the template; with "policy = left" the file is yours to write',
      });
    }
  }
  before.values = { ...before.values, ...values };
  before.unread ||= unread;
  before.said.push({ document, section });
}

function complete(name: string, { values, unread, said }: Merged): ManagedFile[] {
  const { template, path, owner, ...rest } = values;
  const last = said.at(-1);
  if (last === undefined) return [];
  const { document, section } = last;
  for (const key of ['template', 'path'] as const) {
    if (values[key] === undefined && !unread) {
      document.faults.push({ ...placeOf(section, key), message: `[${name}] "${key}" is missing` });
    }
  }
  if (template === undefined || path === undefined) return [];
  const usual = { mode: 0o644, when: 'always', check: [], reload: 'none', policy: 'managed' } as const;
  const file: ManagedFile = { name, template, path, ...usual, ...rest, ...(owner === undefined ? {} : { owner }) };
  if (holdsRules(file) && !RULES.includes(file.path)) {
    document.faults.push({
      ...placeOf(section, 'reload'),
      message: `[${name}] reload: ${file.reload} reads only ${RULES.join(', ')}`,
    });
  }
  return [file];
}

/** The files that ipfilter reads (illumos.md §7.3). */
const RULES = ['/etc/ipf/ipf.conf', '/etc/ipf/ipf6.conf', '/etc/ipf/ipnat.conf'];

function checkPaths(merged: ReadonlyMap<string, Merged>): void {
  const owners = new Map<string, string>();
  for (const [name, { values, said }] of merged) {
    const last = said.findLast(({ section }) => section.entries.some(({ key }) => key === 'path'));
    if (values.path === undefined || last === undefined) continue;
    const other = owners.get(values.path);
    owners.set(values.path, name);
    if (other === undefined) continue;
    last.document.faults.push({
      ...placeOf(last.section, 'path'),
      message: `[${name}] path: ${values.path} is the path of [${other}] already`,
    });
  }
}

/** The value of a key, or the header of its section where the key is not. */
function placeOf(section: IniSection, key: string): Pick<Fault, 'line' | 'column' | 'length'> {
  const entry = section.entries.find((one) => one.key === key);
  if (entry === undefined) return { line: section.line, column: 1, length: section.name.length + 2 };
  return { line: entry.line, column: entry.column, length: entry.value.length };
}
