import { OperatorError } from '../domain/errors.ts';
import type { Command } from '../illumos/command.ts';
import { flushInactiveFilter, loadInactiveFilter, swapFilters } from '../illumos/ipf.ts';
import { replaceNatRules } from '../illumos/ipnat.ts';
import { IDENTITY_DOMAIN, IPFILTER } from '../illumos/smf.ts';
import { clearService, enableService, refreshService, stopService } from '../illumos/svcadm.ts';
import { type Property, setProperty } from '../illumos/svccfg.ts';
import { isRunning, type ServiceState } from '../illumos/svcs.ts';
import { run, type Step } from './step.ts';

/** Where the filter files are; the paths that the ipfilter service knows by itself (§7.3). */
export const FILTER_FILES = {
  inet: '/etc/ipf/ipf.conf',
  inet6: '/etc/ipf/ipf6.conf',
  nat: '/etc/ipf/ipnat.conf',
} as const;

/** Rules as the tools print them: what they make of our files, and what is in the kernel. */
export interface Rules {
  readonly inet: readonly string[];
  readonly inet6: readonly string[];
  readonly nat: readonly string[];
}

export interface ObservedRules {
  /** Where the rules wanted can be read: the files themselves, or candidates that will take their place. */
  readonly files: Readonly<Record<keyof Rules, string>>;
  readonly want: Rules;
  readonly have: Rules;
}

export interface ObservedFilter {
  readonly services: ReadonlyMap<string, ServiceState>;
  /** Properties of the group firewall_config_default of ipfilter. */
  readonly policy: ReadonlyMap<string, string>;
  /** Missing while ipfilter is not running: then it loads the files itself when it starts. */
  readonly rules?: ObservedRules;
}

/** Without "custom" ipfilter ignores our files without a word, and still loads ipnat.conf (§7.3). */
export const POLICY: readonly Property[] = [
  { name: 'firewall_config_default/policy', type: 'astring', value: 'custom' },
  { name: 'firewall_config_default/custom_policy_file', type: 'astring', value: FILTER_FILES.inet },
  { name: 'firewall_config_default/custom_policy_file_6', type: 'astring', value: FILTER_FILES.inet6 },
];

/**
 * Steps that let the ipfilter service filter by our files. They come after the files are in place.
 *
 * Enabled for good, not until the next boot: a zone whose set-up fails is filtered all the same (docs/decisions/0004).
 *
 * @throws {OperatorError} NOT_FOUND when the zone has no ipfilter
 */
export function planFilterService({ services, policy }: ObservedFilter): Step[] {
  const ipfilter = services.get(IPFILTER);
  if (ipfilter === undefined) {
    throw new OperatorError('NOT_FOUND', `Cannot filter: this zone has no ${IPFILTER}`, {
      hint: 'Install the package network/ipfilter on the host and in the zone',
    });
  }
  const domain =
    services.get(IDENTITY_DOMAIN)?.state === 'disabled'
      ? [run('ipfilter waits for it for ever', enableService(IDENTITY_DOMAIN, 'persistent'))]
      : [];
  const wrong = POLICY.filter(({ name, value }) => policy.get(name) !== value);
  const restart = wrong.length > 0 && isRunning(ipfilter);
  // A running ipfilter is stopped and started: its refresh would load beside us, and with NAT rules gone for a moment.
  const policySteps: Step[] =
    wrong.length === 0
      ? []
      : [
          ...wrong.map((property) =>
            run(`${property.name} of ipfilter is not ${property.value}`, setProperty(IPFILTER, property)),
          ),
          ...(restart ? [run('ipfilter runs with another policy', stopService(IPFILTER))] : []),
          run('ipfilter does not see its properties before that', refreshService(IPFILTER)),
        ];
  return [...domain, ...policySteps, ...startIpfilter(restart ? 'disabled' : ipfilter.state)];
}

function startIpfilter(state: ServiceState['state']): Step[] {
  if (state === 'disabled') return [run('ipfilter is disabled', enableService(IPFILTER, 'persistent'))];
  if (state === 'maintenance') return [run('ipfilter is in maintenance', clearService(IPFILTER))];
  return [];
}

/** Whether ipfilter runs with another policy than ours: then it is restarted and loads everything itself. */
export function isPolicyWrong({ policy }: ObservedFilter): boolean {
  return POLICY.some(({ name, value }) => policy.get(name) !== value);
}

/**
 * Steps that load a changed filter into the inactive sets and swap: at no moment is a packet unfiltered, and a rule that
 * the kernel refuses stops them before the swap.
 */
export function planFilterRules({ rules }: ObservedFilter): Step[] {
  if (rules === undefined || (sameRules(rules, 'inet') && sameRules(rules, 'inet6'))) return [];
  const reason = 'the filter in the kernel is not the one of the files';
  // Both families: the swap is one for both.
  const commands: Command[] = [
    flushInactiveFilter('inet'),
    flushInactiveFilter('inet6'),
    loadInactiveFilter(rules.files.inet, 'inet'),
    loadInactiveFilter(rules.files.inet6, 'inet6'),
    swapFilters(),
  ];
  return commands.map((command) => run(reason, command, { silent: true }));
}

/**
 * The step that replaces the NAT rules and leaves sessions alone. There is no inactive set: between delete and load a
 * packet would leave untranslated, so nothing may be forwarded meanwhile (`planForwarding`).
 */
export function planNatRules({ rules }: ObservedFilter): Step[] {
  if (rules === undefined || sameRules(rules, 'nat')) return [];
  const command = replaceNatRules(rules.files.nat);
  return [run('the NAT rules in the kernel are not those of the file', command, { silent: true })];
}

/** Whether the kernel has the rules of the files. */
export function areRulesLoaded(rules: ObservedRules): boolean {
  return sameRules(rules, 'inet') && sameRules(rules, 'inet6') && sameRules(rules, 'nat');
}

function sameRules({ want, have }: ObservedRules, kind: keyof Rules): boolean {
  return want[kind].length === have[kind].length && want[kind].every((rule, index) => rule === have[kind][index]);
}
