import { OperatorError } from '../domain/errors.ts';
import type { Origin, TemplateLayer, TemplateText } from '../domain/template-layer.ts';
import { LIMITS } from '../render/limits.ts';
import type { System } from './system.ts';

/**
 * Reads a directory of templates: NAME.hbs, partials/NAME.hbs and files.ini; anything else in it is no matter of ours.
 * A directory that is not there is an empty one.
 *
 * @throws {OperatorError} TEMPLATE_INVALID for what is no plain file, for names that are none, and for too many
 */
export async function readTemplateLayer(origin: Origin, directory: string, system: System): Promise<TemplateLayer> {
  const [names, partials] = await Promise.all([system.list(directory), system.list(`${directory}/partials`)]);
  const wanted = [...names, ...partials.map((name) => `partials/${name}`)].filter((name) => name.endsWith('.hbs'));
  if (wanted.length > LIMITS.templates) {
    throw new OperatorError('TEMPLATE_INVALID', `Cannot use ${directory}: it has ${wanted.length} templates`, {
      hint: `At most ${LIMITS.templates} are read`,
    });
  }
  const templates = await Promise.all(wanted.map((name) => readTemplate(directory, name, system)));
  const files = names.includes('files.ini') ? await readPlain(`${directory}/files.ini`, system) : undefined;
  return {
    origin,
    directory,
    templates: templates.filter((one) => one !== undefined),
    ...(files === undefined ? {} : { files: { path: `${directory}/files.ini`, text: files } }),
  };
}

async function readTemplate(directory: string, name: string, system: System): Promise<TemplateText | undefined> {
  const path = `${directory}/${name}`;
  if (!/^(partials\/)?[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\.hbs$/.test(name)) {
    throw new OperatorError('TEMPLATE_INVALID', `Cannot use ${JSON.stringify(path)}: its name is none for a template`, {
      hint: 'Use letters, digits, "_", "." and "-", a letter or digit first, and ".hbs" at the end',
    });
  }
  const text = await readPlain(path, system);
  return text === undefined ? undefined : { name, path, text };
}

/** The text of a plain file: a link, a pipe or a device would lead elsewhere, or never end. */
async function readPlain(path: string, system: System): Promise<string | undefined> {
  const kind = await system.kindOf(path);
  if (kind === undefined) return undefined;
  if (kind === 'file') return await system.readFile(path);
  const found = { link: 'a symbolic link', directory: 'a directory', other: 'no plain file' }[kind];
  throw new OperatorError('TEMPLATE_INVALID', `Cannot use ${path}: it is ${found}`, { hint: 'Put a plain file there' });
}
