import type { ZoneRecord } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { carryOut, type Host } from './host.ts';
import { type Publisher, planLate, type ZonePublication } from './publications.ts';

/** The publications of zones that are made, and of those who are told of them, in the order in which they are published. */
export interface Publishing {
  /** All of them, planned now. */
  all(): Promise<readonly ZonePublication[]>;
  plan(): Promise<HostPlan>;
  /** Begins to plan the first of them, while something else is waited for. */
  prepare(): void;
  /** Carries them out, each planned shortly before, so that of many zones never all plans are held. */
  carryOut(): Promise<Published[]>;
}

export type Published = Pick<ZonePublication, 'record' | 'zone' | 'generation' | 'running'>;

/** Publications that are planned before it is their turn. */
const AHEAD = 4;

/** `late` are those zones that are refreshed where they have not applied what is published already. */
export function createPublishing(
  zones: readonly ZoneRecord[],
  late: readonly ZoneRecord[],
  publisher: Publisher,
  host: Host,
): Publishing {
  const planned: Promise<ZonePublication>[] = [];

  function planTo(count: number): void {
    for (const record of zones.slice(planned.length, count)) {
      const publication = publisher.plan(record);
      // A failure is told to whoever comes to it; nobody does where something has failed before.
      publication.catch(() => undefined);
      planned.push(publication);
    }
  }

  async function all(): Promise<readonly ZonePublication[]> {
    planTo(zones.length);
    return await Promise.all(planned);
  }

  async function planOf(publication: ZonePublication): Promise<HostPlan> {
    if (publication.contradiction !== undefined) throw publication.contradiction;
    const isLate = late.includes(publication.record);
    return [...publication.plan, ...(isLate ? await planLate([publication], host.system) : [])];
  }

  return {
    all,
    plan: async () => (await Promise.all((await all()).map(planOf))).flat(),
    prepare: () => {
      // One at a time: a program that has ended meanwhile is followed by the next one first.
      const planNext = () => {
        planTo(planned.length + 1);
        if (planned.length < Math.min(AHEAD, zones.length)) setImmediate(planNext);
      };
      setImmediate(planNext);
    },
    async carryOut() {
      const published: Published[] = [];
      for (const [at, record] of zones.entries()) {
        planTo(at + AHEAD);
        const publication = await planned[at];
        if (publication === undefined) continue;
        delete planned[at];
        await carryOut(await planOf(publication), host);
        const { zone, generation, running } = publication;
        published.push({ record, zone, generation, running });
      }
      return published;
    },
  };
}
