// The table of svcs: columns, widths, order (§6.7, §11.7).
import { firstValue, type Instance, runningGroups } from '../smf/repository.ts';
import type { Run } from '../smf/run.ts';
import { formatStateTime } from '../smf/time.ts';

/** An instance as svcs lists it. */
export interface Row {
  readonly zone: string;
  readonly instance: Instance;
  readonly run: Run;
}

interface Column {
  readonly width: number;
  readonly right?: true;
  text(row: Row, now: number, star: string): string;
}

const LETTERS: Readonly<Record<string, string>> = {
  uninitialized: 'u',
  offline: '0',
  online: '1',
  maintenance: 'm',
  disabled: 'd',
  degraded: 'D',
};
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  uninitialized: 'UN',
  offline: 'OFF',
  online: 'ON',
  maintenance: 'MNT',
  disabled: 'DIS',
  degraded: 'DGD',
};
const next = (run: Run): string | undefined => (run.next === 'none' ? undefined : run.next);

/** The common name of a service's template, in the C locale. */
export function commonName(instance: Instance): string | undefined {
  return firstValue(runningGroups(instance), 'tm_common_name', 'C');
}

const COLUMNS: Readonly<Record<string, Column>> = {
  CTID: { width: 6, right: true, text: ({ run }) => (run.contract === undefined ? '-' : String(run.contract.id)) },
  DESC: { width: 100, text: ({ instance }) => commonName(instance) ?? '-' },
  FMRI: { width: 50, text: ({ instance }) => instance.fmri },
  INST: { width: 20, text: ({ instance }) => instance.name },
  N: { width: 2, text: ({ run }) => LETTERS[next(run) ?? ''] ?? '-' },
  NSTA: { width: 4, text: ({ run }) => ABBREVIATIONS[next(run) ?? ''] ?? '-' },
  NSTATE: { width: 13, text: ({ run }) => next(run) ?? '-' },
  S: { width: 2, text: ({ run }, _now, star) => `${LETTERS[run.state]}${star}` },
  SCOPE: { width: 20, text: () => 'localhost' },
  SN: { width: 2, text: ({ run }) => `${LETTERS[run.state]}${LETTERS[next(run) ?? ''] ?? '-'}` },
  STA: { width: 4, text: ({ run }, _now, star) => `${ABBREVIATIONS[run.state]}${star}` },
  STATE: { width: 14, text: ({ run }, _now, star) => `${run.state}${star}` },
  STIME: { width: 8, text: ({ run }, now) => formatStateTime(run.since, now) },
  SVC: { width: 20, text: ({ instance }) => instance.service.name },
  ZONE: { width: 16, text: ({ zone }) => zone },
};

/** With one of these shown, STATE has no "*". */
const SHOW_NEXT = ['N', 'SN', 'NSTA', 'NSTATE'];

/** The name of a column as asked for, in any case. Undefined when there is none. */
export function columnNamed(name: string): string | undefined {
  return COLUMNS[name.toUpperCase()] === undefined ? undefined : name.toUpperCase();
}

const line = (cells: readonly string[]): string => `${cells.join(' ').trimEnd()}\n`;
const pad = (text: string, { width, right }: Column): string => (right ? text.padStart(width) : text.padEnd(width));

export function formatHeader(names: readonly string[]): string {
  return line(names.map((name) => name.padEnd(COLUMNS[name]?.width ?? 0)));
}

export function formatRow(names: readonly string[], row: Row, now: number): string {
  const star = row.run.next !== 'none' && !names.some((name) => SHOW_NEXT.includes(name)) ? '*' : '';
  return line(
    names.flatMap((name) => {
      const column = COLUMNS[name];
      return column === undefined ? [] : [pad(column.text(row, now, star), column)];
    }),
  );
}

/** From the least interesting state to the most. */
const ORDER = ['legacy_run', 'disabled', 'online', 'degraded', 'offline', 'maintenance', 'uninitialized'];

const KEYS: Readonly<Record<string, (a: Row, b: Row) => number>> = {
  ZONE: (a, b) => compare(a.zone, b.zone),
  STATE: (a, b) => ORDER.indexOf(a.run.state) - ORDER.indexOf(b.run.state),
  STIME: (a, b) => Math.floor(a.run.since / 1000) - Math.floor(b.run.since / 1000),
  FMRI: (a, b) => compare(a.instance.fmri, b.instance.fmri),
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whether the lab knows how svcs sorts by a column. */
export const isSortKey = (column: string): boolean => Object.hasOwn(KEYS, column);

/** Rows in order of these columns; equal rows are kept once, as svcs does. */
export function sortRows(rows: readonly Row[], keys: readonly string[]): Row[] {
  return [...rows].sort((a, b) => {
    for (const key of keys) {
      const order = KEYS[key]?.(a, b) ?? 0;
      if (order !== 0) return order;
    }
    return 0;
  });
}
