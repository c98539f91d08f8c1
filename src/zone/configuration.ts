import { OperatorError } from '../domain/errors.ts';
import { faultsError } from '../domain/fault.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { parseMetadata } from '../ini/metadata.ts';
import { checkMetadata } from '../ini/metadata-check.ts';
import type { Trouble } from '../plan/trouble.ts';
import type { DesiredZone } from '../plan/zone.ts';
import { EDITION, inputsKey, type OwnInputs } from '../plan/zone-inputs.ts';
import { COMPILED, metadataFor } from '../plan/zone-paths.ts';
import { digestOf } from '../render/digest.ts';
import type { System } from '../system/system.ts';
import { withoutFaultySites } from './certificates.ts';
import { type Own, readOwn, readSite } from './site.ts';
import { renderedFrom } from './stored.ts';

/** All that a zone is told, and what follows from it. */
export interface Configuration extends DesiredZone {
  /** The metadata as it was read, byte for byte. */
  readonly text: string;
  /** SHA-256 of the metadata, in hexadecimal. */
  readonly digest: string;
  /** `inputsKey` of what the files were made from; missing where that is not all, or not known. */
  readonly key?: string;
  /** The text of LAST_GOOD for it; missing where nobody has made that yet. */
  readonly lastGood?: string;
  /** What it was made from beside the metadata; missing where it is the last good one. */
  readonly own?: OwnInputs;
  /** What of the metadata cannot be, and is left out of them here. */
  readonly leftOut?: readonly Trouble[];
}

/**
 * Reads the metadata of this zone and renders its files, unless somebody has done so with the same.
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
  const own = await readOwn(zone, system);
  const key = await keyOf(text, own.inputs, system);
  const source = { text, zone, own, key };
  const configuration = (await madeBefore(source, system)) ?? (await make(source, system));
  const isAsShipped = own.layer.templates.length === 0 && configuration.metadata.templates === undefined;
  if (isAsShipped) await system.remove(COMPILED);
  return configuration;
}

interface Source {
  readonly text: string;
  readonly zone: string;
  readonly own: Own;
  readonly key: string | undefined;
}

/** What is proved by its key to be from the very same. Undefined: there is none, or a certificate in it is of no use now. */
async function madeBefore({ text, zone, own, key }: Source, system: System): Promise<Configuration | undefined> {
  const rendered = key === undefined ? undefined : await renderedFrom(key, system);
  if (key === undefined || rendered?.facts.zone !== zone) return undefined;
  const { facts: metadata, files, lastGood } = rendered;
  const { leftOut } = await withoutFaultySites(metadata, system);
  if (leftOut.length > 0) return undefined;
  return { text, digest: digestOf(text), metadata, files, lastGood, own: own.inputs, key };
}

async function make({ text, zone, own, key }: Source, system: System): Promise<Configuration> {
  const { metadata, leftOut } = await withoutFaultySites(readMetadata(text, zone), system);
  const site = await readSite(metadata, own, system);
  const { renderZone } = await import('./render-files.ts');
  const files = await renderZone(metadata, site, system);
  const made = { text, digest: digestOf(text), metadata, files, own: own.inputs, leftOut };
  return key === undefined || leftOut.length > 0 ? made : { ...made, key };
}

async function keyOf(text: string, own: OwnInputs, system: System): Promise<string | undefined> {
  const edition = await system.readFile(EDITION);
  return edition === undefined ? undefined : inputsKey({ text, edition, own });
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
