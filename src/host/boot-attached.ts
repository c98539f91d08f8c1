import { hasMethod } from '../domain/zone-record.ts';
import { SETUP_SERVICE } from '../illumos/svc-host.ts';
import { planBoot, planLiveImport } from '../plan/zone-life.ts';
import { observeApplied, waitApplied, waitForServices } from './applied.ts';
import { type Attachment, planLinkProtection } from './attach-zone.ts';
import { AGAIN, carryOut, type Host, locked, tellingHowToFinish } from './host.ts';
import { observeHost } from './observe.ts';

/**
 * Boots a zone that was attached, or boots it anew, so that it has its links and mounts; then gives it our services,
 * where it has none, and waits until its network is verified.
 *
 * They are imported through the zone's own svc.configd: what is below the root of a zone that has run is not ours to
 * touch (§8.5). From its next boot on the order of services is ours as well.
 *
 * @throws {OperatorError} COMMAND_FAILED, NOT_APPLIED
 */
export async function bootAttached(attachment: Attachment, host: Host): Promise<void> {
  const { record, publications, settings } = attachment;
  const { system } = host;
  const { name } = record;
  await locked(host, `zone.${name}`, async () => {
    const { zones } = await observeHost(system);
    const state = zones.get(name)?.state;
    await tellingHowToFinish(AGAIN, async () => {
      if (state !== 'running') await carryOut(await planLinkProtection(attachment, host), host);
      await carryOut(planBoot(name, state), host);
      // zoneadmd has wiped it on the way down (§8.2).
      if (state === 'running') await carryOut(await planLinkProtection(attachment, host), host);
    });
    const own = publications.find(({ zone }) => zone === name);
    if (own === undefined || !hasMethod(record)) return;
    await waitForServices(name, settings.bootSeconds, system);
    const { setup } = await observeApplied(name, system);
    if (setup === undefined)
      await tellingHowToFinish(AGAIN, () => carryOut(planLiveImport(record, SETUP_SERVICE), host));
    await waitApplied(record, own.generation, settings.bootSeconds, system);
  });
}
