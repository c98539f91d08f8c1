import { OperatorError } from '../domain/errors.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import type { TemplateLayer } from '../domain/template-layer.ts';
import { mergeVars } from '../domain/vars.ts';
import { parseMetadata } from '../ini/metadata.ts';
import { formatBootProgram } from '../plan/boot-program.ts';
import { bootProgramFile, metadataFile } from '../plan/host-paths.ts';
import type { HostStep, LateHostStep } from '../plan/host-step.ts';
import { filesFor, renderFiles } from '../plan/rendering.ts';
import { digestOfLayers } from '../plan/template-digest.ts';
import { EDITION, HEAD_BYTES, inputsKey, isBootProgramFor, NOTHING_OWN } from '../plan/zone-inputs.ts';
import { hostTemplates } from '../plan/zone-paths.ts';
import { digestOf } from '../render/digest.ts';
import type { System } from '../system/system.ts';
import { readPublishedFile, readPublishedHead } from './published-files.ts';
import type { SiteTemplates } from './site-templates.ts';

/** What a zone reads from the text of its metadata; asked for only when a program is made. */
type Metadata = () => ZoneMetadata;

/** A program that is to be made, or cannot be, and what is there in its place. */
interface Wanting {
  readonly path: string;
  readonly software: string;
  /** How it begins. Undefined: there is none. */
  readonly had: string | undefined;
}

/** Plans the boot of zones ahead, as programs for a shell beside their metadata (docs/decisions/0019), with the templates of a site. */
export function bootPrograms(site: SiteTemplates, system: System) {
  let edition: Promise<string | undefined> | undefined;

  /** Undefined: what is there is for these metadata, or the zone has none. */
  async function look(zone: ZoneName, text: string): Promise<Wanting | undefined> {
    edition ??= system.readFile(EDITION);
    const software = await edition;
    if (software === undefined || zone === GLOBAL) return undefined;
    const path = bootProgramFile(zone);
    const key = inputsKey({ text, edition: software, own: NOTHING_OWN });
    const had = await readPublishedHead(path, HEAD_BYTES, system);
    return isBootProgramFor(key, had) ? undefined : { path, software, had };
  }

  /** Publishes the program for metadata as they will be. Empty when it is there; templates that are faulty are told elsewhere. */
  async function plan(zone: ZoneName, text: string, metadata: Metadata): Promise<HostStep[]> {
    const wanting = await look(zone, text);
    return wanting === undefined ? [] : await planWanting(zone, text, wanting, metadata);
  }

  async function planWanting(zone: ZoneName, text: string, wanting: Wanting, metadata: Metadata): Promise<HostStep[]> {
    const { path, software, had } = wanting;
    const content = await makeProgram(zone, text, software, metadata, site);
    if (content === undefined) return had === undefined ? [] : [removal(path)];
    const file = { path, content, mode: 0o644 };
    const step = written(wanting);
    return [{ ...step, steps: [{ kind: 'write', reason: step.note, file, replaces: had !== undefined }] }];
  }

  /**
   * As `plan`, for one of many zones: the program is made when it is its turn, from the metadata as they are published then.
   * What is there and does not fit is known to be another without making it.
   */
  async function planLate(zone: ZoneName, text: string, metadata: Metadata): Promise<LateHostStep[]> {
    const wanting = await look(zone, text);
    if (wanting === undefined) return [];
    // Whether there can be one at all is seen when it is made.
    const planned = wanting.had === undefined ? await planWanting(zone, text, wanting, metadata) : [written(wanting)];
    // Without the metadata, which would be held of thousands of zones.
    const steps = async () => {
      const path = metadataFile(zone);
      const published = await readPublishedFile(path, system);
      if (published === undefined) return [];
      return (await plan(zone, published, () => parseMetadata(published, path))).flatMap((step) => step.steps);
    };
    return planned.map((step) => ({ ...step, steps }));
  }

  return { plan, planLate };
}

/** What the writing of a program is in a plan. */
function written({ path, had }: Wanting): Omit<HostStep, 'steps'> {
  const note = had === undefined ? 'its boot, planned ahead' : 'its boot is another';
  return { sign: had === undefined ? '+' : '~', about: 'boot', what: path, note };
}

function removal(path: string): HostStep {
  const note = 'not all of its boot is known ahead';
  return { sign: '-', about: 'boot', what: path, note, steps: [{ kind: 'remove', reason: note, path }] };
}

async function makeProgram(
  zone: ZoneName,
  text: string,
  edition: string,
  readMetadata: Metadata,
  site: SiteTemplates,
): Promise<string | undefined> {
  try {
    const metadata = readMetadata();
    // By the paths that the zone will see.
    const { forAll, forThis } = hostTemplates(zone);
    const [common, own] = await site.read(zone);
    // Those that are faulty are not published, and the metadata name the ones of before.
    if (digestOfLayers([common, own]) !== metadata.templates) return undefined;
    const { files: all, compiled } = await site.prepare([common, own]);
    const seen = { layers: [at(common, forAll), at(own, forThis)], vars: mergeVars(metadata.vars) };
    const files = renderFiles(filesFor(all, metadata), metadata, seen, compiled);
    const digest = digestOf(text);
    return formatBootProgram({ text, metadata, files, digest, edition, own: NOTHING_OWN, owners: new Map() });
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

function at({ origin, templates, files }: TemplateLayer, directory: string): TemplateLayer {
  return {
    origin,
    directory,
    templates: templates.map((one) => ({ ...one, path: `${directory}/${one.name}` })),
    ...(files === undefined ? {} : { files: { ...files, path: `${directory}/files.ini` } }),
  };
}
