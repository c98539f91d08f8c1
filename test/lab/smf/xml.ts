import { SaxesParser } from 'saxes';

/** An element of an XML document. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** Character data directly inside, CDATA sections included. */
  readonly text: string;
  /** Whether a CDATA section stands directly inside, which element content does not allow even when it is blank. */
  readonly cdata: boolean;
  /** Line of its start tag, from 1. */
  readonly line: number;
}

/** A well-formed document. */
export interface Document {
  readonly root: Element;
  /** What stands between "<!DOCTYPE" and ">". Missing when there is none. */
  readonly doctype?: string;
}

/** The text is no well-formed XML: "line 6: unclosed tag …". */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

interface Open {
  name: string;
  attributes: Map<string, string>;
  children: Element[];
  text: string;
  cdata: boolean;
  line: number;
}

/** Reads an XML document. The DTD is neither fetched nor read. @throws XmlError with the first fault and its line. */
export function parseXml(text: string): Document {
  // Without namespaces, so that xi: and xml: names stay as they are written.
  const parser = new SaxesParser({ xmlns: false, position: true });
  const stack: Open[] = [];
  let root: Element | undefined;
  let doctype: string | undefined;
  parser.on('error', (error) => {
    throw new XmlError(`line ${parser.line}: ${error.message.replace(/^\d+:\d+: /, '')}`);
  });
  parser.on('doctype', (words) => {
    doctype = words.trim();
  });
  parser.on('opentagstart', () => {
    stack.push({ name: '', attributes: new Map(), children: [], text: '', cdata: false, line: parser.line });
  });
  parser.on('opentag', (tag) => {
    const open = stack.at(-1);
    if (open === undefined) return;
    open.name = tag.name;
    for (const [name, value] of Object.entries(tag.attributes)) open.attributes.set(name, value);
  });
  parser.on('text', (words) => {
    const open = stack.at(-1);
    if (open !== undefined) open.text += words;
  });
  parser.on('cdata', (words) => {
    const open = stack.at(-1);
    if (open === undefined) return;
    open.text += words;
    open.cdata = true;
  });
  parser.on('closetag', () => {
    const closed = stack.pop();
    if (closed === undefined) return;
    const parent = stack.at(-1);
    if (parent === undefined) root = closed;
    else parent.children.push(closed);
  });
  parser.write(text).close();
  if (root === undefined) throw new XmlError('line 1: no element');
  return doctype === undefined ? { root } : { root, doctype };
}

/** The children of that name, in order. */
export function childrenNamed(element: Element, name: string): readonly Element[] {
  return element.children.filter((child) => child.name === name);
}

/** The first child of that name. */
export function childNamed(element: Element, name: string): Element | undefined {
  return element.children.find((child) => child.name === name);
}
