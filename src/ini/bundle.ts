import { OperatorError } from '../domain/errors.ts';
import type { Fault } from '../domain/fault.ts';
import { type NetworkName, parseAnyZoneName, parseNetworkName, type ZoneName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { formatIni, parseIni } from './document.ts';
import { formatNetworkRecord, parseNetworkRecord } from './network-record.ts';
import { placedError, topOf } from './record.ts';
import { checkEnd, sortSections } from './sections.ts';
import { list, one, readSection, wholeNumber } from './shape.ts';
import { formatZoneRecord, parseZoneRecord } from './zone-record.ts';

/** Records of a host in one file. */
export interface Bundle {
  readonly networks: readonly Network[];
  readonly zones: readonly ZoneRecord[];
  /** Networks whose records go, in a change of several. Missing: none. */
  readonly gone?: readonly NetworkName[];
}

const HEAD = {
  format: one(wholeNumber(1, 1)),
  network: list(parseNetworkName),
  zone: list(parseAnyZoneName),
  gone: list(parseNetworkName),
};

/** Writes records as one file: a list of what is in it, and each record as it stands in its own. */
export function formatBundle({ networks, zones, gone = [] }: Bundle): string {
  const head = formatIni(
    ['zonenet: records of a host. To read them: znetadm import'],
    [
      {
        name: '',
        entries: [
          ['format', '1'],
          ['network', networks.map(({ name }) => name)],
          ['zone', zones.map(({ name }) => name)],
          ['gone', gone],
        ],
      },
      { name: 'end', entries: [] },
    ],
  );
  return [head, ...networks.map(formatNetworkRecord), ...zones.map(formatZoneRecord)].join('\n');
}

/**
 * Reads what `formatBundle` wrote: all that its head lists, in that order, and nothing else.
 *
 * @throws {OperatorError} INI_INVALID, RECORD_INVALID naming every fault with its place in the whole file
 */
export function parseBundle(text: string, file: string): Bundle {
  const [head = { text: '', line: 1 }, ...parts] = partsOf(text);
  const { network: networks, zone: zones, gone } = placed(head, file, parseHead);
  const names = [...networks, ...zones];
  const rest = parts.length > names.length ? parts[names.length] : undefined;
  if (parts.length !== names.length) {
    const missing = names[parts.length];
    const message =
      missing === undefined
        ? 'more stands here than the head of the file lists'
        : `the file is cut short: the record of "${missing}" is missing`;
    throw bundleError(text, file, { line: rest?.line ?? text.split('\n').length - 1, column: 1, message });
  }
  const record = <N, T>(name: N, index: number, parse: (text: string, file: string, name: N) => T): T =>
    placed(parts[index] ?? head, file, (part, from) => parse(part, from, name));
  return {
    networks: networks.map((name: NetworkName, index) => record(name, index, parseNetworkRecord)),
    zones: zones.map((name: ZoneName, index) => record(name, networks.length + index, parseZoneRecord)),
    ...(gone.length === 0 ? {} : { gone }),
  };
}

interface Part {
  readonly text: string;
  /** Where it begins in the file, from 1. */
  readonly line: number;
}

/** Each part ends in the line "[end]"; what stands behind the last one is a part as well, unless it is blank. */
function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let begin = 0;
  const lines = text.split('\n');
  lines.forEach((line, index) => {
    if (line !== '[end]') return;
    parts.push({ text: `${lines.slice(begin, index + 1).join('\n')}\n`, line: begin + 1 });
    begin = index + 1;
  });
  const rest = lines.slice(begin).join('\n');
  return rest.trim() === '' ? parts : [...parts, { text: rest, line: begin + 1 }];
}

/** Reads a part; what is wrong in it is told with its place in the whole file. */
function placed<T>({ text, line }: Part, file: string, parse: (text: string, file: string) => T): T {
  try {
    return parse(text, file);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return parse(`${'\n'.repeat(line - 1)}${text}`, file);
  }
}

function parseHead(text: string, file: string) {
  const document = parseIni(text, file);
  const faults: Fault[] = [];
  sortSections(document, [], faults);
  const values = readSection(topOf(document), HEAD, faults);
  checkEnd(document, faults);
  if (faults.length > 0 || values === undefined) throw placedError('RECORD_INVALID', document, faults, NOTHING_READ);
  return values;
}

const NOTHING_READ = 'Nothing was imported';

function bundleError(text: string, file: string, fault: Fault): OperatorError {
  return placedError('RECORD_INVALID', { text, file }, [fault], NOTHING_READ);
}
