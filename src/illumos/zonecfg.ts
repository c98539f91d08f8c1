import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import type { Command } from './command.ts';

const ZONECFG = '/usr/sbin/zonecfg';

/** The part of a zone's configuration that is ours to write. */
export interface ZoneConfig {
  readonly brand: string;
  readonly zonepath: string;
  readonly autoboot: boolean;
  /** Missing in an export means shared (§4.2). */
  readonly ipType: 'exclusive' | 'shared';
  /** The links of the zone's net resources. */
  readonly links: readonly string[];
  readonly filesystems: readonly ZoneFilesystem[];
  /** Attributes by name; all of type string. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A lofs mount. */
export interface ZoneFilesystem {
  /** In the zone. */
  readonly dir: string;
  /** On the host. */
  readonly special: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** The stored configuration as commands, the form that `parseConfig` reads. Exit 1 when there is none. */
export function exportConfig(zone: ZoneName): Command {
  return { program: ZONECFG, args: ['-z', zone, 'export'] };
}

/** Does the commands of a file. Not atomic: look at the outcome (§4.6). */
export function applyConfig(zone: ZoneName, file: string): Command {
  return { program: ZONECFG, args: ['-z', zone, '-f', file] };
}

/** Forgets the configuration; the files of an installed zone stay, so uninstall first (§4.6). */
export function deleteConfig(zone: ZoneName): Command {
  return { program: ZONECFG, args: ['-z', zone, 'delete', '-F'] };
}

/** What a configuration is made of beside what `parseConfig` reads of it. */
export interface ConfigExtras {
  /** What it starts from; missing: blank. */
  readonly template?: string;
  /** Further commands, each one line, as they are. */
  readonly lines?: readonly string[];
  /** Addresses and default routers of the links of a zone with a shared IP stack, whose configuration has them. */
  readonly addresses?: Readonly<Record<string, readonly SharedAddress[]>>;
}

export interface SharedAddress {
  readonly address: string;
  readonly router?: string;
}

/**
 * The commands that make a new configuration. `create -b` leaves brand and ip-type to be set (§4.2); everything but
 * lists is quoted, since a bare word may be a keyword (§4.5).
 *
 * The first attribute comes first: a file that fails later leaves either nothing or a configuration that says whose it
 * is. The others come last: they say that all of it was stored.
 */
export function formatNewConfig(
  config: ZoneConfig,
  { template, lines: more = [], addresses }: ConfigExtras = {},
): string {
  const { brand, zonepath, autoboot, ipType, links, filesystems, attributes } = config;
  const [first = [], ...last] = Object.entries(attributes).map(([name, value]) => attributeLines(name, value));
  return lines([
    template === undefined ? 'create -b' : `create -t ${quote(template)}`,
    ...first,
    `set brand=${quote(brand)}`,
    `set zonepath=${quote(zonepath)}`,
    `set autoboot=${autoboot}`,
    `set ip-type=${ipType}`,
    ...filesystems.flatMap(filesystemLines),
    ...links.flatMap((link) => netLines(link, addresses?.[link])),
    ...more,
    ...last.flat(),
  ]);
}

/** The commands that add what is missing to a configuration that is there. Nothing else of it is touched. */
export function formatAdditions(
  { links = [], filesystems = [], attributes = {} }: Partial<Pick<ZoneConfig, 'links' | 'filesystems' | 'attributes'>>,
  { addresses }: ConfigExtras = {},
): string {
  return lines([
    ...Object.entries(attributes).flatMap(([name, value]) => attributeLines(name, value)),
    ...filesystems.flatMap(filesystemLines),
    ...links.flatMap((link) => netLines(link, addresses?.[link])),
  ]);
}

/** The commands that take away exactly these resources, each named by what makes it one of its kind. */
export function formatRemovals({
  links = [],
  filesystems = [],
  attributes = {},
}: Partial<Pick<ZoneConfig, 'links' | 'filesystems' | 'attributes'>>): string {
  return lines([
    ...links.map((link) => `remove net physical=${quote(link)}`),
    ...filesystems.map(({ dir }) => `remove fs dir=${quote(dir)}`),
    ...Object.keys(attributes).map((name) => `remove attr name=${quote(name)}`),
  ]);
}

/** The last newline matters: without it the last command is not read. */
function lines(commands: readonly string[]): string {
  return `${commands.join('\n')}\n`;
}

function attributeLines(name: string, value: string): string[] {
  return ['add attr', `set name=${quote(name)}`, 'set type="string"', `set value=${quote(value)}`, 'end'];
}

function filesystemLines({ dir, special, type, options }: ZoneFilesystem): string[] {
  return [
    'add fs',
    `set dir=${quote(dir)}`,
    `set special=${quote(special)}`,
    `set type=${quote(type)}`,
    `add options [${options.join(',')}]`,
    'end',
  ];
}

/** A link of a zone with a shared IP stack stands there once for each address. */
function netLines(link: string, shared: readonly SharedAddress[] = []): string[] {
  const physical = `set physical=${quote(link)}`;
  if (shared.length === 0) return ['add net', physical, 'end'];
  return shared.flatMap(({ address, router }) => [
    'add net',
    `set address=${quote(address)}`,
    physical,
    ...(router === undefined ? [] : [`set defrouter=${quote(router)}`]),
    'end',
  ]);
}

/** There is no escape: a quote or a newline cannot be held at all (§4.5). */
function quote(value: string): string {
  if (/["\n\r\0]/.test(value)) {
    throw new OperatorError('VALUE_INVALID', `Cannot put ${JSON.stringify(value)} in the configuration of a zone`, {
      hint: 'zonecfg can hold neither a double quote nor a line break',
    });
  }
  return `"${value}"`;
}

/**
 * Reads what `exportConfig` printed. Resources and properties of other kinds are passed over: they are not ours.
 *
 * An unquoted value ends at a blank; options come one a line or as a list (§11.6).
 */
export function parseConfig(stdout: string): ZoneConfig {
  const globals = new Map<string, string>();
  const links: string[] = [];
  const filesystems: ZoneFilesystem[] = [];
  const attributes: Record<string, string> = {};
  let resource: { kind: string; values: Map<string, string>; options: string[] } | undefined;
  for (const line of stdout.split('\n')) {
    const set = /^set ([a-z-]+)=(.*)$/.exec(line);
    if (line === 'end' && resource !== undefined) {
      const { kind, values, options } = resource;
      const value = (key: string) => values.get(key) ?? '';
      if (kind === 'net') links.push(value('physical'));
      if (kind === 'fs') {
        filesystems.push({ dir: value('dir'), special: value('special'), type: value('type'), options });
      }
      if (kind === 'attr') attributes[value('name')] = value('value');
      resource = undefined;
    } else if (set !== null) {
      (resource?.values ?? globals).set(set[1] ?? '', unquote(set[2] ?? ''));
    } else if (resource !== undefined && line.startsWith('add options ')) {
      resource.options.push(
        ...unquote(line.slice('add options '.length))
          .replace(/^\[|\]$/g, '')
          .split(','),
      );
    } else if (resource === undefined && /^add [a-z-]+$/.test(line)) {
      resource = { kind: line.slice('add '.length), values: new Map(), options: [] };
    }
  }
  return {
    brand: globals.get('brand') ?? '',
    zonepath: globals.get('zonepath') ?? '',
    autoboot: globals.get('autoboot') === 'true',
    ipType: globals.get('ip-type') === 'exclusive' ? 'exclusive' : 'shared',
    links,
    filesystems,
    attributes,
  };
}

function unquote(value: string): string {
  return /^".*"$/.test(value) ? value.slice(1, -1) : value;
}
