import { OperatorError } from '../domain/errors.ts';
import { holdsRules, type RenderedFile } from '../domain/managed-file.ts';
import { parseAddresses, showAddresses } from '../illumos/ipadm.ts';
import { ZONENET_FORWARDING } from '../illumos/smf.ts';
import { isRunning } from '../illumos/svcs.ts';
import { areRulesLoaded, type ObservedFilter, planFilterRules, planNatRules } from '../plan/filter.ts';
import { forwardingFamilies, planForwarding, switchForwarding } from '../plan/forwarding.ts';
import { wantedForwarding } from '../plan/zone.ts';
import { ask } from '../system/ask.ts';
import { execute } from '../system/execute.ts';
import type { System } from '../system/system.ts';
import type { Configuration } from './configuration.ts';
import { readLastGood } from './last-good.ts';
import { observeFilter, observeForwarding } from './observe.ts';
import { observeFiles } from './observe-files.ts';

/**
 * After a failure on a proxy: loads the rules of the files that are installed, which are the old ones until the kernel
 * has taken the new. Forwarding goes on only with rules that are whole and were rendered by us; in doubt it goes off.
 */
export async function goBack(configuration: Configuration, zone: string, system: System): Promise<void> {
  try {
    if (await loadInstalledRules(configuration, zone, system)) return;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    system.log(`the rules of the installed files cannot be loaded: ${error.message}`);
  }
  const families = forwardingFamilies(await observeForwarding(system));
  if (families.length === 0) return;
  await execute(switchForwarding('off', families, 'the rules in the kernel are not proved'), system);
  system.log('forwarding  off: the rules in the kernel are not proved');
}

/** Whether the kernel has, in the end, the rules of installed files that are ours. */
async function loadInstalledRules(configuration: Configuration, zone: string, system: System): Promise<boolean> {
  const [filter, forwarding, addresses] = await Promise.all([
    observeFilter(new Map(), system),
    observeForwarding(system),
    ask(showAddresses(), system),
  ]);
  if (filter.rules === undefined || !isRunning(filter.services.get(ZONENET_FORWARDING))) return false;
  const lastGood = await readLastGood(zone, system);
  if (!(await areInstalled([configuration, ...(lastGood === undefined ? [] : [lastGood])], system))) return false;
  const natRules = planNatRules(filter);
  const want = wantedForwarding(configuration.metadata, parseAddresses(addresses));
  const disturbance = natRules.length > 0 ? 'nat' : 'none';
  const { before, after } = planForwarding(want, forwarding, filter.services, disturbance);
  const filterRules = planFilterRules(filter);
  await execute([...filterRules, ...before, ...natRules, ...after], system);
  if (filterRules.length + natRules.length > 0) system.log('rules       those of the installed files are loaded again');
  return isWhole(await observeFilter(new Map(), system));
}

const isWhole = ({ rules }: ObservedFilter) => rules !== undefined && areRulesLoaded(rules);

/** Whether the files with rules are, all of them, those of one of the configurations. */
async function areInstalled(configurations: readonly Configuration[], system: System): Promise<boolean> {
  const withRules = ({ files }: Configuration) => files.filter(({ file }) => holdsRules(file));
  const files = await observeFiles(configurations.flatMap(withRules), system);
  const isInstalled = ({ file, content }: RenderedFile) => files.get(file.path)?.content === content;
  return configurations.some((one) => withRules(one).every(isInstalled));
}
