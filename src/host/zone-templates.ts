import { OperatorError } from '../domain/errors.ts';
import type { ManagedFile, RenderedFile } from '../domain/managed-file.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import type { Origin, TemplateLayer, TemplateText } from '../domain/template-layer.ts';
import { mergeVars, type Vars } from '../domain/vars.ts';
import { answerFromZone, askInZone } from '../illumos/zlogin.ts';
import { listZones, parseZones } from '../illumos/zoneadm.ts';
import { parseMetadata } from '../ini/metadata.ts';
import { parseLocal } from '../ini/vars.ts';
import { metadataFile } from '../plan/host-paths.ts';
import { filesFor, managedFilesOf, prepareFiles, renderFiles } from '../plan/rendering.ts';
import { LOCAL, OWN_TEMPLATES } from '../plan/zone-paths.ts';
import { LIMITS } from '../render/limits.ts';
import { shippedNames, shippedPartialNames } from '../render/render.ts';
import { ask } from '../system/ask.ts';
import type { System } from '../system/system.ts';
import { readPublishedFile } from './published-files.ts';
import type { SiteTemplates } from './site-templates.ts';

/** What a zone would be given now: its metadata as they are published, with the templates of the host as they are. */
export interface Outlook {
  readonly metadata: ZoneMetadata;
  readonly layers: readonly TemplateLayer[];
  readonly files: readonly ManagedFile[];
  /** Values for templates. */
  readonly vars: Vars;
  readonly running: boolean;
}

/** Names of a zone's own templates and partials, which win over the host's. Undefined: it cannot be asked. */
export type OwnNames = readonly string[] | undefined;

/**
 * Gives what looks at what the files of a zone would be made from; what all zones share is read once.
 *
 * It throws OperatorError: NOT_FOUND, METADATA_INVALID, INI_INVALID, TEMPLATE_INVALID.
 */
export async function createOutlooks(
  site: SiteTemplates,
  system: System,
): Promise<(zone: ZoneName) => Promise<Outlook>> {
  const states = new Map(parseZones(await ask(listZones(), system)).map(({ name, state }) => [name, state as string]));
  return async (name) => {
    const path = metadataFile(name);
    const [text, layers] = await Promise.all([readPublishedFile(path, system), site.read(name)]);
    if (text === undefined) {
      throw new OperatorError('NOT_FOUND', `Cannot render for zone "${name}": nothing is published for it`, {
        hint: 'to publish it:   znetadm repair',
      });
    }
    const metadata = parseMetadata(text, path);
    const files = filesFor(managedFilesOf(layers), metadata);
    return { metadata, layers, files, vars: metadata.vars, running: states.get(name) === 'running' };
  };
}

/** Asks a running zone what templates it has of its own. */
export async function ownNames({ metadata: { zone }, running }: Outlook, system: System): Promise<OwnNames> {
  // Those in /etc/zonenet/templates of the host are the host's.
  if (zone === GLOBAL) return [];
  if (!running) return undefined;
  const question = { program: '/usr/bin/find', args: [OWN_TEMPLATES, '-name', '*.hbs'] };
  const answer = answerFromZone((await system.run(askInZone(zone, question))).stdout);
  return answer
    ?.split('\n')
    .filter((line) => line.startsWith(`${OWN_TEMPLATES}/`))
    .map((line) => line.slice(OWN_TEMPLATES.length + 1));
}

/**
 * The same with what a running zone has of its own: templates, files.ini and values. One that cannot be asked is taken to
 * have none. What it says is checked like any template of a site.
 *
 * @throws {OperatorError} INI_INVALID, TEMPLATE_INVALID
 */
export async function withOwn(outlook: Outlook, system: System): Promise<Outlook> {
  const { metadata } = outlook;
  const names = await ownNames(outlook, system);
  if (names === undefined) return outlook;
  if (names.length > LIMITS.templates) {
    throw new OperatorError(
      'TEMPLATE_INVALID',
      `Cannot use ${OWN_TEMPLATES} of the zone: it has ${names.length} templates`,
      { hint: `At most ${LIMITS.templates} are read` },
    );
  }
  const read = async (path: string) => await contentInZone(metadata.zone, path, system);
  const templates = await Promise.all(
    names.map(async (name): Promise<TemplateText> => {
      const path = `${OWN_TEMPLATES}/${name}`;
      return { name, path, text: (await read(path)) ?? '' };
    }),
  );
  // What lies there in the global zone is the host's own layer already.
  const files = metadata.zone === GLOBAL ? undefined : await read(`${OWN_TEMPLATES}/files.ini`);
  const local = await read(LOCAL);
  const own: TemplateLayer = {
    origin: 'zone',
    directory: OWN_TEMPLATES,
    templates,
    ...(files === undefined ? {} : { files: { path: `${OWN_TEMPLATES}/files.ini`, text: files } }),
  };
  const layers = [...outlook.layers, own];
  return {
    ...outlook,
    layers,
    files: filesFor(managedFilesOf(layers), metadata),
    vars: local === undefined ? outlook.vars : mergeVars(outlook.vars, parseLocal(local, LOCAL)),
  };
}

/**
 * Renders the files of a zone, all or those of these names: of their sections, "ipf.conf".
 *
 * @throws {OperatorError} NOT_FOUND, TEMPLATE_INVALID
 */
export async function renderOutlook(outlook: Outlook, names: readonly string[]): Promise<RenderedFile[]> {
  const { metadata, layers, files, vars } = outlook;
  const unknown = names.find((name) => files.every((file) => file.name !== name));
  if (unknown !== undefined) {
    throw new OperatorError('NOT_FOUND', `Cannot render "${unknown}": zone "${metadata.zone}" has no such file`, {
      hint: `It has ${files.map(({ name }) => name).join(', ')}`,
    });
  }
  const wanted = names.length === 0 ? files : files.filter(({ name }) => names.includes(name));
  const written = wanted.filter(({ policy }) => policy !== 'left');
  const { compiled } = await prepareFiles(layers);
  return renderFiles(written, metadata, { layers, vars }, compiled);
}

/** What a running zone has at a path, as its own programs read it there. Undefined: nothing, or it cannot be asked. */
export async function contentInZone(zone: ZoneName, path: string, system: System): Promise<string | undefined> {
  if (zone === GLOBAL) return await system.readFile(path);
  const { stdout } = await system.run(askInZone(zone, { program: '/usr/bin/cat', args: [path] }));
  const answer = answerFromZone(stdout);
  return answer === '' ? undefined : answer;
}

/** The fields of list-templates, in the order they are shown. */
export const TEMPLATE_FIELDS = ['zone', 'file', 'path', 'template', 'origin', 'policy'] as const;

/** A row for each file of a zone, and one for each partial that is not the shipped one. */
export function templateRows({ metadata, layers, files }: Outlook, own: OwnNames): Record<string, string>[] {
  const { zone } = metadata;
  const rows = files.map(({ name, path, template, policy }) => ({
    zone,
    file: name,
    path,
    template,
    origin: policy === 'left' ? '' : originOf(template, layers, own),
    policy,
  }));
  const partials = new Set([...layers.flatMap(({ templates }) => templates.map((one) => one.name)), ...(own ?? [])]);
  const overridden = [...partials].filter((name) => name.startsWith('partials/')).sort();
  return [
    ...rows,
    ...overridden.map((template) => ({
      zone,
      file: '',
      path: '',
      template,
      origin: originOf(template, layers, own),
      policy: '',
    })),
  ];
}

/** The last that has it: the zone, the host for the zone, the host for all, the software. */
function originOf(template: string, layers: readonly TemplateLayer[], own: OwnNames): Origin {
  if (own?.includes(template) === true) return 'zone';
  const layer = layers.findLast(({ templates }) => templates.some(({ name }) => name === template));
  return layer?.origin ?? 'shipped';
}

/**
 * The name of a shipped template or partial, as it stands below the directory: "ipf.conf.hbs", "partials/banner.hbs".
 *
 * @throws {OperatorError} NOT_FOUND
 */
export function shippedName(text: string): string {
  const known = [...shippedNames(), ...shippedPartialNames()];
  const found = [text, `${text}.hbs`, `partials/${text}`, `partials/${text}.hbs`].find((name) => known.includes(name));
  if (found !== undefined) return found;
  throw new OperatorError('NOT_FOUND', `Cannot find a shipped template "${text}"`, {
    hint: `There are ${known.sort().join(', ')}`,
  });
}
