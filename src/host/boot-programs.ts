import { OperatorError } from '../domain/errors.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import type { TemplateLayer } from '../domain/template-layer.ts';
import { mergeVars } from '../domain/vars.ts';
import { parseMetadata } from '../ini/metadata.ts';
import { formatBootProgram } from '../plan/boot-program.ts';
import { bootProgramFile, metadataFile } from '../plan/host-paths.ts';
import type { HostStep, LateHostStep } from '../plan/host-step.ts';
import { filesFor, type Prepared, prepareFiles, renderFiles } from '../plan/rendering.ts';
import { digestOfLayers } from '../plan/template-digest.ts';
import { EDITION, HEAD_BYTES, inputsKey, isBootProgramFor, NOTHING_OWN } from '../plan/zone-inputs.ts';
import { hostTemplates } from '../plan/zone-paths.ts';
import { digestOf } from '../render/digest.ts';
import type { System } from '../system/system.ts';
import { readPublishedFile, readPublishedHead } from './published-files.ts';
import type { HostLayers } from './site-templates.ts';

/** What a program is made from, asked for only when one is. */
interface Sources {
  /** What a zone reads from the text of its metadata. */
  readonly metadata: () => ZoneMetadata;
  readonly layers: () => Promise<HostLayers>;
}

/** A program that is to be made, or cannot be, and what is there in its place. */
interface Wanting {
  readonly path: string;
  readonly software: string;
  /** How it begins. Undefined: there is none. */
  readonly had: string | undefined;
}

type Prepare = (layers: readonly TemplateLayer[], digest: string | undefined) => Promise<Prepared>;

/** Plans the boot of zones ahead, as programs for a shell beside their metadata (docs/decisions/0019). */
export function bootPrograms(system: System) {
  let edition: Promise<string | undefined> | undefined;
  const prepared = new Map<string, Promise<Prepared>>();

  /** Once for all zones whose layers have this digest. */
  async function prepare(layers: readonly TemplateLayer[], digest = ''): Promise<Prepared> {
    const made = prepared.get(digest) ?? prepareFiles(layers);
    prepared.set(digest, made);
    return await made;
  }

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
  async function plan(zone: ZoneName, text: string, sources: Sources): Promise<HostStep[]> {
    const wanting = await look(zone, text);
    return wanting === undefined ? [] : await planWanting(zone, text, wanting, sources);
  }

  async function planWanting(zone: ZoneName, text: string, wanting: Wanting, sources: Sources): Promise<HostStep[]> {
    const { path, software, had } = wanting;
    const content = await makeProgram(zone, text, software, { ...sources, prepare });
    if (content === undefined) return had === undefined ? [] : [removal(path)];
    const file = { path, content, mode: 0o644 };
    const step = written(wanting);
    return [{ ...step, steps: [{ kind: 'write', reason: step.note, file, replaces: had !== undefined }] }];
  }

  /**
   * As `plan`, for one of many zones: the program is made when it is its turn, from the metadata as they are published then.
   * What is there and does not fit is known to be another without making it.
   */
  async function planLate(zone: ZoneName, text: string, sources: Sources): Promise<LateHostStep[]> {
    const wanting = await look(zone, text);
    if (wanting === undefined) return [];
    // Whether there can be one at all is seen when it is made.
    const planned = wanting.had === undefined ? await planWanting(zone, text, wanting, sources) : [written(wanting)];
    // Not all of the sources: of thousands of zones their metadata would be held.
    const { layers } = sources;
    const steps = async () => {
      const path = metadataFile(zone);
      const published = await readPublishedFile(path, system);
      if (published === undefined) return [];
      const now = { metadata: () => parseMetadata(published, path), layers };
      return (await plan(zone, published, now)).flatMap((step) => step.steps);
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
  sources: Sources & { readonly prepare: Prepare },
): Promise<string | undefined> {
  try {
    const metadata = sources.metadata();
    // By the paths that the zone will see.
    const { forAll, forThis } = hostTemplates(zone);
    const [common, own] = await sources.layers();
    // Those that are faulty are not published, and the metadata name the ones of before.
    const templates = digestOfLayers([common, own]);
    if (templates !== metadata.templates) return undefined;
    const layers = [at(common, forAll), at(own, forThis)];
    const { files: all, compiled } = await sources.prepare(layers, templates);
    const site = { layers, vars: mergeVars(metadata.vars) };
    const files = renderFiles(filesFor(all, metadata), metadata, site, compiled);
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
