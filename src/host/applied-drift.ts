import { OperatorError } from '../domain/errors.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import {
  FORWARDING_SERVICE,
  parseAllServiceStates,
  parseAppliedStatus,
  SETUP_SERVICE,
  showAllServiceStates,
  showAppliedStatus,
} from '../illumos/svc-host.ts';
import type { ZoneEntry } from '../illumos/zoneadm.ts';
import type { Drift } from '../plan/drift.ts';
import { refreshStep } from '../plan/publish.ts';
import type { System } from '../system/system.ts';
import { type Applied, howToGiveServices, howToGoOn, isApplied, observeApplied } from './applied.ts';
import type { ZonePublication } from './publications.ts';
import type { Seen } from './seen.ts';
import { formatApplied } from './show-zones.ts';

/**
 * The running zones that have not applied what is published for them.
 *
 * One command tells the states of the services of all zones. What was applied is asked of each zone once in each boot
 * and for each generation: only another run of its method could change it.
 */
export async function findAppliedDrift(
  publications: readonly ZonePublication[],
  zones: ReadonlyMap<string, ZoneEntry>,
  seen: Seen,
  system: System,
): Promise<Drift[]> {
  // What is not published yet cannot have been applied.
  const running = publications.filter(({ running: runs, isPublished }) => runs && isPublished);
  if (running.length === 0) return [];
  const answer = await system.run(showAllServiceStates([SETUP_SERVICE, FORWARDING_SERVICE]));
  const states = parseAllServiceStates(answer.stdout);
  const drifts = await Promise.all(
    running.map(async (publication) => {
      const { zone, generation, record } = publication;
      const of = states.get(zone);
      const [setup, forwarding] = [of?.get(SETUP_SERVICE), of?.get(FORWARDING_SERVICE)];
      const known = {
        ...(setup === undefined ? {} : { setup }),
        ...(forwarding === undefined ? {} : { forwarding }),
      };
      const asked = seen.applied(zone, zones.get(zone)?.id, generation);
      const inOrder: Applied = { ...known, status: { generation, verified: true } };
      if (asked.inOrder && isApplied(record, generation, inOrder)) return [];
      const first = setup === undefined ? await observeApplied(zone, system) : await withStatus(zone, known, system);
      // What the host lacks of our services is a drift of its own, and is mended.
      if (zone === GLOBAL && first.absent === true) return [];
      const settled = await settle(publication, first, system);
      if (!isApplied(record, generation, settled)) return [drift(publication, settled)];
      asked.note();
      return [];
    }),
  );
  return drifts.flat();
}

async function withStatus(zone: ZoneName, known: Applied, system: System): Promise<Applied> {
  const { status, stdout } = await system.run(showAppliedStatus(zone));
  return { ...known, ...(status === 0 ? { status: parseAppliedStatus(stdout) } : {}) };
}

/** Milliseconds: for a zone at work, for one that may just have been told, and between two looks. */
const [AT_WORK, JUST_TOLD, PAUSE] = [10_000, 500, 100];

/** Gives a zone that is at work on its metadata the time to end it: what is on its way is no drift. */
async function settle({ zone, generation }: ZonePublication, first: Applied, system: System): Promise<Applied> {
  const begin = system.monotonic();
  let applied = first;
  for (;;) {
    const { setup, forwarding } = applied;
    const moving = isMoving(setup) || isMoving(forwarding);
    const patience = moving ? AT_WORK : isLate(applied, generation) ? JUST_TOLD : 0;
    if (system.monotonic() - begin >= patience) return applied;
    await system.sleep(PAUSE);
    applied = await observeApplied(zone, system);
  }
}

/** On its way, or waiting for what it depends on. */
const isMoving = (state = '') => state.endsWith('*') || state === 'offline';

function isLate({ setup, status }: Applied, generation: number): boolean {
  return setup === 'online' && (status?.generation ?? 0) < generation;
}

function drift({ zone, generation, record }: ZonePublication, applied: Applied): Drift {
  const { setup, forwarding, status } = applied;
  const unasked = applied.absent === true ? `no ${SETUP_SERVICE}` : 'its services cannot be asked, it is booting';
  const state = setup === undefined ? unasked : formatApplied(record, generation, applied);
  const found = status?.message === undefined ? state : `${state}: ${status.message}`;
  const what = { of: `zone "${zone}"`, item: 'applied', expected: `ok (${generation})`, found };
  if (isLate(applied, generation)) return { ...what, plan: [refreshStep(zone, generation)] };
  // What went wrong may have passed; when it has not, who waits for the refresh is told.
  if (setup === 'online' && status?.verified === false) return { ...what, plan: [refreshStep(zone, generation)] };
  const setUp = setup === 'online' && status?.verified === true;
  const [service, its] = setUp && record.role === 'proxy' ? [FORWARDING_SERVICE, forwarding] : [SETUP_SERVICE, setup];
  const fault = new OperatorError('NOT_APPLIED', `Cannot vouch for the network of zone "${zone}": ${found}`, {
    hint: applied.absent === true ? howToGiveServices(record) : howToGoOn(zone, service, its),
  });
  return { ...what, plan: [], fault };
}
