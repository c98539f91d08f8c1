import { type ManifestService, readServices } from './manifest.ts';
import { manifestFaults } from './manifest-check.ts';
import { dtdFaults } from './validate.ts';
import { type Document, parseXml, XmlError } from './xml.ts';

/** A service bundle as it was read, or why it cannot be (§6.6): parser lines, then svccfg's own. */
export type Loaded =
  | { readonly services: readonly ManifestService[]; readonly document: Document; readonly type: string }
  | { readonly lines: readonly string[]; readonly reason: string };

const known = new Map<string, Loaded>();
const KNOWN_LIMIT = 300;

function load(text: string): Loaded {
  let document: Document;
  try {
    document = parseXml(text);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    return { lines: [error.message], reason: "couldn't parse document" };
  }
  if (document.doctype === undefined) return { lines: [], reason: 'document has no DTD' };
  const lines = dtdFaults(document);
  if (lines.length > 0) return { lines, reason: 'Document is not valid.' };
  const faults = manifestFaults(document);
  const [first] = faults;
  if (first !== undefined) return { lines: faults.slice(0, -1), reason: faults.at(-1) ?? first };
  return { services: readServices(document), document, type: document.root.attributes.get('type') ?? '' };
}

/** Reads a manifest or a profile. Texts seen before are not parsed again: a hundred zones have the same ones. */
export function loadBundle(text: string): Loaded {
  const found = known.get(text);
  if (found !== undefined) return found;
  const loaded = load(text);
  if (known.size >= KNOWN_LIMIT) known.clear();
  known.set(text, loaded);
  return loaded;
}
