import { type Call, NotModelled, type Program } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { matchesPattern } from '../smf/fmri.ts';
import { dependenciesOf, dependenciesSatisfied, instancesNamed } from '../smf/graph.ts';
import { type Instance, instancesOf, isEnabled } from '../smf/repository.ts';
import { isUp } from '../smf/run.ts';
import { asTool, type Booted, connect, type Options, readOptions, ToolError, usage, zoneOf } from './smf-zone.ts';

/** enable and disable -s: the service itself fails, or its dependencies do (§6.8). */
const EXIT_SERVICE = 3;
const EXIT_DEPENDENCY = 4;

/** The zone went down while we waited. */
const BROKEN = 'Connection to repository server broken.  Exiting.';

type Say = (words: string) => void;
type Action = (smf: Booted, instance: Instance, say: Say) => number;

interface Subcommand {
  readonly options: string;
  act(options: Options): Action;
  /** What -s waits for. */
  wait?(smf: Booted, instance: Instance, say: Say): Promise<number>;
}

/**
 * The instances the operands mean. Each operand has to mean exactly one, unless it is a pattern with * ? [ ].
 * @returns undefined for an operand's failure, which is said
 */
function resolve(smf: Booted, operands: readonly string[], say: Say): { instances: Instance[]; failed: boolean } {
  let failed = false;
  const instances = operands.flatMap((pattern) => {
    const found = instancesOf(smf.repository).filter((each) =>
      matchesPattern(pattern, { service: each.service.name, instance: each.name }),
    );
    if (found.length === 0) say(`Pattern '${pattern}' doesn't match any instances`);
    else if (found.length > 1 && !/[*?[]/.test(pattern))
      say(`Pattern '${pattern}' matches multiple instances:\n${found.map(({ fmri }) => `\t${fmri}`).join('\n')}`);
    else return found;
    failed = true;
    return [];
  });
  return { instances, failed };
}

/** An instance and what it depends on, as `enable -r` takes it: of require_any and optional_all nothing. */
function withDependencies(smf: Booted, instance: Instance, seen = new Set<Instance>()): Set<Instance> {
  seen.add(instance);
  for (const { grouping, entities } of dependenciesOf(instance)) {
    if (grouping !== 'require_all') continue;
    for (const each of entities.flatMap((fmri) => instancesNamed(smf.repository, fmri)))
      if (!seen.has(each)) withDependencies(smf, each, seen);
  }
  return seen;
}

async function waitEnabled(smf: Booted, instance: Instance, say: Say): Promise<number> {
  for (;;) {
    const run = smf.startd.run(instance);
    if (run === undefined) throw new ToolError(BROKEN);
    if (isUp(run) && run.next === 'none') return 0;
    if (run.state === 'maintenance') {
      say(`Instance "${instance.fmri}" is in maintenance state.`);
      return EXIT_SERVICE;
    }
    if (!isEnabled(instance)) {
      say(`Instance "${instance.fmri}" has been disabled by another entity.`);
      return EXIT_SERVICE;
    }
    if (
      run.state === 'offline' &&
      run.next === 'none' &&
      dependenciesSatisfied(smf.startd.world, instance) === 'never'
    ) {
      say(`Instance "${instance.fmri}" has unsatisfied dependencies.`);
      return EXIT_DEPENDENCY;
    }
    await smf.startd.changed();
  }
}

async function waitDisabled(smf: Booted, instance: Instance, say: Say): Promise<number> {
  for (;;) {
    const run = smf.startd.run(instance);
    if (run === undefined) throw new ToolError(BROKEN);
    if (run.state === 'disabled') return 0;
    if (run.state === 'maintenance') {
      say(`Instance "${instance.fmri}" is in maintenance state.`);
      return EXIT_SERVICE;
    }
    if (isEnabled(instance)) {
      say(`Instance "${instance.fmri}" has been enabled by another entity.`);
      return EXIT_SERVICE;
    }
    await smf.startd.changed();
  }
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  enable: {
    options: 'rst',
    act:
      ({ letters }) =>
      (smf, instance) => {
        const all = letters.includes('r') ? withDependencies(smf, instance) : [instance];
        for (const each of all) smf.startd.enable(each, true, letters.includes('t'));
        return 0;
      },
    wait: waitEnabled,
  },
  disable: {
    options: 'stc:',
    act: ({ letters }) => {
      if (letters.includes('c')) throw new NotModelled('svcadm disable -c');
      return (smf, instance) => {
        smf.startd.enable(instance, false, letters.includes('t'));
        return 0;
      };
    },
    wait: waitDisabled,
  },
  restart: {
    options: 'd',
    act: ({ letters }) => {
      if (letters.includes('d')) throw new NotModelled('svcadm restart -d');
      return (smf, instance) => {
        smf.startd.restart(instance);
        return 0;
      };
    },
  },
  refresh: {
    options: '',
    act: () => (smf, instance) => {
      smf.startd.refresh(instance);
      return 0;
    },
  },
  clear: {
    options: '',
    act: () => (smf, instance, say) => {
      if (smf.startd.clear(instance)) return 0;
      say(`Instance "${instance.fmri}" is not in a maintenance or degraded state.`);
      return 1;
    },
  },
};

/** `mark [-It] maintenance|degraded`: the state stands before the operands. -I and -t change nothing that the lab shows. */
function mark(smf: Booted, options: Options, say: Say): number | 'usage' {
  const [state, ...operands] = options.operands;
  if ((state !== 'maintenance' && state !== 'degraded') || operands.length === 0) return 'usage';
  const { instances, failed } = resolve(smf, operands, say);
  let status = failed ? 1 : 0;
  for (const instance of instances) {
    if (state === 'degraded' && smf.startd.run(instance)?.state !== 'online') {
      say(`Instance "${instance.fmri}" is not online.`);
      status = 1;
    } else smf.startd.mark(instance, state);
  }
  return status;
}

/** One zone's share of the call. */
async function inZone(call: Call, lab: Lab, zone: Zone, name: string, options: Options, all: boolean): Promise<number> {
  const say: Say = (words) => call.err(`svcadm: ${words}\n`);
  const smf = connect(lab, zone);
  if (smf === undefined) throw new ToolError("Couldn't bind to svc.configd.");
  if (name === 'mark') {
    const marked = mark(smf, options, say);
    return marked === 'usage' ? usage(call) : marked;
  }
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand === undefined) return usage(call);
  const act = subcommand.act(options);
  const { instances, failed } = resolve(smf, options.operands, all ? () => undefined : say);
  let status = failed && !all ? 1 : 0;
  for (const instance of instances) status = Math.max(status, act(smf, instance, say));
  if (!options.letters.includes('s') || subcommand.wait === undefined || status !== 0) return status;
  for (const instance of instances) {
    const waited = await subcommand.wait(smf, instance, say);
    // The service's own failure takes precedence over one of its dependencies.
    if (status === 0 || waited === EXIT_SERVICE) status = waited === 0 ? status : waited;
  }
  return status;
}

/** Changes the state of service instances (§6.8). */
export const svcadm: Program = (call, lab) =>
  asTool(call, async () => {
    const front = readOptions(call.args, 'vz:Z');
    const [name, ...rest] = front?.operands ?? [];
    if (front === undefined || name === undefined) return usage(call);
    if (front.letters.includes('v')) throw new NotModelled('svcadm -v');
    if (name === 'milestone') throw new NotModelled('svcadm milestone');
    const known = name === 'mark' ? 'It' : Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name]?.options : undefined;
    const options = known === undefined ? undefined : readOptions(rest, known);
    if (options === undefined || options.operands.length === 0) return usage(call);
    const all = front.letters.includes('Z');
    if (all && call.zone !== lab.global) throw new ToolError('svcadm -Z may only be used from the global zone');
    const zones = all
      ? [...lab.zones.values()].filter(({ process }) => process !== undefined)
      : [zoneOf(call, lab, front.values.get('z')?.[0])];
    let status = 0;
    for (const zone of zones) status = Math.max(status, await inZone(call, lab, zone, name, options, all));
    return status;
  });
