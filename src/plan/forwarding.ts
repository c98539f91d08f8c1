import type { Family } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { setForwarding, setLinkForwarding } from '../illumos/ipadm.ts';
import { ZONENET_FORWARDING } from '../illumos/smf.ts';
import { clearService, enableService } from '../illumos/svcadm.ts';
import { isRunning, type ServiceState } from '../illumos/svcs.ts';
import { run, type Step } from './step.ts';

const FAMILIES = ['inet', 'inet6'] as const;

/** What forwards now, of each family. */
export type ObservedForwarding = Readonly<Record<Family, FamilyForwarding>>;

export interface FamilyForwarding {
  /** Whether links that come later will forward. */
  readonly byDefault: boolean;
  /** The links that forward now. */
  readonly links: readonly string[];
}

/** The families that any link of the zone forwards, or will. */
export function forwardingFamilies(observed: ObservedForwarding): Family[] {
  return FAMILIES.filter((family) => observed[family].byDefault || observed[family].links.length > 0);
}

/** What a proxy is to forward: which families, and on which links, those that are plumbed. */
export interface WantedForwarding {
  readonly families: readonly Family[];
  readonly links: readonly string[];
  /** Nothing but these links: the other ones are the host's own. */
  readonly only?: true;
}

/** Steps that put forwarding on or off, for families. */
export function switchForwarding(state: 'on' | 'off', families: readonly Family[], reason: string): Step[] {
  return families.map((family) => run(reason, setForwarding(state, family)));
}

/** Steps that let links forward: all of the zone with those to come, or only those wanted. */
export function forwardOn({ links, only }: WantedForwarding, families: readonly Family[], reason: string): Step[] {
  if (only !== true) return switchForwarding('on', families, reason);
  return families.flatMap((family) => links.map((link) => run(reason, setLinkForwarding('on', family, link))));
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
  want: WantedForwarding,
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
  const on = forwardingFamilies(observed);
  if (service.moving) return { first: [], before: [], after: [] };
  if (!isRunning(service)) {
    const first = switchForwarding('off', on, 'nothing is forwarded before the rules are proved');
    return { first, before: [], after: startService(service) };
  }
  const isStrange = (family: Family) => !want.families.includes(family) || isTooWide(observed[family], want);
  const strange = on.filter(isStrange);
  const first = switchForwarding('off', strange, 'no network behind this proxy is of that family, or on those links');
  const wanted = on.filter((family) => !strange.includes(family));
  switch (disturbance) {
    case 'none': {
      const incomplete = want.families.filter((family) => !isComplete(observed[family], want));
      return { first, before: [], after: forwardOn(want, incomplete, 'a proxy forwards on all its links') };
    }
    case 'nat':
      return {
        first,
        before: switchForwarding('off', wanted, 'nothing is forwarded while NAT rules are replaced'),
        after: forwardOn(want, want.families, 'the NAT rules are in place again'),
      };
    case 'ipfilter':
      // zonenet-forwarding restarts with ipfilter, proves the rules and puts forwarding on.
      return { first, before: switchForwarding('off', wanted, 'nothing is forwarded without ipfilter'), after: [] };
  }
}

function isComplete(have: FamilyForwarding, want: WantedForwarding): boolean {
  const isEverywhere = want.only === true ? !isTooWide(have, want) : have.byDefault;
  return isEverywhere && want.links.every((link) => have.links.includes(link));
}

/** Links forward that are not to. */
function isTooWide({ byDefault, links }: FamilyForwarding, want: WantedForwarding): boolean {
  return want.only === true && (byDefault || links.some((link) => !want.links.includes(link)));
}

function startService({ state }: ServiceState): Step[] {
  if (state === 'maintenance') {
    return [run('zonenet-forwarding may try again', clearService(ZONENET_FORWARDING))];
  }
  if (state !== 'disabled') return [];
  return [run('this zone is a proxy', enableService(ZONENET_FORWARDING, 'temporary'))];
}
