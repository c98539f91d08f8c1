import { OperatorError } from '../domain/errors.ts';
import { holdsRules } from '../domain/managed-file.ts';
import { parseAddresses, showAddresses } from '../illumos/ipadm.ts';
import { exitStatusOf, SMF_EXIT, ZONENET, ZONENET_FORWARDING } from '../illumos/smf.ts';
import { isStale } from '../plan/files.ts';
import { areRulesLoaded } from '../plan/filter.ts';
import { forwardOn } from '../plan/forwarding.ts';
import { wantedForwarding } from '../plan/zone.ts';
import { ask } from '../system/ask.ts';
import { execute } from '../system/execute.ts';
import type { System } from '../system/system.ts';
import type { Configuration } from './configuration.ts';
import { readLastGood } from './last-good.ts';
import { observeFilter, observeForwarding } from './observe.ts';
import { observeFiles } from './observe-files.ts';
import { describeError } from './report.ts';

/**
 * Puts forwarding on, once the rules in the kernel are proved to be those that set-up rendered. Gives the exit status of
 * the method.
 */
export async function startForwarding(zone: string, system: System): Promise<number> {
  try {
    const { metadata } = await proveRules(zone, system);
    const want = wantedForwarding(metadata, parseAddresses(await ask(showAddresses(), system)));
    await execute(forwardOn(want, want.families, 'the rules in the kernel are those of the files'), system);
    const { inet, inet6 } = await observeForwarding(system);
    const also = inet6.links.length === 0 ? '' : `; IPv6: ${inet6.links.join(', ')}`;
    system.log(`rules proved; forwarding on: ${inet.links.join(', ')}${also}`);
    return SMF_EXIT.ok;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const now = `Nothing is forwarded.\nafter mending: svcadm clear ${ZONENET_FORWARDING}`;
    for (const line of describeError(error, now)) system.log(line);
    return exitStatusOf(error.code);
  }
}

/**
 * Sees that the filter files are those that were rendered last, of both families, and that the kernel has their rules.
 * Gives what they were rendered from.
 *
 * @throws {OperatorError} NOT_APPLIED, DRIFT
 */
async function proveRules(zone: string, system: System): Promise<Configuration> {
  const hint = `svcadm refresh ${ZONENET}`;
  const configuration = await readLastGood(zone, system);
  if (configuration === undefined) {
    throw new OperatorError('NOT_APPLIED', 'Cannot forward: this zone has not been set up', { hint });
  }
  if (configuration.metadata.role !== 'proxy') {
    throw new OperatorError('NOT_APPLIED', 'Cannot forward: this zone is no proxy');
  }
  const rendered = configuration.files.filter(({ file }) => holdsRules(file));
  const files = await observeFiles(rendered, system);
  const changed = rendered.find((one) => isStale(one, files.get(one.file.path)));
  if (changed !== undefined) {
    throw new OperatorError('DRIFT', `Cannot forward: ${changed.file.path} is not as it was rendered`, { hint });
  }
  const { rules } = await observeFilter(new Map(), system);
  if (rules === undefined) throw new OperatorError('DRIFT', 'Cannot forward: ipfilter does not run', { hint });
  if (!areRulesLoaded(rules)) {
    throw new OperatorError('DRIFT', 'Cannot forward: the rules in the kernel are not those of the files', { hint });
  }
  return configuration;
}
