import { OperatorError } from '../domain/errors.ts';
import type { ZoneStatus } from '../domain/zone-status.ts';
import { exitStatusOf, SMF_EXIT, ZONENET } from '../illumos/smf.ts';
import { refuseUnwritable } from '../plan/files.ts';
import type { System } from '../system/system.ts';
import { apply, type Prepared, type Run } from './apply.ts';
import { checkCandidates } from './candidates.ts';
import { type Configuration, readConfiguration } from './configuration.ts';
import { readLastGood } from './last-good.ts';
import { observeFiles } from './observe-files.ts';
import { describeError } from './report.ts';
import { oneLine, readStatus, writeStatus } from './status.ts';

const RETRY = `after mending: svcadm refresh ${ZONENET}`;
const RECOVER = `after mending: svcadm clear ${ZONENET}`;

/**
 * Makes the zone as its metadata says. Gives the exit status of the method.
 *
 * Input that is no good changes nothing. On refresh the running configuration stays, and the service stays online: exit
 * status 0. On start the last good configuration is used, and when there is none the method fails.
 */
export async function setUp(context: Run): Promise<number> {
  const { zone, occasion, system } = context;
  const began = system.monotonic();
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
    prepared = await prepare(await readConfiguration(zone, system), system);
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
      report(error, `There is no earlier configuration to use.\n${RECOVER}`, system);
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
  try {
    await apply(prepared, context, began);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    report(error, occasion === 'refresh' ? RETRY : RECOVER, system);
    await record({ generation, digest, verified: false, message: oneLine(error.message) });
    return occasion === 'refresh' ? SMF_EXIT.ok : exitStatusOf(error.code);
  }
  await record({ generation, digest, verified: true, message: complaint });
  return SMF_EXIT.ok;
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
