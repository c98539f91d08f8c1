import type { Fault } from '../domain/fault.ts';
import type { ZoneStatus } from '../domain/zone-status.ts';
import { formatIni, iniError, parseIni } from './document.ts';
import { one, oneOf, readSection, wholeNumber } from './shape.ts';

const number = one(wholeNumber(0, Number.MAX_SAFE_INTEGER));
const text = one((value: string) => value);
const STATUS = {
  generation: number,
  digest: text,
  verified: one((value: string) => oneOf('true', 'false')(value) === 'true'),
  applied: number,
  milliseconds: number,
  message: text,
};

/**
 * Reads the status of a zone as `formatStatus` wrote it.
 *
 * @throws {OperatorError} INI_INVALID
 */
export function parseStatus(content: string, file: string): ZoneStatus {
  const document = parseIni(content, file);
  const [top] = document.sections;
  const faults: Fault[] = [];
  const status = top === undefined ? undefined : readSection(top, STATUS, faults);
  if (status === undefined) throw iniError(document, faults);
  return status;
}

/** Writes the status of a zone; the same facts give the same bytes. */
export function formatStatus(status: ZoneStatus): string {
  const entries = Object.entries(status).map(([key, value]) => [key, `${value}`] as const);
  return formatIni(['zonenet: what this zone was last configured as, written by the method'], [{ name: '', entries }]);
}
