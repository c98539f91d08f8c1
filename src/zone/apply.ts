import { familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { ownNics } from '../domain/nic.ts';
import type { InterfaceAddress } from '../domain/prefix.ts';
import { type AddressObject, parseAddresses, showAddresses } from '../illumos/ipadm.ts';
import { planFiles } from '../plan/files.ts';
import { formatStep, type Plan } from '../plan/step.ts';
import { type ObservedZone, planZone } from '../plan/zone.ts';
import { execute } from '../system/execute.ts';
import type { System } from '../system/system.ts';
import { type Readable, removeCandidates } from './candidates.ts';
import type { Configuration } from './configuration.ts';
import { goBack } from './go-back.ts';
import { keepLastGood } from './last-good.ts';
import { observeFilesAgain, observeZone } from './observe.ts';
import { putBackRefused } from './put-back.ts';
import { describeChanges } from './report.ts';

/**
 * Why the method runs. All do the same; they differ in what a failure means (§6.4). "ipv6" is the second half of a boot,
 * when in.ndpd runs (docs/decisions/0008).
 */
export type Occasion = 'start' | 'ipv6' | 'refresh';

/** Seconds that services may take to show what they were told. */
const VERIFY_SECONDS = 5;
const VERIFY_PAUSE = 100;

export interface Run {
  readonly zone: string;
  readonly occasion: Occasion;
  /** Seconds since 1970. */
  readonly now: number;
  readonly system: System;
}

/** What has been begun before there is a configuration. */
export interface Begun {
  /** By the system's clock. */
  readonly began: number;
  /** The system, with answers that are on their way. */
  readonly ahead: System;
}

/** A configuration that every program concerned accepts, and where its files can be read. */
export interface Prepared {
  readonly configuration: Configuration;
  readonly readable: Readable;
}

/**
 * Plans, executes, and sees that nothing is left to do. Gives the zone as it is then.
 *
 * @throws {OperatorError} NOT_CONVERGED, ADDRESS_DUPLICATE, and what the steps throw
 */
export async function apply(
  { configuration, readable }: Prepared,
  { zone, occasion, system }: Run,
  { began, ahead }: Begun,
): Promise<ObservedZone> {
  const { generation } = configuration.metadata;
  const before = await observeZone(configuration, readable, ahead);
  const plan = planZone(configuration, before);
  const which = `zone ${zone}, metadata generation ${generation} (sha256 ${configuration.digest.slice(0, 8)})`;
  if (plan.length === 0) {
    await keepLastGood(configuration, system);
    system.log(`${which}: nothing to change, verified in ${seconds(system.monotonic() - began)}`);
    return before;
  }
  system.log(`${which}, ${DOING[occasion]}`);
  let after: ObservedZone;
  try {
    await execute(plan, system);
    const untouched = isOfFilesAlone(plan, configuration, before) ? before : undefined;
    if (untouched === undefined) await executeSecond(plan, configuration, system);
    after = await verify(configuration, system, untouched);
  } catch (error) {
    if (configuration.metadata.role === 'proxy') {
      await goBack(configuration, zone, system);
      await putBackRefused(zone, system);
    }
    throw await explain(error, configuration, system);
  }
  await removeCandidates(readable, system);
  await keepLastGood(configuration, system);
  for (const line of describeChanges(configuration.files, before, after, plan)) system.log(line);
  system.log(`verified in ${seconds(system.monotonic() - began)}`);
  return after;
}

const DOING: Readonly<Record<Occasion, string>> = {
  start: 'booting',
  ipv6: 'booting, IPv6',
  refresh: 'refreshing',
};

/**
 * What a lease or a router brings is known only when it is there: routes by it, and default routes too many. And an
 * address that goes may take a route along that is wanted.
 */
async function executeSecond(plan: Plan, configuration: Configuration, system: System): Promise<void> {
  const removes = plan.some((step) => step.kind === 'run' && step.command.args[0] === 'delete-addr');
  if (!removes && !configuration.metadata.nics.some(({ dhcp, addrconf }) => dhcp || addrconf)) return;
  await execute(planZone(configuration, await observeZone(configuration, new Map(), system)), system);
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

/** Whether a plan only writes files and tells those who read them. */
function isOfFilesAlone(plan: Plan, { files }: Configuration, before: ObservedZone): boolean {
  return plan.length === planFiles(files, before.files).length;
}

/**
 * Looks until nothing is left to do: services take a moment to show what they were told. Executes nothing. Of what the
 * plan did not touch, `untouched` tells how it was before.
 */
async function verify(configuration: Configuration, system: System, untouched?: ObservedZone): Promise<ObservedZone> {
  const end = system.monotonic() + VERIFY_SECONDS * 1000;
  for (;;) {
    const observed =
      untouched === undefined
        ? await observeZone(configuration, new Map(), system)
        : await observeFilesAgain(configuration, untouched, system);
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

/**
 * An address that ipadm says it made, and that is not there, makes later steps fail in their own words too. Where ipadm
 * itself has failed, its words say it.
 */
function withMissing(error: OperatorError, { nics }: ZoneMetadata, addresses: readonly AddressObject[]): OperatorError {
  if (/\bipadm\b/.test(error.message)) return error;
  const has = (address: string) => addresses.some((one) => one.address?.address === address);
  const isIpv4 = ({ address }: InterfaceAddress) => familyOf(address) === 'inet';
  const missing = ownNics({ nics })
    .flatMap(({ link, addresses: want }) => want.filter(isIpv4).map((one) => ({ link, address: one.address })))
    .find(({ address }) => !has(address));
  if (missing === undefined) return error;
  const { link, address } = missing;
  return new OperatorError(
    'NOT_CONVERGED',
    `Cannot use ${address} on ${link}: ipadm has said that it made it, and does not show it\n  so: ${error.message}`,
    { hint: `See: /usr/sbin/ipadm show-addr, and dladm show-link ${link}`, cause: error },
  );
}

/** An address that somebody else has makes later steps fail in their own words; it is what has to be said. */
async function explain(error: unknown, { metadata }: Configuration, system: System): Promise<unknown> {
  if (!(error instanceof OperatorError)) return error;
  const addresses = parseAddresses((await system.run(showAddresses())).stdout);
  const duplicate = addresses.find(
    ({ state, link }) => state === 'duplicate' && metadata.nics.some((nic) => nic.link === link),
  );
  if (duplicate === undefined) return withMissing(error, metadata, addresses);
  const { object, address } = duplicate;
  return new OperatorError(
    'ADDRESS_DUPLICATE',
    `Cannot use ${address?.address ?? 'an address'} on ${object}: another machine on that network has it`,
    { hint: 'Find it (arp, snoop), or give this zone another address on the host', cause: error },
  );
}
