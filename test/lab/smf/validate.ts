import { type AttributeRule, DTD } from './dtd.ts';
import type { Document, Element } from './xml.ts';

/** A fault of a manifest, as a line for stderr: "line 7: element dependency: …". */
export type Fault = string;

function attributeFault(name: string, value: string | undefined, rule: AttributeRule): string | undefined {
  if (value === undefined) return rule.required === true ? `does not carry attribute ${name}` : undefined;
  if (rule.fixed !== undefined && value !== rule.fixed) return `attribute ${name} is not "${rule.fixed}"`;
  if (rule.values !== undefined && !rule.values.includes(value))
    return `value "${value}" of attribute ${name} is not among ${rule.values.join(' ')}`;
  return undefined;
}

/** A profile's internal subset may switch the DTD to the form in which types are implied. */
const PROFILE_SUBSET = /%\s*profile\s+["']INCLUDE["']/;
const TYPED = ['property', 'propval', 'property_group'];

function attributeFaults(element: Element, rules: Readonly<Record<string, AttributeRule>>): string[] {
  const faults: string[] = [];
  for (const [name, rule] of Object.entries(rules)) {
    const fault = attributeFault(name, element.attributes.get(name), rule);
    if (fault !== undefined) faults.push(fault);
  }
  for (const name of element.attributes.keys())
    if (rules[name] === undefined) faults.push(`no declaration for attribute ${name}`);
  return faults;
}

function contentFault(element: Element): string | undefined {
  const rule = DTD[element.name];
  if (rule === undefined) return undefined;
  const names = element.children.map((child) => `${child.name} `).join('');
  const hasText = element.text.trim() !== '' || element.cdata;
  switch (rule.kind) {
    case 'any':
      return undefined;
    case 'empty':
      return names !== '' || element.text !== '' || element.cdata ? 'is declared empty, yet has content' : undefined;
    case 'text':
      return names !== '' ? `content does not follow the DTD: got (${names.trim()})` : undefined;
    case 'elements':
      return hasText || rule.content?.test(names) !== true
        ? `content does not follow the DTD: got (${names.trim()}${hasText ? ' CDATA' : ''})`
        : undefined;
  }
}

function elementFaults(element: Element, typesImplied: boolean): Fault[] {
  const rule = DTD[element.name];
  const at = (fault: string) => `line ${element.line}: element ${element.name}: ${fault}`;
  if (rule === undefined) return [at('no declaration for it')];
  const content = contentFault(element);
  return [
    ...element.children.flatMap((child) => elementFaults(child, typesImplied)),
    ...(content === undefined ? [] : [at(content)]),
    ...attributeFaults(element, rule.attributes)
      .filter((fault) => !(typesImplied && TYPED.includes(element.name) && fault === 'does not carry attribute type'))
      .map(at),
  ];
}

/**
 * What of a document breaks service_bundle.dtd.1: order and number of elements, attributes and their values.
 * Empty when it is valid. The element the DOCTYPE names is the root.
 */
export function dtdFaults(document: Document): Fault[] {
  const declared = document.doctype?.split(/\s/)[0];
  const named =
    declared === document.root.name ? [] : [`line 1: root ${document.root.name} is not what the DOCTYPE names`];
  return [...named, ...elementFaults(document.root, PROFILE_SUBSET.test(document.doctype ?? ''))];
}
