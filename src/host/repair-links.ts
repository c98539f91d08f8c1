import { OperatorError } from '../domain/errors.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planEtherstub, planVnics } from '../plan/links.ts';
import { carryOut, type Host, locked } from './host.ts';
import { observeHost } from './observe.ts';
import { readRecords } from './store.ts';

/** What was done, or is to be done, about links; and what no plan can mend. */
export interface LinkRepair {
  readonly plan: HostPlan;
  readonly faults: readonly OperatorError[];
}

/**
 * Plans the links that the records of made things want and the host lacks, or has with another MTU. Changes nothing.
 *
 * Two commands however many zones there are. Fault by fault: what is wrong with one link keeps no other zone down.
 */
export async function planLinkRepair({ system }: Pick<Host, 'system'>): Promise<LinkRepair> {
  const [{ networks, zones, damaged }, { links }] = await Promise.all([readRecords(system), observeHost(system)]);
  const faults = [...damaged];
  const plan: HostPlan[] = [];
  const attempt = (make: () => HostPlan) => {
    try {
      plan.push(make());
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      faults.push(error);
    }
  };
  for (const network of networks) if (network.state === 'ready') attempt(() => planEtherstub(network, links));
  for (const zone of zones) if (zone.state === 'ready') attempt(() => planVnics(zone, links));
  return { plan: plan.flat(), faults };
}

/** Mends the links of the host, as its boot needs before zones boot. A link that cannot be made keeps no other from it. */
export async function repairLinks(host: Host): Promise<LinkRepair> {
  return await locked(host, 'host', async () => {
    const { plan, faults } = await planLinkRepair(host);
    const failed: OperatorError[] = [];
    for (const step of plan) {
      try {
        await carryOut([step], host);
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        failed.push(error);
      }
    }
    return { plan, faults: [...faults, ...failed] };
  });
}
