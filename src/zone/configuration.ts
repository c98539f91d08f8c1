import { OperatorError } from '../domain/errors.ts';
import { faultsError } from '../domain/fault.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { parseMetadata } from '../ini/metadata.ts';
import { checkMetadata } from '../ini/metadata-check.ts';
import type { OwnInputs } from '../plan/boot-program.ts';
import { filesFor, managedFilesOf, overridesOf, renderFiles, templatesOf } from '../plan/rendering.ts';
import type { Trouble } from '../plan/trouble.ts';
import type { DesiredZone } from '../plan/zone.ts';
import { metadataFor } from '../plan/zone-paths.ts';
import { digestOf } from '../render/digest.ts';
import type { System } from '../system/system.ts';
import { withoutFaultySites } from './certificates.ts';
import { compiledOverrides } from './compiled-cache.ts';
import { readSite } from './site.ts';

/** All that a zone is told, and what follows from it. */
export interface Configuration extends DesiredZone {
  /** The metadata as it was read, byte for byte. */
  readonly text: string;
  /** SHA-256 of the metadata, in hexadecimal. */
  readonly digest: string;
  /** What it was made from beside the metadata; missing where it is the last good one. */
  readonly own?: OwnInputs;
  /** What of the metadata cannot be, and is left out of them here. */
  readonly leftOut?: readonly Trouble[];
}

/**
 * Reads the metadata of this zone and renders its files.
 *
 * @throws {OperatorError} METADATA_MISSING, METADATA_FOREIGN, METADATA_INVALID, METADATA_NEWER, INI_INVALID,
 * TEMPLATE_INVALID
 */
export async function readConfiguration(zone: string, system: System): Promise<Configuration> {
  const path = metadataFor(zone);
  const text = await system.readFile(path);
  if (text === undefined) {
    throw new OperatorError('METADATA_MISSING', `Cannot find ${path}: the host has published nothing here`, {
      hint: `On the host: znetadm sync ${zone}; and see that the zone has the "fs" resource: zonecfg -z ${zone} info fs`,
    });
  }
  const { metadata, leftOut } = await withoutFaultySites(readMetadata(text, zone), system);
  const site = await readSite(metadata, system);
  const all = managedFilesOf(site.layers);
  const compiled = await compiledOverrides(overridesOf(site.layers), templatesOf(all), system);
  const files = await renderFiles(filesFor(all, metadata), metadata, site, compiled);
  return { text, digest: digestOf(text), metadata, files, own: site.own, leftOut };
}

/**
 * Reads metadata and sees that it is of this zone: a clone carries another one's.
 *
 * @throws {OperatorError} as `parseMetadata` and `checkMetadata`, and METADATA_FOREIGN
 */
export function readMetadata(text: string, zone: string): ZoneMetadata {
  const path = metadataFor(zone);
  const metadata = parseMetadata(text, path);
  if (metadata.zone === zone) {
    checkMetadata(metadata, text, path);
    return metadata;
  }
  const line = text.split('\n').findIndex((one) => /^zone[ \t]*=/.test(one)) + 1;
  const message = `this is the metadata of zone "${metadata.zone}", and this zone is "${zone}"`;
  const hint = `A cloned zone needs metadata of its own; on the host: znetadm sync ${zone}`;
  const fault = { line, column: 1, length: `zone = ${metadata.zone}`.length, message, hint };
  throw faultsError('METADATA_FOREIGN', { file: path, text, faults: [fault] });
}
