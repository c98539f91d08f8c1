import { readFileSync } from 'node:fs';
import { NotModelled } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import type { BuiltinCall } from './builtin.ts';
import { logFileOf } from './fmri.ts';
import { expandTokens, type Method, type MethodEnd, MethodError, type MethodName, methodContext } from './method.ts';
import { firstValue, type Instance, type Repository, runningGroups } from './repository.ts';
import { BUILTIN_METHODS } from './stock/methods.ts';
import type { ZoneFiles } from './zone-files.ts';

/** The calls that methods of stock services have under way. */
export interface StockCalls {
  /** @throws {Error} when the zone has been halted: the method would be dead */
  make<T>(call: () => Promise<T>): Promise<T>;
  /** No call is begun any more. Resolves when those under way are done, so that none meets a zone that is gone. */
  end(): Promise<void>;
}

export function createStockCalls(): StockCalls {
  const pending = new Set<Promise<unknown>>();
  let ended = false;
  return {
    async make(call) {
      if (ended) throw new Error('the zone has been halted');
      const made = call();
      pending.add(made);
      try {
        return await made;
      } finally {
        pending.delete(made);
      }
    },
    async end() {
      ended = true;
      await Promise.allSettled(pending);
    },
  };
}

/** Where methods run. */
export interface MethodHost {
  readonly stockCalls: StockCalls;
  readonly lab: Omit<Lab, 'smf'>;
  readonly zone: Zone;
  readonly repository: Repository;
  readonly files: ZoneFiles;
  enable(fmri: string, enabled: boolean): void;
  /** What svc:/system/manifest-import does. @returns a line for each file that could not be imported */
  importLate(): Promise<readonly string[]>;
}

/** Whether the namespaces have more ids than root's (lab.md part 12): without, no method can run as somebody else. */
function idsAreMapped(): boolean {
  const lines = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
  return lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2]), 0) > 1;
}

/**
 * The method of that name as the running snapshot has it. Undefined when the instance has none.
 * @throws MethodError when it cannot be run as it stands
 */
export function methodOf(host: MethodHost, instance: Instance, name: MethodName): Method | undefined {
  const groups = runningGroups(instance);
  const exec = firstValue(groups, name, 'exec');
  if (exec === undefined) return undefined;
  const seconds = BigInt(firstValue(groups, name, 'timeout_seconds') ?? '0');
  const expanded = expandTokens(exec, instance, name);
  const builtin = BUILTIN_METHODS[expanded.split(' ')[0] ?? ''];
  return {
    name,
    exec: expanded,
    // The largest count stands for -1, no limit.
    timeout: seconds > 0xffffffffn ? 0 : Number(seconds),
    context: methodContext(instance, name, host.zone, host.files),
    ...(builtin === undefined ? {} : { builtin }),
  };
}

async function runBuiltin(host: MethodHost, instance: Instance, method: Method): Promise<MethodEnd> {
  if (method.builtin === undefined) throw new MethodError(`no built-in ${method.exec}`);
  const log = logFileOf(instance.fmri);
  const call: BuiltinCall = {
    ...host,
    instance,
    args: method.exec.split(' ').slice(1),
    run: async (...argv) => {
      const result = await host.stockCalls.make(() => host.lab.call(host.zone, argv, method.context.env));
      host.files.append(log, result.stdout + result.stderr);
      return result;
    },
    log: (line) => host.files.append(log, `${line}\n`),
  };
  return { status: await method.builtin(call) };
}

async function runProgram(host: MethodHost, instance: Instance, method: Method): Promise<MethodEnd> {
  const { process } = host.zone;
  if (process === undefined) throw new MethodError(`zone ${host.zone.name} is down`);
  const { uid, gid, cwd, env } = method.context;
  if ((uid !== 0 || gid !== 0) && !idsAreMapped())
    throw new NotModelled(`method of ${instance.fmri} as uid ${uid} gid ${gid}: only one id is mapped here`);
  const contract = await process.start({
    argv: ['/bin/sh', '-c', method.exec],
    env,
    cwd,
    uid,
    gid,
    log: logFileOf(instance.fmri),
  });
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    if (method.timeout > 0) timer = setTimeout(() => resolve('timeout'), method.timeout * 1000);
  });
  const ended = await Promise.race([contract.ended, timeout]);
  clearTimeout(timer);
  if (ended !== 'timeout') return { ...ended, contract };
  contract.kill('SIGKILL');
  await contract.empty;
  return { timeout: true, contract };
}

/** Runs a method that is neither ":true" nor ":kill" to its end. */
export function runMethod(host: MethodHost, instance: Instance, method: Method): Promise<MethodEnd> {
  return method.builtin === undefined ? runProgram(host, instance, method) : runBuiltin(host, instance, method);
}
