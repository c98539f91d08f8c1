import { OperatorError } from '../domain/errors.ts';
import type { ZoneStatus } from '../domain/zone-status.ts';
import { parseAddresses, showAddresses } from '../illumos/ipadm.ts';
import { exitStatusOf, SMF_EXIT, ZONENET } from '../illumos/smf.ts';
import { formatStep, type Plan } from '../plan/step.ts';
import { type ObservedZone, planZone } from '../plan/zone.ts';
import { execute } from '../system/execute.ts';
import type { System } from '../system/system.ts';
import { checkCandidates, type Readable, removeCandidates } from './candidates.ts';
import { type Configuration, readConfiguration } from './configuration.ts';
import { goBack } from './go-back.ts';
import { keepLastGood, readLastGood } from './last-good.ts';
import { observeFiles, observeZone } from './observe.ts';
import { describeChanges, describeError } from './report.ts';
import { oneLine, readStatus, writeStatus } from './status.ts';

/** Why the method runs. Both do the same; they differ in what a failure means (§6.4). */
export type Occasion = 'start' | 'refresh';

/** Seconds that services may take to show what they were told. */
const VERIFY_SECONDS = 5;
const VERIFY_PAUSE = 100;

const RETRY = `after mending: svcadm refresh ${ZONENET}`;
const RECOVER = `after mending: svcadm clear ${ZONENET}`;

interface Run {
  readonly zone: string;
  readonly occasion: Occasion;
  /** Seconds since 1970. */
  readonly now: number;
  readonly system: System;
}

/** A configuration that every program concerned accepts, and where its files can be read. */
interface Prepared {
  readonly configuration: Configuration;
  readonly readable: Readable;
}

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
  return { configuration, readable: await checkCandidates(files, await observeFiles(files, system), system) };
}

/**
 * Plans, executes, and sees that nothing is left to do.
 *
 * @throws {OperatorError} NOT_CONVERGED, ADDRESS_DUPLICATE, and what the steps throw
 */
async function apply({ configuration, readable }: Prepared, context: Run, began: number): Promise<void> {
  const { zone, occasion, system } = context;
  const { generation } = configuration.metadata;
  const before = await observeZone(configuration, readable, system);
  const plan = planZone(configuration, before);
  const which = `zone ${zone}, metadata generation ${generation} (sha256 ${configuration.digest.slice(0, 8)})`;
  if (plan.length === 0) {
    await keepLastGood(configuration, system);
    system.log(`${which}: nothing to change, verified in ${seconds(system.monotonic() - began)}`);
    return;
  }
  system.log(`${which}, ${occasion === 'start' ? 'booting' : 'refreshing'}`);
  let after: ObservedZone;
  try {
    await execute(plan, system);
    after = await verify(configuration, system);
  } catch (error) {
    if (configuration.metadata.role === 'proxy') await goBack(configuration, zone, system);
    throw await explain(error, configuration, system);
  }
  await removeCandidates(readable, system);
  await keepLastGood(configuration, system);
  for (const line of describeChanges(configuration.files, before, after, plan)) system.log(line);
  system.log(`verified in ${seconds(system.monotonic() - began)}`);
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

/** Looks until nothing is left to do: services take a moment to show what they were told. Executes nothing. */
async function verify(configuration: Configuration, system: System): Promise<ObservedZone> {
  const end = system.monotonic() + VERIFY_SECONDS * 1000;
  for (;;) {
    const observed = await observeZone(configuration, new Map(), system);
    const left = planZone(configuration, observed);
    if (left.length === 0) return observed;
    if (system.monotonic() >= end) throw notConverged(left);
    await system.sleep(VERIFY_PAUSE);
  }
}

function notConverged(left: Plan): OperatorError {
  const lines = left.map((step) => `${step.reason}: ${formatStep(step)}`);
  return new OperatorError(
    'NOT_CONVERGED',
    `Cannot make the zone so: after all steps this is left to do\n  ${lines.join('\n  ')}`,
    {
      hint: 'Something else in this zone configures the network too, or a program did not do what it said',
    },
  );
}

/** An address that somebody else has makes later steps fail in their own words; it is what has to be said. */
async function explain(error: unknown, { metadata }: Configuration, system: System): Promise<unknown> {
  if (!(error instanceof OperatorError)) return error;
  const addresses = parseAddresses((await system.run(showAddresses())).stdout);
  const duplicate = addresses.find(
    ({ state, link }) => state === 'duplicate' && metadata.nics.some((nic) => nic.link === link),
  );
  if (duplicate === undefined) return error;
  const { object, address } = duplicate;
  return new OperatorError(
    'ADDRESS_DUPLICATE',
    `Cannot use ${address?.address ?? 'an address'} on ${object}: another machine on that network has it`,
    { hint: 'Find it (arp, snoop), or give this zone another address on the host', cause: error },
  );
}

function report(error: OperatorError, now: string, system: System): void {
  for (const line of describeError(error, now)) system.log(line);
}
