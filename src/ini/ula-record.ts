import type { Fault } from '../domain/fault.ts';
import { formatPrefix, type Prefix } from '../domain/prefix.ts';
import { parseUlaOfHost } from '../domain/ula.ts';
import { formatIni, parseIni } from './document.ts';
import { RECORD_FORMAT, recordError, topOf } from './record.ts';
import { checkEnd, sortSections } from './sections.ts';
import { one, readSection, wholeNumber } from './shape.ts';

const ULA = { format: one(wholeNumber(1, RECORD_FORMAT)), prefix: one(parseUlaOfHost) };

/**
 * Reads the record of the host's unique local prefix.
 *
 * @throws {OperatorError} INI_INVALID, RECORD_INVALID naming every fault with its place
 */
export function parseUlaRecord(text: string, file: string): Prefix {
  const document = parseIni(text, file);
  const faults: Fault[] = [];
  sortSections(document, [], faults);
  const values = readSection(topOf(document), ULA, faults);
  checkEnd(document, faults);
  if (faults.length > 0 || values === undefined) throw recordError(document, faults);
  return values.prefix;
}

export function formatUlaRecord(prefix: Prefix): string {
  const entries = [
    ['format', `${RECORD_FORMAT}`],
    ['prefix', formatPrefix(prefix)],
  ] as const;
  return formatIni(
    ['zonenet: the prefix that IPv6 networks of this host are taken from. Random; it stays.'],
    [
      { name: '', entries },
      { name: 'end', entries: [] },
    ],
  );
}
