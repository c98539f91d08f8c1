import { OperatorError } from '../domain/errors.ts';
import type { ManagedFile, RenderedFile } from '../domain/managed-file.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import type { ZoneName } from '../domain/names.ts';
import type { Origin, TemplateLayer } from '../domain/template-layer.ts';
import { answerFromZone, askInZone } from '../illumos/zlogin.ts';
import { parseMetadata } from '../ini/metadata.ts';
import { metadataFile, SITE_TEMPLATES } from '../plan/host-paths.ts';
import { filesFor, managedFilesOf, renderFiles } from '../plan/rendering.ts';
import { shippedNames, shippedPartialNames } from '../render/render.ts';
import type { System } from '../system/system.ts';
import type { Host } from './host.ts';
import { observeHost } from './observe.ts';
import { siteTemplates } from './site-templates.ts';
import { findZone, readRecords } from './store.ts';

/** Where a zone has templates of its own. */
const IN_ZONE = '/etc/zonenet/templates';

/** What a zone would be given now: its metadata as they are published, with the templates of the host as they are. */
export interface Outlook {
  readonly metadata: ZoneMetadata;
  readonly layers: readonly TemplateLayer[];
  readonly files: readonly ManagedFile[];
  readonly running: boolean;
  /** Names of the zone's own templates and partials, which win over the host's. Undefined: it cannot be asked. */
  readonly own: readonly string[] | undefined;
}

/**
 * Looks at what the files of a zone would be made from.
 *
 * @throws {OperatorError} NOT_FOUND, METADATA_INVALID, INI_INVALID, TEMPLATE_INVALID
 */
export async function outlookOf(name: ZoneName, { system }: Host): Promise<Outlook> {
  findZone(name, await readRecords(system));
  const path = metadataFile(name);
  const [text, layers, observed] = await Promise.all([
    system.readFile(path),
    siteTemplates(system).read(name),
    observeHost(system),
  ]);
  if (text === undefined) {
    throw new OperatorError('NOT_FOUND', `Cannot render for zone "${name}": nothing is published for it`, {
      hint: 'to publish it:   znetadm repair',
    });
  }
  const metadata = parseMetadata(text, path);
  const running = observed.zones.get(name)?.state === 'running';
  const own = running ? await ownNames(name, system) : undefined;
  return { metadata, layers, files: filesFor(managedFilesOf(layers), metadata), running, own };
}

async function ownNames(zone: ZoneName, system: System): Promise<string[] | undefined> {
  const question = { program: '/usr/bin/find', args: [IN_ZONE, '-name', '*.hbs'] };
  const answer = answerFromZone((await system.run(askInZone(zone, question))).stdout);
  return answer
    ?.split('\n')
    .filter((line) => line.startsWith(`${IN_ZONE}/`))
    .map((line) => line.slice(IN_ZONE.length + 1));
}

/**
 * Renders the files of a zone, all or those of these names: of their sections, "ipf.conf".
 *
 * @throws {OperatorError} NOT_FOUND, TEMPLATE_INVALID
 */
export async function renderOutlook(outlook: Outlook, names: readonly string[]): Promise<RenderedFile[]> {
  const { metadata, layers, files } = outlook;
  const unknown = names.find((name) => files.every((file) => file.name !== name));
  if (unknown !== undefined) {
    throw new OperatorError('NOT_FOUND', `Cannot render "${unknown}": zone "${metadata.zone}" has no such file`, {
      hint: `It has ${files.map(({ name }) => name).join(', ')}`,
    });
  }
  const wanted = names.length === 0 ? files : files.filter(({ name }) => names.includes(name));
  const written = wanted.filter(({ policy }) => policy !== 'left');
  return await renderFiles(written, metadata, { layers, vars: metadata.vars });
}

/** What a running zone has at a path, as its own programs read it there. Undefined: nothing, or it cannot be asked. */
export async function contentInZone(zone: ZoneName, path: string, system: System): Promise<string | undefined> {
  const { stdout } = await system.run(askInZone(zone, { program: '/usr/bin/cat', args: [path] }));
  const answer = answerFromZone(stdout);
  return answer === '' ? undefined : answer;
}

/** The fields of list-templates, in the order they are shown. */
export const TEMPLATE_FIELDS = ['zone', 'file', 'path', 'template', 'origin', 'policy'] as const;

/** A row for each file of a zone, and one for each partial that is not the shipped one. */
export function templateRows({ metadata, layers, files, own }: Outlook): Record<string, string>[] {
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
function originOf(template: string, layers: readonly TemplateLayer[], own: readonly string[] | undefined): Origin {
  if (own?.includes(template) === true) return 'zone';
  const layer = layers.findLast(({ templates }) => templates.some(({ name }) => name === template));
  return layer?.origin ?? 'shipped';
}

/** The directory of templates for one zone, or for all. */
export function directoryFor(zone: ZoneName | undefined): string {
  return zone === undefined ? SITE_TEMPLATES : `${SITE_TEMPLATES}/zones/${zone}`;
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
