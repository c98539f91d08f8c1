import { OperatorError } from '../domain/errors.ts';
import type { Fault } from '../domain/fault.ts';
import type { IniDocument, IniSection } from './document.ts';
import { readSection, type Shape, type ShapeValues } from './shape.ts';

/**
 * The sections of a document by kind: "nic." holds [nic.znic0] and the like, "resolver" only [resolver]. The section ""
 * and [end] are of no kind; a section of another kind is a fault.
 */
export function sortSections<const K extends string>(
  { sections }: IniDocument,
  kinds: readonly K[],
  faults: Fault[],
): Record<K, IniSection[]> {
  const sorted = Object.fromEntries(kinds.map((kind) => [kind, []])) as unknown as Record<K, IniSection[]>;
  for (const section of sections.slice(1)) {
    if (section.name === 'end' && section.entries.length === 0) continue;
    const kind = kinds.find((candidate) =>
      candidate.endsWith('.') ? section.name.startsWith(candidate) : section.name === candidate,
    );
    if (kind !== undefined) sorted[kind].push(section);
    else {
      faults.push({
        line: section.line,
        column: 1,
        length: section.name.length + 2,
        message: `unknown section [${section.name}]`,
        hint: `Known are ${kinds.map((known) => (known.endsWith('.') ? `[${known}NAME]` : `[${known}]`)).join(', ')} and [end]`,
      });
    }
  }
  return sorted;
}

/** Reads sections named KIND.NAME: each name by its parser, each body by the shape. */
export function readEach<N, S extends Shape>(
  sections: readonly IniSection[],
  parseName: (text: string) => N,
  shape: S,
  faults: Fault[],
): (readonly [N, ShapeValues<S>])[] {
  return sections.flatMap((section) => {
    const values = readSection(section, shape, faults);
    try {
      const name = parseName(section.name.slice(section.name.indexOf('.') + 1));
      return values === undefined ? [] : [[name, values] as const];
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      faults.push({
        line: section.line,
        column: 2,
        length: section.name.length,
        message: error.message,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
      return [];
    }
  });
}

/** Keys before the first header of a file that has none there. */
export function checkTopEmpty({ sections }: IniDocument, faults: Fault[]): void {
  const [entry] = sections[0]?.entries ?? [];
  if (entry === undefined) return;
  faults.push({ line: entry.line, column: 1, length: entry.key.length, message: 'this key is in no section' });
}

/** A file whose last section is not [end] was cut short. */
export function checkEnd({ text, sections }: IniDocument, faults: Fault[]): void {
  if (sections.at(-1)?.name === 'end') return;
  faults.push({
    line: Math.max(1, text.split('\n').length - 1),
    column: 1,
    message: 'the file is cut short: its last line, [end], is missing',
  });
}
