import { OperatorError } from '../domain/errors.ts';
import type { ZoneStatus } from '../domain/zone-status.ts';
import { exitStatusOf, SMF_EXIT, ZONENET, ZONENET_IPV6 } from '../illumos/smf.ts';
import { refuseUnwritable } from '../plan/files.ts';
import { FILTER_FILES } from '../plan/filter.ts';
import type { Trouble } from '../plan/trouble.ts';
import { hasIpv6Service, ipv6Trouble, isIpv6Pending, troublesOf } from '../plan/troubles.ts';
import type { ObservedZone } from '../plan/zone.ts';
import type { System } from '../system/system.ts';
import { apply, type Occasion, type Prepared, type Run } from './apply.ts';
import { askAhead } from './ask-ahead.ts';
import { planBootAhead } from './boot-ahead.ts';
import { checkCandidates } from './candidates.ts';
import { type Configuration, readConfiguration } from './configuration.ts';
import { readLastGood } from './last-good.ts';
import { ASKED_ALWAYS, ASKED_OF_PROXIES } from './observe.ts';
import { observeFiles } from './observe-files.ts';
import { describeError } from './report.ts';
import { oneLine, readStatus, writeStatus } from './status.ts';

const RETRY = `after mending: svcadm refresh ${ZONENET}`;
const RECOVER: Readonly<Record<Occasion, string>> = {
  start: `after mending: svcadm clear ${ZONENET}`,
  ipv6: `after mending: svcadm clear ${ZONENET_IPV6}`,
  refresh: RETRY,
};

/**
 * Makes the zone as its metadata says. Gives the exit status of the method.
 *
 * Input that is no good changes nothing. On refresh the running configuration stays, and the service stays online: exit
 * status 0. On start the last good configuration is used, and when there is none the method fails. Where a part of it
 * cannot be, the rest is made so all the same, and the service starts degraded.
 */
export async function setUp(context: Run): Promise<number> {
  const { zone, occasion, system } = context;
  const began = system.monotonic();
  const ahead = await askWhatIsSure(occasion, system);
  const previous = await readStatus(system);
  const record = (status: Omit<ZoneStatus, 'applied' | 'milliseconds'>) =>
    writeStatus(
      { ...status, applied: context.now, milliseconds: Math.round(system.monotonic() - began) },
      previous,
      system,
    );
  let complaint = '';
  let prepared: Prepared;
  try {
    const configuration = await readConfiguration(zone, system);
    await refuseOlder(configuration, previous, zone, system);
    prepared = await prepare(configuration, system);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    complaint = oneLine(error.message);
    if (occasion === 'refresh') {
      report(error, `The configuration in use (generation ${previous.generation}) stays.\n${RETRY}`, system);
      await record({ ...previous, message: complaint });
      return SMF_EXIT.ok;
    }
    const fallback = await readLastGood(zone, system);
    if (fallback === undefined) {
      report(error, `There is no earlier configuration to use.\n${RECOVER[occasion]}`, system);
      await record({ generation: 0, digest: '', verified: false, message: complaint });
      return exitStatusOf(error.code);
    }
    report(
      error,
      `The last good configuration (generation ${fallback.metadata.generation}) is used.\n${RETRY}`,
      system,
    );
    prepared = await prepare(fallback, system);
  }
  const { configuration } = prepared;
  const { generation } = configuration.metadata;
  const { digest } = configuration;
  let applied: ObservedZone;
  try {
    applied = await apply(prepared, context, { began, ahead });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    report(error, RECOVER[occasion], system);
    await record({ generation, digest, verified: false, message: oneLine(error.message) });
    return occasion === 'refresh' ? SMF_EXIT.ok : exitStatusOf(error.code);
  }
  await planBootAhead(configuration, system);
  const troubles = troublesNow(configuration, applied, occasion);
  for (const { message, hint } of troubles) for (const line of [message, `  ${hint}`]) system.log(line);
  const pending = isIpv6Pending(configuration.metadata, applied);
  const message = complaint === '' ? summary(troubles) : complaint;
  // With IPv6 to come zonenet-ipv6 has the last word; until then the status of before stands.
  if (!pending || message !== '') {
    await record({ generation, digest, verified: troubles.length === 0 && !pending, message });
  }
  return troubles.length > 0 && occasion !== 'refresh' ? SMF_EXIT.degraded : SMF_EXIT.ok;
}

/** Programs that will be asked run while the metadata are read. At boot a proxy's packet filter does not run yet. */
async function askWhatIsSure(occasion: Occasion, system: System): Promise<System> {
  const wasProxy = occasion === 'refresh' && (await system.kindOf(FILTER_FILES.nat)) !== undefined;
  return askAhead(wasProxy ? [...ASKED_ALWAYS, ...ASKED_OF_PROXIES] : ASKED_ALWAYS, system);
}

/** A restored host or a stale copy: what was applied is newer (docs/decisions/0010). */
async function refuseOlder(
  { metadata: { generation } }: Configuration,
  previous: ZoneStatus,
  zone: string,
  system: System,
): Promise<void> {
  if (generation >= previous.generation) return;
  const applied = (await readLastGood(zone, system))?.metadata.generation ?? 0;
  if (generation >= applied) return;
  throw new OperatorError(
    'METADATA_OLDER',
    `Cannot use metadata of generation ${generation}: generation ${applied} has been applied`,
    { hint: `On the host, publish them anew: znetadm sync ${zone}` },
  );
}

function troublesNow({ metadata, leftOut = [] }: Configuration, applied: ObservedZone, occasion: Occasion): Trouble[] {
  const ipv6 = occasion === 'start' && hasIpv6Service(applied) ? undefined : ipv6Trouble(metadata, applied);
  return [...leftOut, ...troublesOf(metadata, applied), ...(ipv6 === undefined ? [] : [ipv6])];
}

function summary([first, ...more]: readonly Trouble[]): string {
  if (first === undefined) return '';
  return oneLine(more.length === 0 ? first.message : `${first.message}, and ${more.length} more`);
}

async function prepare(configuration: Configuration, system: System): Promise<Prepared> {
  const { files } = configuration;
  const observed = await observeFiles(files, system);
  refuseUnwritable(files, observed);
  return { configuration, readable: await checkCandidates(files, observed, system) };
}

function report(error: OperatorError, now: string, system: System): void {
  for (const line of describeError(error, now)) system.log(line);
}
