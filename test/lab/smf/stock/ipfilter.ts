// network/ipfilter: what its start, refresh and stop methods do (§7.3).
import { NotModelled } from '../../daemon/call.ts';
import type { BuiltinCall, BuiltinMethod } from '../builtin.ts';
import { firstValue, type Groups, runningGroups, withProperty } from '../repository.ts';
import { entriesOf } from './lines.ts';

const IPF = '/usr/sbin/ipf';
const IPNAT = '/usr/sbin/ipnat';
const DEFAULT = 'firewall_config_default';
/** Generated or linked rule files; volatile. */
const RUN_DIR = '/var/run/ipf';

const ERR_CONFIG = 96;

function property({ instance }: BuiltinCall, group: string, name: string): string | undefined {
  return firstValue(runningGroups(instance), group, name);
}

/** Sets a property of the instance where svcprop and the method see it at once, edited and running. */
function setProperty({ instance }: BuiltinCall, name: string, type: string, value: string): void {
  const set = (groups: Groups) =>
    groups.has(DEFAULT) ? withProperty(groups, DEFAULT, name, { type, values: [value] }) : groups;
  instance.groups = set(instance.groups);
  instance.running = { ...instance.running, own: set(instance.running.own) };
}

/** The very first start takes up an /etc/ipf/ipf.conf that has rules; later edits of the file alone change nothing. */
function adoptOldFile(call: BuiltinCall): void {
  if (property(call, DEFAULT, 'version') !== '0') return;
  const file = '/etc/ipf/ipf.conf';
  if (entriesOf(call.files.read(file)).length > 0) {
    setProperty(call, 'policy', 'astring', 'custom');
    setProperty(call, 'custom_policy_file', 'astring', file);
  }
  setProperty(call, 'version', 'count', '1');
}

/** Lays the rule files of the policy into /var/run/ipf. */
function generateRules(call: BuiltinCall): void {
  const { files } = call;
  const policy = property(call, DEFAULT, 'policy') ?? 'none';
  const rules = { 'ipf.conf': 'custom_policy_file', 'ipf6.conf': 'custom_policy_file_6' };
  for (const [name, from] of Object.entries(rules)) {
    const path = `${RUN_DIR}/${name}`;
    files.remove(path);
    if (policy === 'none') files.write(path, '');
    else if (policy === 'custom') {
      const custom = property(call, DEFAULT, from) ?? '';
      if (custom !== '' && files.exists(custom)) files.link(custom, path);
    } else throw new NotModelled(`ipfilter policy ${policy}`);
  }
  const override = property(call, 'firewall_config_override', 'policy') ?? 'none';
  if (policy !== 'custom' && override !== 'none') throw new NotModelled(`ipfilter override policy ${override}`);
}

/** Filters into the inactive set, swapped only if every load exited 0. */
async function loadFilters({ files, run }: BuiltinCall): Promise<boolean> {
  const loads: (readonly string[])[] = [['-IFa'], ['-6', '-IFa']];
  if (files.exists(`${RUN_DIR}/ipf.conf`)) loads.push(['-I', '-f', `${RUN_DIR}/ipf.conf`]);
  if (files.exists(`${RUN_DIR}/ipf6.conf`)) loads.push(['-6', '-I', '-f', `${RUN_DIR}/ipf6.conf`]);
  for (const words of loads) if ((await run(IPF, ...words)).status !== 0) return false;
  return (await run(IPF, '-s')).status === 0;
}

/** Rules and sessions go first: a broken file leaves the zone with no NAT. */
async function loadNat(call: BuiltinCall): Promise<boolean> {
  const file = property(call, 'config', 'ipnat_config_file') ?? '';
  if ((await call.run(IPNAT, '-CF')).status !== 0) return false;
  return file === '' || !call.files.exists(file) || (await call.run(IPNAT, '-f', file)).status === 0;
}

async function configure(call: BuiltinCall, isStart: boolean): Promise<number> {
  const { files, run } = call;
  generateRules(call);
  const nat = property(call, 'config', 'ipnat_config_file') ?? '';
  if (!files.exists(`${RUN_DIR}/ipf.conf`) && !files.exists(nat)) return 0;
  if (isStart && (await run(IPF, '-E')).status !== 0) return ERR_CONFIG;
  const pools = property(call, 'config', 'ippool_config_file') ?? '';
  if (entriesOf(files.read(pools)).length > 0) throw new NotModelled(`address pools of ${pools}`);
  if (!(await loadFilters(call)) || !(await loadNat(call))) return ERR_CONFIG;
  return (await run(IPF, '-y')).status === 0 ? 0 : ERR_CONFIG;
}

export const manageIpfilter: BuiltinMethod = async (call) => {
  const [action] = call.args;
  if (action === 'stop') {
    await call.run(IPF, '-D');
    return 0;
  }
  if (!runningGroups(call.instance).has(DEFAULT)) {
    call.log(`${call.instance.fmri} has no ${DEFAULT}`);
    return 0;
  }
  if (action === 'start') adoptOldFile(call);
  return configure(call, action === 'start');
};
