import { dirname } from 'node:path';
import type { ZoneName } from '../domain/names.ts';
import type { TemplateLayer } from '../domain/template-layer.ts';
import { publishedTemplates } from './host-paths.ts';
import type { HostStep } from './host-step.ts';
import { removeEmptied } from './records.ts';
import type { Step } from './step.ts';

/** Directories of what is published, by what they are published from. */
const DIRECTORIES = ['all', 'zone'] as const;

/**
 * Publishes the templates of the host for a zone: what differs is replaced, one file after the other, and what is gone is
 * removed. The zone knows by the digest in its metadata, which come after them, whether it has them all. Empty when
 * nothing differs. `have` is undefined when what is there cannot be read.
 */
export function planTemplates(
  zone: ZoneName,
  want: readonly TemplateLayer[],
  have: readonly TemplateLayer[] | undefined,
): HostStep[] {
  const directory = publishedTemplates(zone);
  const [wanted, found] = [textsOf(want, directory), textsOf(have ?? [], directory)];
  const written = [...wanted].filter(([path, text]) => found.get(path) !== text);
  const gone = [...found.keys()].filter((path) => !wanted.has(path));
  if (written.length + gone.length === 0) return [];
  const made = new Set<string>();
  const writes = written.flatMap(([path, content]): Step[] => {
    const reason = `the host gives it to zone "${zone}"`;
    const parent: Step[] = made.has(dirname(path))
      ? []
      : [{ kind: 'directory', reason, path: dirname(path), mode: 0o755 }];
    made.add(dirname(path));
    return [...parent, { kind: 'write', reason, file: { path, content, mode: 0o644 }, replaces: found.has(path) }];
  });
  const removes = gone.map((path): Step => ({ kind: 'remove', reason: 'the host has it no more', path }));
  const emptied =
    gone.length === 0
      ? []
      : [...DIRECTORIES.flatMap((name) => [`${directory}/${name}/partials`, `${directory}/${name}`]), directory].map(
          removeEmptied,
        );
  const names = [...written.map(([path]) => path), ...gone.map((path) => `without ${path}`)];
  return [
    {
      sign: found.size === 0 ? '+' : wanted.size === 0 ? '-' : '~',
      about: 'metadata',
      what: directory,
      note: names.map((name) => name.replace(`${directory}/`, '')).join(', '),
      steps: [...writes, ...removes, ...emptied],
    },
  ];
}

/** Text by the path it is published at. */
function textsOf(layers: readonly TemplateLayer[], directory: string): Map<string, string> {
  return new Map(
    layers.flatMap(({ templates, files }, index) => {
      const below = `${directory}/${DIRECTORIES[index]}`;
      const own = templates.map(({ name, text }) => [`${below}/${name}`, text] as const);
      return files === undefined ? own : [...own, [`${below}/files.ini`, files.text] as const];
    }),
  );
}
