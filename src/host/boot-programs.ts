import { OperatorError } from '../domain/errors.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import type { TemplateLayer } from '../domain/template-layer.ts';
import { mergeVars } from '../domain/vars.ts';
import { formatBootProgram } from '../plan/boot-program.ts';
import { bootProgramFile } from '../plan/host-paths.ts';
import type { HostStep } from '../plan/host-step.ts';
import { filesFor, managedFilesOf, renderFiles } from '../plan/rendering.ts';
import { digestOfLayers } from '../plan/template-digest.ts';
import { EDITION, inputsKey, isBootProgramFor, NOTHING_OWN } from '../plan/zone-inputs.ts';
import { hostTemplates } from '../plan/zone-paths.ts';
import { digestOf } from '../render/digest.ts';
import type { System } from '../system/system.ts';
import { readPublishedHead } from './published-files.ts';
import type { HostLayers } from './site-templates.ts';

/** Enough to tell what a program was made for. */
const HEAD_BYTES = 120;

/** What a program is made from, asked for only when one is. */
interface Sources {
  /** What a zone reads from the text of its metadata. */
  readonly metadata: () => ZoneMetadata;
  readonly layers: () => Promise<HostLayers>;
}

/** Plans the boot of zones ahead, as programs for a shell beside their metadata (docs/decisions/0019). */
export function bootPrograms(system: System) {
  let edition: Promise<string | undefined> | undefined;

  /** Publishes the program for metadata as they will be. Empty when it is there; templates that are faulty are told elsewhere. */
  async function plan(zone: ZoneName, text: string, sources: Sources): Promise<HostStep[]> {
    edition ??= system.readFile(EDITION);
    const software = await edition;
    if (software === undefined || zone === GLOBAL) return [];
    const path = bootProgramFile(zone);
    const key = inputsKey({ text, edition: software, own: NOTHING_OWN });
    const had = await readPublishedHead(path, HEAD_BYTES, system);
    if (isBootProgramFor(key, had)) return [];
    const content = await makeProgram(zone, text, software, sources);
    if (content === undefined) return had === undefined ? [] : [removal(path)];
    const reason = had === undefined ? 'its boot, planned ahead' : 'its boot is another';
    const file = { path, content, mode: 0o644 };
    const steps = [{ kind: 'write', reason, file, replaces: had !== undefined } as const];
    return [{ sign: had === undefined ? '+' : '~', about: 'boot', what: path, note: reason, steps }];
  }

  return { plan };
}

function removal(path: string): HostStep {
  const note = 'not all of its boot is known ahead';
  return { sign: '-', about: 'boot', what: path, note, steps: [{ kind: 'remove', reason: note, path }] };
}

async function makeProgram(
  zone: ZoneName,
  text: string,
  edition: string,
  sources: Sources,
): Promise<string | undefined> {
  try {
    const metadata = sources.metadata();
    // By the paths that the zone will see.
    const { forAll, forThis } = hostTemplates(zone);
    const [common, own] = await sources.layers();
    // Those that are faulty are not published, and the metadata name the ones of before.
    if (digestOfLayers([common, own]) !== metadata.templates) return undefined;
    const layers = [at(common, forAll), at(own, forThis)];
    const all = filesFor(managedFilesOf(layers), metadata);
    const files = await renderFiles(all, metadata, { layers, vars: mergeVars(metadata.vars) });
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
