import { OperatorError } from '../domain/errors.ts';
import type { NetworkName } from '../domain/names.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { linksOver, planEtherstubRemoval } from '../plan/links.ts';
import { forgetNetwork, recordNetwork } from '../plan/records.ts';
import { carryOut, type Host, locked } from './host.ts';
import { clearingEmptied } from './leftovers.ts';
import { observeHost } from './observe.ts';
import { findNetwork, readRecords, refuseDamaged } from './store.ts';

/**
 * Plans the removal of a network. Changes nothing. What is gone already is no fault.
 *
 * @throws {OperatorError} NOT_FOUND, IN_USE naming the zones or links on it, RECORD_INVALID
 */
export async function planDeleteNetwork(name: NetworkName, { system }: Host): Promise<HostPlan> {
  const [records, { links }] = await Promise.all([readRecords(system), observeHost(system)]);
  refuseDamaged(records, `delete network "${name}"`);
  const network = findNetwork(name, records);
  const users = records.zones.filter(({ nics }) => nics.some((nic) => nic.network === name)).map((zone) => zone.name);
  if (users.length > 0) {
    throw new OperatorError('IN_USE', `Cannot delete network "${name}": used by ${users.join(', ')}`, {
      hint: users.map((zone) => `to free it:   znetadm delete-zone ${zone}`).join('\n'),
    });
  }
  const others = linksOver(network.etherstub, links).map((link) => link.name);
  if (others.length > 0) {
    const what = `${others.join(', ')} over ${network.etherstub}, which znetadm did not make`;
    throw new OperatorError('IN_USE', `Cannot delete network "${name}": used by ${what}`, {
      hint: others.map((link) => `to free it:   /usr/sbin/dladm delete-vnic ${link}`).join('\n'),
    });
  }
  const going: HostPlan =
    network.state === 'deleting' ? [] : [recordNetwork({ ...network, state: 'deleting' }, '~', 'it goes')];
  return [...going, ...planEtherstubRemoval(network, links), forgetNetwork(name)];
}

/** Deletes a network, or finishes what an interrupted run began. */
export async function deleteNetwork(name: NetworkName, host: Host): Promise<void> {
  await clearingEmptied(host, () =>
    locked(host, 'host', async () => carryOut(await planDeleteNetwork(name, host), host)),
  );
}
