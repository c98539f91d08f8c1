import { type Call, NotModelled, type Program } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { logFileOf, matchesPattern } from '../smf/fmri.ts';
import { dependenciesOf, instancesNamed } from '../smf/graph.ts';
import { type Instance, instancesOf, isEnabled } from '../smf/repository.ts';
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
import { columnNamed, formatHeader, formatRow, isSortKey, type Row, sortRows } from './svcs-columns.ts';
import { explainAll } from './svcs-explain.ts';
import { formatLong } from './svcs-long.ts';

const MODES = ['d', 'D', 'l', 'L', 'x'] as const;

/** The instances a pattern means, in order. */
function matching({ repository }: Booted, pattern: string): Instance[] {
  return instancesOf(repository).filter((each) =>
    matchesPattern(pattern, { service: each.service.name, instance: each.name }),
  );
}

/** The instances of all operands; what matches nothing is said, unless all zones are asked. */
function selected(call: Call, smf: Booted, options: Options): { instances: Instance[]; missing: boolean } {
  let missing = false;
  const instances = options.operands.flatMap((pattern) => {
    const found = matching(smf, pattern);
    if (found.length === 0) {
      missing = true;
      if (!options.letters.includes('Z')) call.err(`svcs: Pattern '${pattern}' doesn't match any instances\n`);
    }
    return found;
  });
  return { instances: [...new Set(instances)], missing };
}

/** The zones to ask: all that run, one, or the caller's own. */
function zonesOf(call: Call, lab: Lab, options: Options): Zone[] {
  const named = options.values.get('z')?.[0];
  if (!options.letters.includes('Z')) return [zoneOf(call, lab, named)];
  if (call.zone !== lab.global) throw new ToolError('svcs -Z may only be used from the global zone');
  return [...lab.zones.values()].filter(({ process }) => process !== undefined);
}

/** Connects, or says why not (§5.5: early in a zone's boot there is no repository server). */
function connected(call: Call, lab: Lab, zone: Zone, named: boolean): Booted | undefined {
  const smf = connect(lab, zone);
  if (smf !== undefined) return smf;
  call.err(
    named
      ? `svcs: Could not bind to repository server for zone ${zone.name}: ${NO_SERVER}\n`
      : `svcs: Could not bind to repository server: ${NO_SERVER}.  Exiting.\n`,
  );
  return undefined;
}

function columnsOf(options: Options): string[] {
  const asked = options.values.get('o')?.at(-1);
  const zone = options.letters.includes('Z') ? ['ZONE'] : [];
  if (asked === undefined)
    return options.letters.includes('v')
      ? [...zone, 'STATE', 'NSTATE', 'STIME', 'CTID', 'FMRI']
      : [...zone, 'STATE', 'STIME', 'FMRI'];
  if (asked === '') throw new ToolError('No columns specified.');
  return asked.split(',').map((name) => {
    const column = columnNamed(name);
    if (column === undefined) throw new ToolError(`Unknown column "${name}".`);
    return column;
  });
}

/** -d: what the instances depend on. -D: what depends on them. */
function related(smf: Booted, instances: readonly Instance[], letter: 'd' | 'D'): Instance[] {
  const providers = (instance: Instance) =>
    dependenciesOf(instance)
      .filter(({ grouping }) => grouping !== 'exclude_all')
      .flatMap(({ entities }) => entities.flatMap((fmri) => instancesNamed(smf.repository, fmri)));
  const found =
    letter === 'd'
      ? instances.flatMap(providers)
      : instancesOf(smf.repository).filter((each) => providers(each).some((provider) => instances.includes(provider)));
  return [...new Set(found)];
}

/** Processes of a contract cannot be listed; nothing else is printed for an instance that has none. */
function refuseProcesses(rows: readonly Row[]): void {
  const alive = rows.find(({ run }) => run.contract !== undefined);
  if (alive !== undefined) throw new NotModelled(`svcs -p of ${alive.instance.fmri}, which has processes`);
}

async function list(call: Call, lab: Lab, options: Options, zones: readonly Zone[]): Promise<number> {
  const all = options.letters.includes('Z');
  const columns = columnsOf(options);
  const relation = options.letters.find((letter) => letter === 'd' || letter === 'D');
  const rows: Row[] = [];
  let status = 0;
  let found = false;
  for (const zone of zones) {
    const smf = connected(call, lab, zone, all || options.values.has('z'));
    if (smf === undefined) {
      if (!all) return 1;
      continue;
    }
    const { instances, missing } = selected(call, smf, options);
    if (instances.length > 0) found = true;
    if (missing && !all) status = 1;
    const everything = () =>
      instancesOf(smf.repository).filter((each) => options.letters.includes('a') || isEnabled(each));
    const meant =
      relation === 'd' || relation === 'D'
        ? related(smf, instances, relation)
        : options.operands.length === 0
          ? everything()
          : instances;
    for (const instance of meant) {
      const run = smf.startd.run(instance);
      if (run !== undefined) rows.push({ zone: zone.name, instance, run });
    }
  }
  if (all && options.operands.length > 0 && !found) {
    for (const pattern of options.operands) call.err(`svcs: Pattern '${pattern}' doesn't match any instances\n`);
    status = 1;
  }
  if (options.letters.includes('p')) refuseProcesses(rows);
  if (!options.letters.includes('H')) call.out(formatHeader(columns));
  const keys = [...(options.values.get('s') ?? [])].map((name) => {
    const column = columnNamed(name);
    if (column === undefined || !isSortKey(column)) throw new NotModelled(`svcs -s ${name}`);
    return column;
  });
  const order = keys.length > 0 ? keys : [...(all ? ['ZONE'] : []), 'STATE', 'STIME', 'FMRI'];
  for (const row of sortRows(rows, order)) call.out(formatRow(columns, row, lab.now()));
  return status;
}

/** -l, -L and -x, zone by zone. */
async function describe(call: Call, lab: Lab, options: Options, zones: readonly Zone[], mode: string): Promise<number> {
  const all = options.letters.includes('Z');
  let status = 0;
  let first = true;
  for (const zone of zones) {
    const named = all || options.values.has('z');
    const smf = connected(call, lab, zone, named);
    if (smf === undefined) {
      if (!all) return 1;
      continue;
    }
    const { instances, missing } = selected(call, smf, options);
    if (missing && !all) status = 1;
    if (mode === 'x') {
      const asked = options.operands.length === 0 ? undefined : instances;
      const text = explainAll(smf, asked, named ? zone.name : undefined, options.letters.includes('v'));
      if (text !== '' && !first) call.out('\n');
      if (text !== '') first = false;
      call.out(text);
      continue;
    }
    for (const instance of instances) {
      const run = smf.startd.run(instance);
      if (run === undefined) continue;
      if (mode === 'L') {
        const root = named && zone !== lab.global ? zone.root : '';
        call.out(`${root}${logFileOf(instance.fmri)}\n`);
        continue;
      }
      if (!first) call.out('\n');
      first = false;
      call.out(formatLong(smf, { zone: zone.name, instance, run }));
    }
  }
  return status;
}

/** Lists and explains service instances (§6.7). -n, -R and -S are not modelled. */
export const svcs: Program = (call, lab) =>
  asTool(call, async () => {
    const options = readOptions(call.args, 'aHpvno:R:s:S:dDlLxZz:');
    if (options === undefined) return usage(call);
    for (const letter of ['n', 'R', 'S'])
      if (options.letters.includes(letter)) throw new NotModelled(`svcs -${letter}`);
    const modes = options.letters.filter((letter) => MODES.some((mode) => mode === letter));
    const [mode] = modes;
    if (modes.length > 1 || (options.letters.includes('z') && options.letters.includes('Z'))) return usage(call);
    if (options.letters.includes('a') && (mode !== undefined || options.operands.length > 0)) {
      if (mode !== undefined) return usage(call);
      call.err('svcs: -a ignored when used with arguments.\n');
    }
    if (mode !== undefined && mode !== 'x' && options.operands.length === 0) return usage(call);
    const zones = zonesOf(call, lab, options);
    if (mode === 'l' || mode === 'L' || mode === 'x') return describe(call, lab, options, zones, mode);
    return list(call, lab, options, zones);
  });
