// svcs -x: why services do not run (§6.7, §11.7).
import { logFileOf } from '../smf/fmri.ts';
import { dependenciesOf, dependencySatisfied, instancesNamed } from '../smf/graph.ts';
import { firstValue, type Instance, instancesOf, isEnabled, runningGroups } from '../smf/repository.ts';
import { isUp, type Run } from '../smf/run.ts';
import { formatLongTime } from '../smf/time.ts';
import { isFileFmri } from '../smf/values.ts';
import type { Booted } from './smf-zone.ts';
import { commonName } from './svcs-columns.ts';

/** Why an instance does not run: other instances, and dependencies that are not there. */
interface Causes {
  readonly instances: ReadonlySet<Instance>;
  readonly absent: readonly string[];
}

type AllCauses = ReadonlyMap<Instance, Causes>;

function causesOf(smf: Booted, instance: Instance, found: Map<Instance, Causes>): Causes {
  const known = found.get(instance);
  if (known !== undefined) return known;
  const self: Causes = { instances: new Set([instance]), absent: [] };
  // For the time of its own search it is its own cause, which ends cycles.
  found.set(instance, self);
  const run = smf.startd.run(instance);
  const isWaiting = run?.state === 'offline' && run.next === 'none';
  const causes = isWaiting ? waitingFor(smf, instance, found) : self;
  const settled = causes.instances.size === 0 ? { ...self, absent: causes.absent } : causes;
  found.set(instance, settled);
  return settled;
}

function waitingFor(smf: Booted, instance: Instance, found: Map<Instance, Causes>): Causes {
  const instances = new Set<Instance>();
  const absent: string[] = [];
  for (const dependency of dependenciesOf(instance)) {
    if (dependencySatisfied(smf.startd.world, dependency, [instance]) === 'yes') continue;
    const excludes = dependency.grouping === 'exclude_all';
    for (const fmri of dependency.entities) {
      const named = instancesNamed(smf.repository, fmri);
      if (!excludes && named.length === 0 && (!isFileFmri(fmri) || !fileExists(smf, fmri))) absent.push(fmri);
      for (const each of named) {
        const up = smf.startd.world.available(each);
        if (excludes && up) instances.add(each);
        if (!excludes && !up) for (const cause of causesOf(smf, each, found).instances) instances.add(cause);
      }
    }
  }
  return { instances, absent };
}

const fileExists = ({ startd }: Booted, fmri: string): boolean =>
  startd.world.fileExists(fmri.replace(/^file:\/\/(?:localhost)?/, ''));

/** The causes of every instance that is not running. */
function allCauses(smf: Booted): AllCauses {
  const found = new Map<Instance, Causes>();
  for (const instance of instancesOf(smf.repository)) {
    const run = smf.startd.run(instance);
    if (run !== undefined && run.state !== 'online') causesOf(smf, instance, found);
  }
  return found;
}

/** The services that are offline because of an instance. */
function impactOf(smf: Booted, causes: AllCauses, instance: Instance): Instance[] {
  return [...causes]
    .filter(([other, { instances }]) => other !== instance && instances.has(instance))
    .map(([other]) => other)
    .filter((other) => smf.startd.run(other)?.state === 'offline');
}

const SUMMARIES: Readonly<Record<string, string>> = {
  administrative_request: 'was taken down for maintenance by an administrator.',
  dependency_cycle: 'completes a dependency cycle.',
  fault_threshold_reached: 'is not running because a method failed repeatedly.',
  invalid_dependency: 'has an invalid dependency.',
  method_failed: 'is not running because a method failed.',
  restarting_too_quickly: 'was restarting too quickly.',
};

function summary(run: Run): string {
  switch (run.state) {
    case 'disabled':
      return firstValue(run.instance.volatile, 'general_ovr', 'enabled') === 'false'
        ? 'is temporarily disabled.'
        : 'is disabled.';
    case 'maintenance':
      return SUMMARIES[run.auxiliary] ?? 'requires maintenance.';
    case 'offline':
      return run.next === 'online' ? 'is starting.' : 'is not running for an unknown reason.';
    case 'uninitialized':
      return 'is uninitialized.';
    default:
      return 'is running.';
  }
}

/** How the last start method failed, from its wait status. Undefined when it did not. */
function failure({ waitStatus }: Run): string | undefined {
  if (waitStatus === 0) return undefined;
  const signal = waitStatus & 0x7f;
  if (signal !== 0) return `died on ${SIGNAL_TEXTS[signal] ?? 'Unknown signal'} (${signal})`;
  const status = waitStatus >> 8;
  if (status === 96) return 'exited with $SMF_EXIT_ERR_CONFIG';
  return status === 95 ? 'exited with $SMF_EXIT_ERR_FATAL' : `exited with status ${status}`;
}

const SIGNAL_TEXTS: Readonly<Record<number, string>> = {
  1: 'Hangup',
  2: 'Interrupt',
  3: 'Quit',
  4: 'Illegal Instruction',
  6: 'Abort',
  8: 'Arithmetic Exception',
  9: 'Killed',
  10: 'Bus Error',
  11: 'Segmentation Fault',
  13: 'Broken Pipe',
  14: 'Alarm Clock',
  15: 'Terminated',
};

function maintenanceReason(run: Run): [reason: string, code: string] {
  const words = failure(run);
  switch (run.auxiliary) {
    case 'administrative_request':
      return ['Maintenance requested by an administrator.', '63'];
    case 'dependency_cycle':
      return ['Completes a dependency cycle.', 'HP'];
    case 'invalid_dependency':
      return ['Has invalid dependency.', 'JA'];
    case 'restarting_too_quickly':
      return ['Restarting too quickly.', 'L5'];
    case 'fault_threshold_reached':
      return words === undefined
        ? ['Method failed repeatedly.', '8Q']
        : [`Start method failed repeatedly, last ${words}.`, 'KS'];
    default:
      return words === undefined ? ['Method failed.', '8Q'] : [`Start method ${words}.`, 'KS'];
  }
}

function reasons(smf: Booted, run: Run, causes: Causes | undefined): [reason: string, code: string][] {
  switch (run.state) {
    case 'online':
      return [];
    case 'disabled':
      return firstValue(run.instance.volatile, 'general_ovr', 'enabled') === 'false'
        ? [['Temporarily disabled by an administrator.', '1S']]
        : [['Disabled by an administrator.', '05']];
    case 'maintenance':
      return [maintenanceReason(run)];
    case 'degraded':
      return [['Degraded by an administrator.', 'DX']];
    case 'uninitialized':
      return [['Restarter svc:/system/svc/restarter:default has not initialized service state.', '4D']];
    case 'offline': {
      if (run.next === 'online') return [['Start method is running.', 'C4']];
      if (run.next !== 'none') return [[`Transitioning to state ${run.next}.`, 'PH']];
      const found: [string, string][] = (causes?.absent ?? []).map((fmri) => [`Dependency ${fmri} is absent.`, 'E2']);
      for (const each of causes?.instances ?? []) {
        const other = smf.startd.run(each);
        if (each === run.instance || other === undefined) continue;
        if (isUp(other)) found.push([`Service ${each.fmri} is running.`, 'FJ']);
        else {
          const words = `Service ${each.fmri} ${summary(other)}`;
          found.push([words.length + 8 <= 80 ? words : `Service ${each.fmri}\n        ${summary(other)}`, 'GE']);
        }
      }
      return found.length === 0 ? [['Unknown.', 'AR']] : found;
    }
  }
}

/** What svcs -x says of one instance. */
function explain(smf: Booted, causes: AllCauses, run: Run, zone: string | undefined, verbose: boolean): string {
  const { instance } = run;
  const impact = impactOf(smf, causes, instance);
  const manuals = [...runningGroups(instance)]
    .filter(([name]) => name.startsWith('tm_man_'))
    .map(([name]) => [
      firstValue(runningGroups(instance), name, 'title'),
      firstValue(runningGroups(instance), name, 'section'),
    ]);
  const lines = [
    `${instance.fmri} (${commonName(instance) ?? '?'})`,
    ...(zone === undefined ? [] : [`  Zone: ${zone}`]),
    ` State: ${run.state} since ${formatLongTime(run.since)}`,
    ...reasons(smf, run, causes.get(instance)).flatMap(([reason, code]) => [
      `Reason: ${reason}`,
      `   See: http://illumos.org/msg/SMF-8000-${code}`,
    ]),
    ...manuals.map(([title, section]) =>
      verbose ? `   See: man -M /usr/share/man -s ${section} ${title}` : `   See: ${title}(${section})`,
    ),
    `   See: ${logFileOf(instance.fmri)}`,
    impactLine(run, impact.length, verbose),
    ...(verbose ? impact.map(({ fmri }) => `        ${fmri}`) : []),
  ];
  return `${lines.join('\n')}\n`;
}

function impactLine(run: Run, count: number, verbose: boolean): string {
  if (count === 0) return isUp(run) ? 'Impact: None.' : 'Impact: This service is not running.';
  const what = count === 1 ? '1 dependent service is not running' : `${count} dependent services are not running`;
  return `Impact: ${what}${verbose ? ':' : '.  (Use -v for list.)'}`;
}

/**
 * Explains the instances asked for; without any, those that do not run for a reason of their own: a disabled one only
 * when others wait for it. Those with the most impact come first. Empty when all is well.
 */
export function explainAll(
  smf: Booted,
  asked: readonly Instance[] | undefined,
  zone: string | undefined,
  verbose: boolean,
): string {
  const causes = allCauses(smf);
  const isCause = (instance: Instance): boolean =>
    causes.get(instance)?.instances.has(instance) === true &&
    (isEnabled(instance) || impactOf(smf, causes, instance).length > 0);
  const chosen =
    asked ??
    [...causes.keys()]
      .filter(isCause)
      .sort((a, b) => impactOf(smf, causes, b).length - impactOf(smf, causes, a).length);
  return chosen
    .flatMap((instance) => smf.startd.run(instance) ?? [])
    .map((run) => explain(smf, causes, run, zone, verbose))
    .join('\n');
}
