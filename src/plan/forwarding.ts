import { familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import type { Nic } from '../domain/metadata.ts';
import { setForwarding } from '../illumos/ipadm.ts';
import { ZONENET_FORWARDING } from '../illumos/smf.ts';
import { clearService, enableService } from '../illumos/svcadm.ts';
import { isRunning, type ServiceState } from '../illumos/svcs.ts';
import { run, type Step } from './step.ts';

export interface ObservedForwarding {
  /** Whether links that come later will forward. */
  readonly byDefault: boolean;
  /** The links that forward now. */
  readonly links: readonly string[];
}

/** Whether any link of the zone forwards, or will. */
export function isForwarding({ byDefault, links }: ObservedForwarding): boolean {
  return byDefault || links.length > 0;
}

/** What the plan does to rules: nothing that matters here, replaces NAT rules, or ipfilter restarts or does not run. */
export type Disturbance = 'none' | 'nat' | 'ipfilter';

export interface ForwardingSteps {
  /** Before anything else: forwarding that nobody has proved goes off. */
  readonly first: Step[];
  /** Right before NAT rules are replaced or ipfilter restarts. */
  readonly before: Step[];
  /** After all the rest. */
  readonly after: Step[];
}

/**
 * Steps around those that touch rules, so that no packet passes unfiltered or untranslated.
 *
 * Only zonenet-forwarding decides that a proxy forwards. While it does not run, forwarding is off, whoever put it on;
 * while it is just starting or stopping it is left to itself. While it runs, forwarding is off only for as long as NAT
 * rules are replaced.
 *
 * @throws {OperatorError} NOT_FOUND when the service is not there
 */
export function planForwarding(
  nics: readonly Nic[],
  observed: ObservedForwarding,
  services: ReadonlyMap<string, ServiceState>,
  disturbance: Disturbance,
): ForwardingSteps {
  const service = services.get(ZONENET_FORWARDING);
  if (service === undefined) {
    throw new OperatorError('NOT_FOUND', `Cannot forward: this zone has no ${ZONENET_FORWARDING}`, {
      hint: 'Import it: svccfg import /opt/zonenet/smf-manifests/zonenet-forwarding.xml',
    });
  }
  const on = isForwarding(observed);
  const off = (reason: string) => (on ? [run(reason, setForwarding('off'))] : []);
  if (service.moving) return { first: [], before: [], after: [] };
  if (!isRunning(service)) {
    const first = off('nothing is forwarded before the rules are proved');
    return { first, before: [], after: startService(service) };
  }
  const complete = observed.byDefault && plumbed(nics).every(({ link }) => observed.links.includes(link));
  switch (disturbance) {
    case 'none':
      return {
        first: [],
        before: [],
        after: complete ? [] : [run('a proxy forwards on all links', setForwarding('on'))],
      };
    case 'nat':
      return {
        first: [],
        before: off('nothing is forwarded while NAT rules are replaced'),
        after: [run('the NAT rules are in place again', setForwarding('on'))],
      };
    case 'ipfilter':
      // zonenet-forwarding restarts with ipfilter, proves the rules and puts forwarding on.
      return { first: [], before: off('nothing is forwarded without ipfilter'), after: [] };
  }
}

/** The links that are IPv4 interfaces. */
function plumbed(nics: readonly Nic[]): readonly Nic[] {
  return nics.filter(({ addresses }) => addresses.some(({ address }) => familyOf(address) === 'inet'));
}

function startService({ state }: ServiceState): Step[] {
  if (state === 'maintenance') {
    return [run('zonenet-forwarding may try again', clearService(ZONENET_FORWARDING))];
  }
  if (state !== 'disabled') return [];
  return [run('this zone is a proxy', enableService(ZONENET_FORWARDING, 'temporary'))];
}
