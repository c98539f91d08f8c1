import type { ZoneMetadata } from '../domain/metadata.ts';
import { servesNames, servesSites } from '../domain/served.ts';
import { BACKENDS } from '../domain/site.ts';
import type { Command } from '../illumos/command.ts';
import { IPFILTER, ZONENET_NAMES, ZONENET_WEB } from '../illumos/smf.ts';
import { disableService, enableService } from '../illumos/svcadm.ts';
import { isRunning, type ServiceState, showServices } from '../illumos/svcs.ts';
import { run, type Step } from './step.ts';
import type { Trouble } from './trouble.ts';

/** A service of ours that a proxy runs for as long as its facts ask for it. */
interface OwnService {
  readonly fmri: string;
  isWanted(metadata: ZoneMetadata): boolean;
  /** What is missing while it does not run. */
  readonly lack: string;
  /** The program it runs, which the zone may not have. */
  readonly program: string;
}

const OWN: readonly OwnService[] = [
  { fmri: ZONENET_NAMES, isWanted: servesNames, lack: 'names and leases are not served', program: 'dnsmasq' },
  ...BACKENDS.map((backend) => ({
    fmri: ZONENET_WEB[backend],
    isWanted: (metadata: ZoneMetadata) => servesSites(metadata, backend),
    lack: 'its sites are not served',
    program: backend,
  })),
];

/** Whether a service of ours is to run. */
export function isWanted(fmri: string, metadata: ZoneMetadata): boolean {
  return OWN.some((service) => service.fmri === fmri && service.isWanted(metadata));
}

/** The services of ours that are to run, and what is missing while one does not. */
export function wantedServices(metadata: ZoneMetadata): Pick<OwnService, 'fmri' | 'lack'>[] {
  return OWN.filter((service) => service.isWanted(metadata));
}

/**
 * Steps that enable our services where the facts ask for them, and disable them where not. For good, so that they come
 * back at boot by themselves, behind zonenet. One in maintenance is left to `ownTroubles`: why it is there is in its log.
 */
export function planOwnServices(metadata: ZoneMetadata, services: ReadonlyMap<string, ServiceState>): Step[] {
  return OWN.flatMap(({ fmri, isWanted: wants }) => {
    const have = services.get(fmri);
    if (have === undefined) return [];
    const isOff = have.state === 'disabled';
    if (wants(metadata)) return isOff ? starting(fmri, isRunning(services.get(IPFILTER))) : [];
    return isOff ? [] : [run('the facts no longer ask for it', disableService(fmri))];
  });
}

/**
 * Enables a service. `settled`: the zone has booted, so that it comes up at once, or fails, which `ownTroubles` then tells. At
 * boot it waits for set-up itself.
 */
function starting(fmri: string, settled: boolean): Step[] {
  const enabling = run('the facts ask for it', enableService(fmri, 'persistent'));
  if (!settled) return [enabling];
  const whileSeen = ['offline', 'disabled', 'uninitialized', '*'];
  const reason = 'it comes up, or says that it cannot';
  return [enabling, { kind: 'wait', reason, command: showServices([fmri]), whileSeen, seconds: STARTING_SECONDS }];
}

/** SMF tries three times. */
const STARTING_SECONDS = 30;

/** Asks whether a web server has taken its file: "waiting" while that is not known, status 1 with why it has not. */
export function askWhetherTaken(fmri: string): Command {
  return { program: '/opt/zonenet/method/zonenet-web', args: ['took', instanceOf(fmri)] };
}

/**
 * The steps that tell a service of its file. A web server is waited for until it has taken it, or says that it has not; what it
 * said of the file of before goes first.
 */
export function telling(fmri: string, step: Step): Step[] {
  const fmris: readonly string[] = Object.values(ZONENET_WEB);
  if (!fmris.includes(fmri)) return [step];
  const reason = 'a file that its program does not take is put back';
  return [
    { kind: 'remove', reason, path: `/var/run/zonenet-${instanceOf(fmri)}.taken` },
    step,
    { kind: 'wait', reason, command: askWhetherTaken(fmri), whileSeen: ['waiting'], seconds: TAKING_SECONDS },
  ];
}

const instanceOf = (fmri: string) => fmri.slice(fmri.lastIndexOf(':') + 1);

/** Longer than the refresh method itself waits. */
const TAKING_SECONDS = 60;

/** What does not work since one of our services cannot run. */
export function ownTroubles(metadata: ZoneMetadata, services: ReadonlyMap<string, ServiceState>): Trouble[] {
  return OWN.filter((service) => service.isWanted(metadata)).flatMap(({ fmri, lack, program }) => {
    const have = services.get(fmri);
    if (have === undefined) {
      const hint = `This zone was made by an older zonenet. On the host: znetadm check -f tells how it gets the service`;
      return [{ message: `${lack}: this zone has no ${fmri}`, hint }];
    }
    if (have.state !== 'maintenance') return [];
    const hint = `See why: svcs -xv ${fmri}; where ${program} is missing, install it; then: svcadm clear ${fmri}`;
    return [{ message: `${lack}: ${fmri} is in maintenance`, hint }];
  });
}
