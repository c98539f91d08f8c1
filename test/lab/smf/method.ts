import type { Contract, Zone } from '../daemon/state.ts';
import type { BuiltinMethod } from './builtin.ts';
import { parseFmri } from './fmri.ts';
import { firstValue, type Groups, type Instance, runningGroups, valuesOf } from './repository.ts';
import type { ZoneFiles } from './zone-files.ts';

export type MethodName = 'start' | 'stop' | 'refresh';

export const RESTARTER = 'svc:/system/svc/restarter:default';

/** A method that cannot be run as it stands: a token's property is missing, a user does not exist. */
export class MethodError extends Error {
  override readonly name = 'MethodError';
}

/** Backslash before what a shell would read (§6.4). */
const quoteForShell = (value: string): string => value.replace(/[;&()|^<> \t\n\\"'`]/g, (mark) => `\\${mark}`);

function propertyToken(groups: Groups, token: string): string {
  const [, group = '', property = '', separator = ' '] = /^([^/]+)\/(.+?)([,:])?$/.exec(token) ?? [];
  const values = valuesOf(groups, group, property);
  if (values.length === 0) throw new MethodError(`property ${token} not found`);
  return values.map(quoteForShell).join(separator);
}

/**
 * Replaces the tokens of an exec string: %% %m %s %i %f %r and %{pg/prop}, %{pg/prop,}, %{pg/prop:} (§6.4).
 * @throws MethodError when a property is missing or a token unknown
 */
export function expandTokens(exec: string, instance: Instance, method: string): string {
  const { service, instance: name } = parseFmri(instance.fmri) ?? { service: '', instance: '' };
  return exec.replace(/%(?:\{([^}]*)\}|(.?))/g, (token, property: string | undefined, letter: string | undefined) => {
    if (property !== undefined) return propertyToken(runningGroups(instance), property);
    switch (letter) {
      case '%':
        return '%';
      case 'm':
        return method;
      case 's':
        return service;
      case 'i':
        return name ?? '';
      case 'f':
        return instance.fmri;
      case 'r':
        return RESTARTER;
      default:
        throw new MethodError(`unknown token ${token}`);
    }
  });
}

/** Who a method runs as, where, and with what environment (§6.3). */
export interface MethodContext {
  readonly uid: number;
  readonly gid: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The id of a name in /etc/passwd or /etc/group. */
function idOf(files: ZoneFiles, file: string, name: string, field: number): number {
  if (/^\d+$/.test(name)) return Number(name);
  const line = (files.read(file) ?? '').split('\n').find((each) => each.startsWith(`${name}:`));
  const id = line?.split(':')[field];
  if (id === undefined) throw new MethodError(`"${name}" is not in ${file}`);
  return Number(id);
}

/** The context of a method: its own, then the service's method_context, then the defaults. */
export function methodContext(instance: Instance, method: MethodName, zone: Zone, files: ZoneFiles): MethodContext {
  const groups = runningGroups(instance);
  const of = (name: string) => firstValue(groups, method, name) ?? firstValue(groups, 'method_context', name);
  const own = valuesOf(groups, method, 'environment');
  const environment = own.length > 0 ? own : valuesOf(groups, 'method_context', 'environment');
  if (of('use_profile') === 'true') throw new MethodError('method_profile');
  const user = of('user') ?? 'root';
  const group = of('group');
  const uid = user === 'root' ? 0 : idOf(files, '/etc/passwd', user, 2);
  const given = environment.map((each): [string, string] => {
    const at = each.indexOf('=');
    return [each.slice(0, at), each.slice(at + 1)];
  });
  return {
    uid,
    gid:
      group !== undefined && group !== ':default' && group !== 'root'
        ? idOf(files, '/etc/group', group, 2)
        : uid === 0 || group === 'root'
          ? 0
          : idOf(files, '/etc/passwd', user, 3),
    cwd: of('working_directory') ?? '/',
    env: {
      PATH: '/usr/sbin:/usr/bin',
      ...Object.fromEntries(given),
      SMF_FMRI: instance.fmri,
      SMF_METHOD: method,
      SMF_RESTARTER: RESTARTER,
      SMF_ZONENAME: zone.name,
    },
  };
}

/** One method as it is about to run. */
export interface Method {
  readonly name: MethodName;
  /** Tokens replaced: a command line for sh, ":true", or ":kill [-SIG]". */
  readonly exec: string;
  /** Seconds; 0 is without limit. */
  readonly timeout: number;
  readonly context: MethodContext;
  /** What labd does in place of a stock service's script. */
  readonly builtin?: BuiltinMethod;
}

/** How a method ended. "timeout": its time was up and its contract was killed. */
export type MethodEnd =
  | { readonly status: number; readonly contract?: Contract }
  | { readonly signal: string; readonly contract?: Contract }
  | { readonly timeout: true; readonly contract: Contract };

/** The signal of ":kill [-SIG]", SIGTERM when none is named (§6.4). Undefined when it is no ":kill". */
export function killSignal(exec: string): string | undefined {
  const found = /^:kill(?:\s+-(?:SIG)?(\w+))?$/.exec(exec.trim());
  return found === null ? undefined : `SIG${found[1] ?? 'TERM'}`;
}
