// One run of zonecfg: what each command does to the draft, and when the draft is saved (§4.2, §4.6).
import { posix } from 'node:path';
import { type Call, NotModelled } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { refuseGlobal, refuseResource, refuseValue, verify } from './zonecfg-check.ts';
import {
  BRANDS,
  blankDraft,
  configOf,
  type Draft,
  draftOf,
  GLOBALS,
  isResourceType,
  type Resource,
  type ResourceType,
  SHAPES,
  writeRctlValue,
} from './zonecfg-draft.ts';
import type { Command, Value } from './zonecfg-grammar.ts';
import type { CommandName } from './zonecfg-lexer.ts';
import { exportOf, infoOfAll, infoOfGlobal, infoOfResource } from './zonecfg-print.ts';

export interface Session {
  readonly call: Call;
  readonly lab: Lab;
  readonly zoneName: string;
  /** Name of the command file, for the line before each message; missing in command-line form. */
  readonly file?: string;
  line: number;
  /** Missing until a command asks for the stored configuration, or `create` makes one. */
  draft?: Draft;
  /** The resource being added or edited; `edited` is what it stands for in the draft. */
  resource?: { readonly draft: Resource; readonly edited?: Resource };
  changed: boolean;
  sawError: boolean;
}

/** Thrown to leave zonecfg at once, without a commit. */
export class Leave extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`exit ${status}`);
    this.status = status;
  }
}

/** Thrown by a command that is not done. Each text is a message; without `counts` the exit status does not tell (§4.6). */
class Complaint extends Error {
  readonly texts: readonly string[];
  readonly counts: boolean;
  constructor(texts: readonly string[], counts = true) {
    super(texts.join('; '));
    this.texts = texts;
    this.counts = counts;
  }
}

/** In a command file every message has the place on a line before it. */
function complain({ call, file, line }: Session, text: string): void {
  call.err(`${file === undefined ? '' : `On line ${line} of ${file}:\n`}${text}\n`);
}

/** Does something and prints what comes of it as a complaint. */
function attempt(session: Session, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    for (const text of error.texts) complain(session, text);
    if (error.counts) session.sawError = true;
  }
}

/** The draft, read from what is stored when there is none yet. */
function open(session: Session): Draft {
  if (session.draft !== undefined) return session.draft;
  const stored = session.lab.zones.get(session.zoneName);
  if (stored === undefined) throw new Complaint([`${session.zoneName}: No such zone configured`]);
  session.draft = draftOf(stored.config);
  return session.draft;
}

const INSTALLED: ReadonlySet<Zone['state']> = new Set([
  'installed',
  'ready',
  'mounted',
  'running',
  'shutting_down',
  'down',
]);
const isInstalled = ({ lab, zoneName }: Session) => INSTALLED.has(lab.zones.get(zoneName)?.state ?? 'configured');

type Handler = (session: Session, command: Command) => void;

const HANDLERS: Readonly<Record<CommandName, Handler>> = {
  create,
  delete: remove,
  add,
  select,
  remove: removeFrom,
  set,
  clear,
  end,
  cancel: leaveResource,
  info,
  export: exportAll,
  verify: (session) => check(session, open(session)),
  commit,
  revert: (session) => {
    delete session.draft;
    session.changed = false;
  },
  exit: (session) => {
    throw new Leave(finish(session));
  },
  help: () => {
    throw new NotModelled('zonecfg help');
  },
};

/** Does one command. Throws `Leave` when zonecfg ends with it. */
export function execute(session: Session, command: Command): void {
  session.line = command.line;
  attempt(session, () => HANDLERS[command.name](session, command));
}

/** The end of input: what has changed is saved, also behind an error at global scope (§4.6). Gives the exit status. */
export function finish(session: Session): number {
  if (session.resource !== undefined) {
    if (!session.sawError) complain(session, 'resource specification incomplete');
    return 1;
  }
  if (session.changed) attempt(session, () => commit(session));
  return session.sawError ? 1 : 0;
}

function create(session: Session, { args }: Command): void {
  const { lab, call, zoneName } = session;
  if (session.resource !== undefined) throw new NotModelled('zonecfg create in a resource');
  const force = args.includes('-F');
  const words = args.filter((word) => word !== '-F');
  const draft = startOf(lab, words);
  if (lab.zones.has(zoneName)) {
    if (isInstalled(session)) throw new Complaint([`Zone ${zoneName} already installed; create not allowed.`], false);
    if (!force) {
      complain(session, 'Zone exists, input not from terminal and -F not specified:\ncreate command ignored, exiting.');
      throw new Leave(1);
    }
    call.out(`Zone ${zoneName} already exists; overwriting.\n`);
  }
  session.draft = draft;
  session.changed = true;
}

function startOf(lab: Lab, [option, name, ...more]: readonly string[]): Draft {
  if (option === undefined || (option === '-b' && name === undefined)) return blankDraft();
  if (option !== '-t' || name === undefined || more.length > 0) throw new NotModelled(`zonecfg create ${option}`);
  if (name === 'SUNWdefault' || name === 'SUNWblank') return blankDraft();
  const template = lab.zones.get(name);
  if (template === undefined) throw new NotModelled(`zonecfg create -t ${name}`);
  return draftOf(template.config);
}

function remove(session: Session, { args }: Command): void {
  const { lab, zoneName } = session;
  const zone = lab.zones.get(zoneName);
  if (zone === undefined) throw new Complaint([`${zoneName}: No such zone configured`]);
  if (args[0] !== '-F') {
    complain(session, 'Input not from terminal and -F not specified:\ndelete command ignored, exiting.');
    throw new Leave(1);
  }
  if (!['configured', 'incomplete', 'installed'].includes(zone.state)) {
    throw new Complaint([`${zoneName}: Zone state is invalid for the requested operation`]);
  }
  lab.zones.delete(zoneName);
  delete session.draft;
  session.changed = false;
}

function add(session: Session, command: Command): void {
  open(session);
  const [property] = command.properties;
  if (property !== undefined) {
    addToList(session, property.name, property.value);
    return;
  }
  const type = typeOf(command);
  if (session.resource !== undefined) throw new NotModelled(`zonecfg add ${type} in a resource`);
  session.resource = { draft: { type, values: new Map(), list: [] } };
}

function typeOf({ name, args, resource }: Command): ResourceType {
  if (resource === undefined || !isResourceType(resource)) {
    throw new NotModelled(`zonecfg ${name} ${resource ?? args.join(' ')}`);
  }
  return resource;
}

function addToList(session: Session, name: string, value: Value): void {
  const resource = session.resource?.draft;
  if (resource === undefined || SHAPES[resource.type].list !== name) throw new NotModelled(`zonecfg add ${name} here`);
  resource.list.push(...itemsOf(name, value));
}

/** Options are words; values of an rctl are complex. */
function itemsOf(name: string, value: Value): string[] {
  if (value.kind === 'list') return value.items.flatMap((item) => itemsOf(name, item));
  if (name === 'options' && value.kind === 'simple') return [value.text];
  const written = value.kind === 'complex' && name === 'value' ? writeRctlValue(value.pairs) : undefined;
  if (written !== undefined) return [written];
  throw new Complaint([`A ${name === 'options' ? 'simple' : 'complex'} value was expected here.`]);
}

/** Resources of a kind with these properties. */
function matching(draft: Draft, type: ResourceType, { properties }: Command): Resource[] {
  return draft.resources.filter(
    (resource) =>
      resource.type === type &&
      properties.every(({ name, value }) => value.kind === 'simple' && resource.values.get(name) === value.text),
  );
}

function select(session: Session, command: Command): void {
  const draft = open(session);
  const type = typeOf(command);
  if (session.resource !== undefined) throw new NotModelled(`zonecfg select ${type} in a resource`);
  const [edited, ...more] = matching(draft, type, command);
  if (edited === undefined) throw new Complaint([`${type}: No such resource with that id`]);
  if (more.length > 0) throw new NotModelled(`zonecfg select ${type} that is not one`);
  session.resource = { draft: { type, values: new Map(edited.values), list: [...edited.list] }, edited };
}

function removeFrom(session: Session, command: Command): void {
  const draft = open(session);
  const [property] = command.properties;
  if (command.resource === undefined && property !== undefined) {
    removeFromList(session, property.name, property.value);
    return;
  }
  const type = typeOf(command);
  if (session.resource !== undefined) throw new NotModelled(`zonecfg remove ${type} in a resource`);
  const found = matching(draft, type, command);
  if (found.length === 0) throw new Complaint([`${type}: No such resource with that id`]);
  if (found.length > 1 && !command.args.includes('-F')) {
    complain(session, 'Input not from terminal and -F not specified:\nremove command ignored, exiting.');
    throw new Leave(1);
  }
  draft.resources = draft.resources.filter((resource) => !found.includes(resource));
  session.changed = true;
}

function removeFromList(session: Session, name: string, value: Value): void {
  const resource = session.resource?.draft;
  if (resource === undefined || SHAPES[resource.type].list !== name)
    throw new NotModelled(`zonecfg remove ${name} here`);
  for (const item of itemsOf(name, value)) {
    if (!resource.list.includes(item)) throw new NotModelled(`zonecfg remove ${name} ${item}, which is not there`);
    resource.list = resource.list.filter((other) => other !== item);
  }
}

function set(session: Session, { properties, args }: Command): void {
  const draft = open(session);
  const [property] = properties;
  if (property === undefined) throw new NotModelled('zonecfg set without a property');
  const { name, value } = property;
  if (args.length > 0) throw new NotModelled(`zonecfg set ${args.join(' ')}`);
  const resource = session.resource?.draft;
  if (resource !== undefined && SHAPES[resource.type].list === name) {
    resource.list = itemsOf(name, value);
    return;
  }
  if (value.kind !== 'simple') throw new Complaint(['A simple value was expected here.']);
  if (resource === undefined) {
    setGlobal(session, draft, name, value.text);
    return;
  }
  if (!SHAPES[resource.type].properties.includes(name))
    throw new NotModelled(`zonecfg set ${name} in ${resource.type}`);
  const refused = refuseValue(resource, name, value.text);
  if (refused !== undefined) throw new Complaint([refused]);
  resource.values.set(name, value.text);
}

function setGlobal(session: Session, draft: Draft, name: string, text: string): void {
  if (!GLOBALS.some((global) => global === name)) throw new NotModelled(`zonecfg set ${name}`);
  // What it says of a brand that is not installed, no source here tells.
  if (name === 'brand' && !BRANDS.includes(text)) throw new NotModelled(`zonecfg set brand=${text}`);
  if ((name === 'zonepath' || name === 'brand') && isInstalled(session)) {
    throw new Complaint([`Zone ${session.zoneName} already installed; set ${name} not allowed.`], false);
  }
  const refused = refuseGlobal(name, text);
  if (refused !== undefined) throw new Complaint([refused]);
  draft.globals.set(name, text);
  session.changed = true;
}

const CLEARABLE = new Set(['bootargs', 'pool', 'limitpriv', 'scheduling-class', 'ip-type', 'hostid', 'fs-allowed']);

function clear(session: Session, { property = '' }: Command): void {
  const draft = open(session);
  if (session.resource !== undefined || !CLEARABLE.has(property)) throw new NotModelled(`zonecfg clear ${property}`);
  draft.globals.delete(property);
  session.changed = true;
}

function end(session: Session): void {
  const { draft, resource } = session;
  if (draft === undefined || resource === undefined) throw new NotModelled('zonecfg end outside a resource');
  const refused = refuseResource(draft, resource.draft, resource.edited);
  if (refused.length > 0) throw new Complaint(refused);
  const { edited } = resource;
  draft.resources =
    edited === undefined
      ? [...draft.resources, resource.draft]
      : draft.resources.map((other) => (other === edited ? resource.draft : other));
  session.changed = true;
  leaveResource(session);
}

function leaveResource(session: Session): void {
  delete session.resource;
}

function info(session: Session, command: Command): void {
  const draft = open(session);
  const { call, zoneName } = session;
  const { property, resource } = command;
  if (property !== undefined) {
    if (property !== 'zonename' && !GLOBALS.some((name) => name === property)) {
      throw new NotModelled(`zonecfg info ${property}`);
    }
    call.out(infoOfGlobal(zoneName, draft, property));
  } else if (resource === undefined) call.out(infoOfAll(zoneName, draft));
  else {
    const type = typeOf(command);
    const found = matching(draft, type, command);
    if (found.length === 0 && command.properties.length > 0) call.out(`No such ${type} resource.\n`);
    call.out(found.map(infoOfResource).join(''));
  }
}

function exportAll(session: Session, { args }: Command): void {
  const draft = open(session);
  if (args.length > 0) throw new NotModelled(`zonecfg export ${args.join(' ')}`);
  session.call.out(exportOf(draft));
}

function check({ zoneName }: Session, draft: Draft): void {
  const faults = verify(zoneName, draft);
  if (faults.length > 0) throw new Complaint(faults);
}

/** Saves the draft as the zone's configuration. A running zone keeps what it was booted with until its next boot. */
function commit(session: Session): void {
  const { lab, zoneName } = session;
  if (session.resource !== undefined) throw new NotModelled('zonecfg commit in a resource');
  const draft = open(session);
  check(session, draft);
  const config = configOf(draft);
  const stored = lab.zones.get(zoneName);
  const root = posix.join(config.zonepath, 'root');
  if (stored !== undefined && stored.root === root) stored.config = config;
  else lab.zones.set(zoneName, { name: zoneName, state: 'configured', config, root });
  session.changed = false;
}
