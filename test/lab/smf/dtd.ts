// The content model of /usr/share/lib/xml/dtd/service_bundle.dtd.1, with its INCLUDE sections for manifests.

/** What the DTD says about an attribute: needed or not, one of a set or any text, its default. */
export interface AttributeRule {
  readonly required?: true;
  readonly values?: readonly string[];
  readonly fixed?: string;
  readonly fallback?: string;
}

/** What the DTD says about an element. */
export interface ElementRule {
  /** The children's names, each followed by a blank; missing where text is allowed or anything goes. */
  readonly content?: RegExp;
  /** "text": character data and no elements. "any": whatever is declared. */
  readonly kind: 'empty' | 'elements' | 'text' | 'any';
  readonly attributes: Readonly<Record<string, AttributeRule>>;
}

/** The types of property values. */
export const VALUE_TYPES = [
  ...['count', 'integer', 'opaque', 'host', 'hostname', 'net_address', 'net_address_v4', 'net_address_v6'],
  ...['time', 'astring', 'ustring', 'boolean', 'fmri', 'uri'],
] as const;

const required: AttributeRule = { required: true };
const text: AttributeRule = {};
const flag: AttributeRule = { values: ['true', 'false'], fallback: 'false' };
const oneOf = (...values: string[]): AttributeRule => ({ required: true, values });
const valueType = oneOf(...VALUE_TYPES);
const grouping = oneOf('require_all', 'require_any', 'exclude_all', 'optional_all');
const restartOn = oneOf('error', 'restart', 'refresh', 'none');

type Attributes = ElementRule['attributes'];
const empty = (attributes: Attributes = {}): ElementRule => ({ kind: 'empty', attributes });
const words = (attributes: Attributes = {}): ElementRule => ({ kind: 'text', attributes });

/** A content model in the DTD's own words: "(a?, (b | c)*)". */
function elements(model: string, attributes: Attributes = {}): ElementRule {
  const source = model
    .replace(/\s+/g, '')
    .replace(/[\w:]+/g, (name) => `(?:${name} )`)
    .replaceAll(',', '');
  return { kind: 'elements', content: new RegExp(`^${source}$`), attributes };
}

const lists = VALUE_TYPES.map((type) => `${type}_list`);
const properties = '(propval | property)*';
const xinclude: AttributeRule = { fixed: 'http://www.w3.org/2001/XInclude' };
const shared =
  'restarter?, dependency*, dependent*, method_context?, exec_method*, notification_parameters*, property_group*';

/** The rules by element name. */
export const DTD: Readonly<Record<string, ElementRule>> = {
  'xi:include': elements('xi:fallback', {
    href: required,
    parse: { values: ['xml', 'text'], fallback: 'xml' },
    encoding: text,
    'xmlns:xi': xinclude,
  }),
  'xi:fallback': { kind: 'any', attributes: { 'xmlns:xi': xinclude } },
  stability: empty({ value: oneOf('Standard', 'Stable', 'Evolving', 'Unstable', 'External', 'Obsolete') }),
  value_node: empty({ value: required }),
  ...Object.fromEntries(lists.map((name) => [name, elements('value_node+')])),
  property: elements(`(${lists.join(' | ')})?`, { name: required, type: valueType, override: flag }),
  propval: empty({ name: required, type: valueType, value: required, override: flag }),
  property_group: elements(`stability?, ${properties}`, { name: required, type: required, delete: flag }),
  service_fmri: empty({ value: required }),
  dependency: elements(`service_fmri*, stability?, ${properties}`, {
    name: required,
    grouping,
    restart_on: restartOn,
    type: required,
    delete: flag,
  }),
  dependent: elements(`service_fmri, stability?, ${properties}`, {
    name: required,
    grouping,
    restart_on: restartOn,
    delete: flag,
    override: flag,
  }),
  envvar: empty({ name: required, value: required }),
  method_environment: elements('envvar+'),
  method_profile: empty({ name: required }),
  method_credential: empty({
    user: required,
    group: text,
    supp_groups: text,
    privileges: text,
    limit_privileges: text,
  }),
  method_context: elements('(method_profile | method_credential)?, method_environment?', {
    security_flags: text,
    working_directory: text,
    project: text,
    resource_pool: text,
  }),
  exec_method: elements(`method_context?, stability?, ${properties}`, {
    type: oneOf('method', 'monitor'),
    name: required,
    exec: required,
    timeout_seconds: required,
    delete: flag,
  }),
  restarter: elements('service_fmri'),
  doc_link: empty({ name: required, uri: required }),
  manpage: empty({ title: required, section: required, manpath: { fallback: ':default' } }),
  documentation: elements('(doc_link | manpage)*'),
  loctext: words({ 'xml:lang': required }),
  description: elements('loctext+'),
  common_name: elements('loctext+'),
  units: elements('loctext+'),
  visibility: empty({ value: oneOf('hidden', 'readonly', 'readwrite') }),
  value: elements('common_name?, description?', { name: required }),
  values: elements('value+'),
  cardinality: empty({ min: { fallback: '0' }, max: { fallback: '18446744073709551615' } }),
  internal_separators: words(),
  range: empty({ min: required, max: required }),
  constraints: elements('value*, range*'),
  include_values: empty({ type: oneOf('constraints', 'values') }),
  choices: elements('value*, range*, include_values*'),
  prop_pattern: elements(
    'common_name?, description?, units?, visibility?, cardinality?, internal_separators?, values?, constraints?, choices?',
    { name: required, type: { values: VALUE_TYPES }, required: flag },
  ),
  pg_pattern: elements('common_name?, description?, prop_pattern*', {
    name: { fallback: '' },
    type: { fallback: '' },
    required: flag,
    target: { values: ['this', 'instance', 'delegate', 'all'], fallback: 'this' },
  }),
  template: elements('common_name, description?, documentation?, pg_pattern*'),
  paramval: empty({ name: required, value: required }),
  parameter: elements('value_node*', { name: required }),
  event: empty({ value: required }),
  type: elements('(parameter | paramval)*', {
    name: required,
    active: { values: ['true', 'false'], fallback: 'true' },
  }),
  notification_parameters: elements('event, type+'),
  create_default_instance: empty({ enabled: oneOf('true', 'false') }),
  single_instance: empty(),
  instance: elements(`${shared}, template?`, { name: required, enabled: oneOf('true', 'false') }),
  service: elements(`create_default_instance?, single_instance?, ${shared}, instance*, stability?, template?`, {
    name: required,
    version: required,
    type: oneOf('service', 'restarter', 'milestone'),
  }),
  service_bundle: elements('(service_bundle* | service* | xi:include*)', { type: required, name: required }),
};
