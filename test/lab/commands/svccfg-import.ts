// svccfg on bundles and entities: import, validate, apply, export, delete, refresh (§6.6).
import { NotModelled } from '../daemon/call.ts';
import { exportService } from '../smf/export.ts';
import { applyProfile, deleteEntity, importServices } from '../smf/import.ts';
import { type Loaded, loadBundle } from '../smf/load.ts';
import { findEntity, fmriOf, type Instance, instancesOf, isInstance, takeSnapshot } from '../smf/repository.ts';
import { templateViolations } from '../smf/template-check.ts';
import { readOptions } from './smf-zone.ts';
import { plainWords, type Statement, selectedEntity } from './svccfg-properties.ts';
import { SemanticError, type Session } from './svccfg-session.ts';

type Bundle = Exclude<Loaded, { reason: string }>;

const resolve = (session: Session, path: string): string =>
  path.startsWith('/') ? path : `${session.call.cwd.replace(/\/$/, '')}/${path}`;

/** Options of a statement and its operands. */
function optionsOf(
  words: Parameters<Statement>[1],
  spec: string,
): { letters: readonly string[]; operands: readonly string[] } {
  const options = readOptions(plainWords(words, 0, Number.POSITIVE_INFINITY), spec);
  if (options === undefined) throw new SemanticError('Syntax error.');
  return options;
}

/** Reads a bundle, its faults said. Undefined when it cannot be loaded. */
function load(session: Session, path: string): Bundle | undefined {
  const text = session.files.read(resolve(session, path));
  if (text === undefined) {
    session.say(`Unable to stat file ${path}.  No such file or directory`);
    return undefined;
  }
  const loaded = loadBundle(text);
  if (!('reason' in loaded)) return loaded;
  for (const line of loaded.lines) session.call.err(`${path}: ${line}\n`);
  session.say(loaded.reason);
  return undefined;
}

/** Tells svc.startd: new instances come into its graph, those that were there are refreshed. */
function announce(session: Session, concerned: readonly Instance[], refresh: boolean): void {
  const { startd } = session;
  if (startd === undefined) return;
  const old = concerned.filter((instance) => startd.run(instance) !== undefined);
  startd.adopt(concerned);
  if (refresh) for (const instance of old) startd.refresh(instance);
}

/** @returns whether the file could be imported */
function importFile(session: Session, path: string, letters: readonly string[]): boolean {
  const bundle = load(session, path);
  if (bundle === undefined) return false;
  const violations = templateViolations(bundle.document, bundle.services);
  const strict = letters.includes('V');
  for (const each of violations) session.say(`${strict ? '' : 'Warning: '}${path}: ${each}`);
  if (strict && violations.length > 0) return false;
  const refresh = !letters.includes('n');
  const concerned =
    bundle.type === 'profile'
      ? applyProfile(session.repository, bundle.services)
      : importServices(session.repository, bundle.services, refresh);
  announce(session, concerned, refresh);
  return true;
}

const importStatement: Statement = (session, words) => {
  const { letters, operands } = optionsOf(words, 'nV');
  if (operands.length === 0) throw new SemanticError('Syntax error.');
  const files = operands.flatMap((path) => {
    const found = session.files.below(resolve(session, path), '.xml');
    return found.length > 0 ? found : [path];
  });
  const failed = files.filter((path) => !importFile(session, path, letters)).length;
  if (failed === 0) return;
  // Said once for a single file already; of several the status does not tell (§6.6).
  if (files.length === 1) throw new SemanticError('');
  session.say(`${failed} smf(7) service descriptions failed to load`);
};

const validate: Statement = (session, words) => {
  const [path] = plainWords(words, 0, 1);
  if (path === undefined) throw new NotModelled('svccfg validate of an instance');
  const bundle = load(session, path);
  if (bundle === undefined) throw new SemanticError('');
  const violations = templateViolations(bundle.document, bundle.services);
  for (const each of violations) session.say(`${path}: ${each}`);
  if (violations.length > 0) throw new SemanticError('');
};

const apply: Statement = (session, words) => {
  const [path = ''] = plainWords(words, 1, 1);
  const bundle = load(session, path);
  if (bundle === undefined) throw new SemanticError('');
  if (bundle.type !== 'profile') throw new SemanticError(`Bundle "${path}" is no profile.`);
  announce(session, applyProfile(session.repository, bundle.services), true);
};

/** The entity a statement names, else the selected one. */
function named(session: Session, pattern: string | undefined) {
  if (pattern === undefined) return selectedEntity(session);
  const fmri = pattern.startsWith('svc:/') ? pattern : `svc:/${pattern}`;
  const entity = findEntity(session.repository, fmri);
  if (entity === undefined) throw new SemanticError(`Pattern '${pattern}' doesn't match any instances or services`);
  return entity;
}

const exportStatement: Statement = (session, words) => {
  if (words.some(({ mark }) => mark)) throw new NotModelled('svccfg export with redirection');
  const { letters, operands } = optionsOf(words, '');
  if (letters.length > 0 || operands.length > 1) throw new SemanticError('Syntax error.');
  const entity = named(session, operands[0]);
  if (isInstance(entity)) throw new NotModelled(`svccfg export of an instance, ${entity.fmri}`);
  session.call.out(exportService(entity, session.repository.dependents));
};

const UP = ['online', 'degraded', 'offline'];

const deleteStatement: Statement = (session, words) => {
  const { letters, operands } = optionsOf(words, 'f');
  const [pattern] = operands;
  if (pattern === undefined || operands.length > 1) throw new SemanticError('Syntax error.');
  const entity = named(session, pattern);
  const instances = isInstance(entity) ? [entity] : [...entity.instances.values()];
  const alive = instances.find((each) => UP.includes(session.startd?.run(each)?.state ?? ''));
  if (alive !== undefined && !letters.includes('f'))
    throw new SemanticError(`Instance ${alive.fmri} may be running.  Use delete -f if it is not.`);
  const changed = deleteEntity(session.repository, fmriOf(entity));
  if (session.selected === entity) delete session.selected;
  announce(session, changed, true);
  session.startd?.adopt([]);
};

/** New running snapshots of the selected instance, or of all instances of the selected service. */
const refresh: Statement = (session, words) => {
  plainWords(words, 0, 0);
  const entity = selectedEntity(session);
  for (const instance of isInstance(entity) ? [entity] : [...entity.instances.values()])
    if (session.startd === undefined) takeSnapshot(instance);
    else session.startd.refresh(instance);
};

/** Selects by FMRI, by a name below the selected service, or by an abbreviation that is unambiguous. */
export const select: Statement = (session, words) => {
  const [pattern = ''] = plainWords(words, 1, 1);
  const { repository, selected } = session;
  const below = selected !== undefined && !isInstance(selected) ? selected.instances.get(pattern) : undefined;
  const exact = findEntity(repository, pattern.startsWith('svc:/') ? pattern : `svc:/${pattern}`);
  const found = below ?? exact ?? abbreviated(session, pattern);
  if (found === undefined) throw new SemanticError(`Pattern '${pattern}' doesn't match any instances or services`);
  session.selected = found;
};

function abbreviated({ repository }: Session, pattern: string) {
  const [service = '', instance] = pattern.split(':');
  const matches =
    instance === undefined
      ? [...repository.services.values()].filter(({ name }) => name.endsWith(`/${service}`))
      : instancesOf(repository).filter((each) => each.name === instance && each.service.name.endsWith(`/${service}`));
  if (matches.length > 1) throw new NotModelled(`svccfg select ${pattern}, which is ambiguous`);
  return matches[0];
}

const unselect: Statement = (session, words) => {
  plainWords(words, 0, 0);
  const entity = selectedEntity(session);
  if (isInstance(entity)) session.selected = entity.service;
  else delete session.selected;
};

export const ENTITY_STATEMENTS: Readonly<Record<string, Statement>> = {
  import: importStatement,
  validate,
  apply,
  export: exportStatement,
  delete: deleteStatement,
  refresh,
  select,
  unselect,
};
