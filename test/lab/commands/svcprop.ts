import { NotModelled, type Program } from '../daemon/call.ts';
import { matchesPattern, parseFmri } from '../smf/fmri.ts';
import {
  composeGroups,
  fmriOf,
  type Groups,
  type Instance,
  instancesOf,
  isInstance,
  type Property,
  runningGroups,
  type Service,
} from '../smf/repository.ts';
import {
  asTool,
  type Booted,
  connect,
  NO_SERVER,
  type Options,
  readOptions,
  ToolError,
  usage,
  zoneOf,
} from './smf-zone.ts';

type Entity = Service | Instance;

/** Backslash before what a shell would read; an empty string is two quotes (§11.7). */
function quote(value: string): string {
  return value === '' ? '""' : value.replace(/[;&()|^<> \t\n\\"'`]/g, (mark) => `\\${mark}`);
}

/** The entities an operand means: an FMRI of a service means the service, an abbreviation its instances. */
function entitiesOf({ repository }: Booted, pattern: string): Entity[] {
  const fmri = parseFmri(pattern);
  if (fmri !== undefined && fmri.instance === undefined) {
    const service = repository.services.get(fmri.service);
    return service === undefined ? [] : [service];
  }
  return instancesOf(repository).filter((each) =>
    matchesPattern(pattern, { service: each.service.name, instance: each.name }),
  );
}

/** The running snapshot composed, or with -c the edited values; then the non-persistent groups. */
function groupsOf(entity: Entity, current: boolean): Groups {
  if (!isInstance(entity)) return entity.groups;
  const persistent = current ? composeGroups(entity.groups, entity.service.groups) : runningGroups(entity);
  return new Map([...persistent, ...entity.volatile]);
}

interface Format {
  types: boolean;
  fmris: boolean;
  readonly quiet: boolean;
}

function formatProperty(entity: Entity, group: string, name: string, property: Property, format: Format): string {
  const values = property.values.map(quote).join(' ');
  if (!format.types) return `${values}\n`;
  const prefix = format.fmris ? `${fmriOf(entity)}/:properties/` : '';
  return `${prefix}${group}/${name} ${property.type} ${values}\n`;
}

/** A whole group, always with types. */
function formatGroup(entity: Entity, groups: Groups, group: string, format: Format): string {
  format.types = true;
  return [...(groups.get(group)?.properties ?? [])]
    .map(([name, property]) => formatProperty(entity, group, name, property, format))
    .join('');
}

/** What is asked of one entity. Status 1 when something is not there. */
function show(
  entity: Entity,
  asked: readonly string[],
  current: boolean,
  format: Format,
): { out: string; err: string; status: number } {
  const groups = groupsOf(entity, current);
  if (asked.length === 0)
    return {
      out: [...groups.keys()].map((group) => formatGroup(entity, groups, group, format)).join(''),
      err: '',
      status: 0,
    };
  const kind = isInstance(entity) ? 'instance' : 'service';
  const result = { out: '', err: '', status: 0 };
  const missing = (what: string) => {
    result.err += `svcprop: Couldn't find ${what} for ${kind} \`${fmriOf(entity)}'.\n`;
    result.status = 1;
  };
  for (const word of asked) {
    const [group = '', name] = word.split('/');
    const property = name === undefined ? undefined : groups.get(group)?.properties.get(name);
    if (!groups.has(group)) missing(`property group \`${group}'`);
    else if (name === undefined) result.out += formatGroup(entity, groups, group, format);
    else if (property === undefined) missing(`property \`${word}'`);
    else result.out += formatProperty(entity, group, name, property, format);
  }
  return result;
}

/** -w: waits until the group or property changes, and shows it. */
async function wait(smf: Booted, instance: Instance, asked: string, format: Format): Promise<string> {
  const [group = '', name] = asked.split('/');
  const now = () => {
    const found = groupsOf(instance, true).get(group);
    return JSON.stringify(name === undefined ? [...(found?.properties ?? [])] : found?.properties.get(name));
  };
  if (now() === undefined || !groupsOf(instance, true).has(group)) throw new ToolError('Not found.');
  const before = now();
  while (now() === before && smf.startd.run(instance) !== undefined) await smf.startd.changed();
  return show(instance, [asked], true, format).out;
}

async function run(
  smf: Booted,
  options: Options,
  format: Format,
): Promise<{ out: string; err: string; status: number }> {
  const asked = options.values.get('p') ?? [];
  if (new Set(asked.map((word) => word.includes('/'))).size > 1) format.types = true;
  const total = { out: '', err: '', status: 0 };
  const entities = options.operands.flatMap((pattern) => {
    const found = entitiesOf(smf, pattern);
    if (found.length > 0) return found;
    total.err += `svcprop: Pattern '${pattern}' doesn't match any entities\n`;
    total.status = 1;
    return [];
  });
  if (entities.length > 1) {
    format.types = true;
    format.fmris = true;
  }
  if (options.letters.includes('w')) {
    const [entity] = entities;
    const [word] = asked;
    if (entity === undefined) return total;
    if (!isInstance(entity) || word === undefined) throw new NotModelled('svcprop -w without an instance or -p');
    return { ...total, out: await wait(smf, entity, word, format) };
  }
  for (const entity of entities) {
    const part = show(entity, asked, options.letters.includes('c'), format);
    total.out += part.out;
    total.err += part.err;
    total.status = Math.max(total.status, part.status);
  }
  return total;
}

/** Prints property values (§6.7, §11.7). The default view is the running snapshot; -C, -s and -v are not modelled. */
export const svcprop: Program = (call, lab) =>
  asTool(call, async () => {
    const options = readOptions(call.args, 'Ccfp:qs:tvwz:');
    if (options === undefined || options.operands.length === 0) return usage(call);
    for (const letter of ['C', 's', 'v'])
      if (options.letters.includes(letter)) throw new NotModelled(`svcprop -${letter}`);
    const has = (letter: string) => options.letters.includes(letter);
    const asked = options.values.get('p') ?? [];
    if (has('c') && has('w')) return usage(call);
    if (has('w') && (asked.length > 1 || options.operands.length > 1)) return usage(call);
    if (asked.some((word) => word.split('/').length > 2)) {
      call.err(
        `svcprop: -p argument \`${asked.find((word) => word.split('/').length > 2)}' has too many components.\n`,
      );
      return usage(call);
    }
    const smf = connect(lab, zoneOf(call, lab, options.values.get('z')?.at(-1)));
    if (smf === undefined) throw new ToolError(`Could not connect to configuration repository: ${NO_SERVER}.`);
    const format: Format = { types: has('t') || has('f'), fmris: has('f'), quiet: has('q') };
    const { out, err, status } = await run(smf, options, format);
    if (!format.quiet) {
      call.out(out);
      call.err(err);
    }
    return status;
  });
