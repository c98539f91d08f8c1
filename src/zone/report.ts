import type { Family } from '../domain/address.ts';
import type { OperatorError } from '../domain/errors.ts';
import type { RenderedFile } from '../domain/managed-file.ts';
import { formatInterfaceAddress, formatPrefix } from '../domain/prefix.ts';
import type { AddressObject } from '../illumos/ipadm.ts';
import type { TableRoute } from '../illumos/netstat.ts';
import { forwardingFamilies } from '../plan/forwarding.ts';
import { NAME_SERVICE_SWITCH } from '../plan/name-service.ts';
import type { Plan } from '../plan/step.ts';
import type { ObservedZone } from '../plan/zone.ts';

/** What a run changed, a line each thing, from what was there before and after. Empty when nothing was. */
export function describeChanges(
  files: readonly RenderedFile[],
  before: ObservedZone,
  after: ObservedZone,
  plan: Plan,
): string[] {
  return [
    ...addressLines(before.addresses, after.addresses),
    ...routeLines(before.routes, after.routes),
    ...fileLine(plan, files),
    ...nameServiceLine(plan),
    ...(before.routingDecided || !after.routingDecided ? [] : ['in.routed   off for good']),
    ...filterLines(before, after, plan),
  ];
}

function addressLines(before: readonly AddressObject[], after: readonly AddressObject[]): string[] {
  const line = (what: string) => (one: AddressObject) =>
    `${one.object.padEnd(11)} ${one.address === undefined ? '' : formatInterfaceAddress(one.address).padEnd(18)} ${what}`;
  const added = after.filter((one) => !before.some((other) => same(one, other)));
  const removed = before.filter((one) => !after.some((other) => same(one, other)));
  return [...removed.map(line('removed')), ...added.map((one) => line(`created, ${one.state}`)(one))];
}

function same(a: AddressObject, b: AddressObject): boolean {
  return (
    a.object === b.object &&
    a.address?.address === b.address?.address &&
    a.address?.prefixLength === b.address?.prefixLength
  );
}

function routeLines(before: readonly TableRoute[], after: readonly TableRoute[]): string[] {
  const name = ({ to, router }: TableRoute) =>
    to.length === 0 ? `default     ${router.padEnd(18)}` : `route       ${formatPrefix(to).padEnd(18)} by ${router}`;
  const [had, has] = [before.map(name), after.map(name)];
  return [
    ...had.filter((route) => !has.includes(route)).map((route) => `${route} removed`),
    ...has.filter((route) => !had.includes(route)).map((route) => `${route} added`),
  ];
}

function nameServiceLine(plan: Plan): string[] {
  const written = plan.some((step) => step.kind === 'write' && step.file.path === NAME_SERVICE_SWITCH);
  return written ? [`${NAME_SERVICE_SWITCH} names are looked up in dns`] : [];
}

function fileLine(plan: Plan, files: readonly RenderedFile[]): string[] {
  const written = new Set(plan.flatMap((step) => (step.kind === 'write' ? [step.file.path] : [])));
  if (!files.some(({ file }) => written.has(file.path))) return [];
  const paths = (which: (one: RenderedFile) => boolean) =>
    files
      .filter(which)
      .map(({ file }) => file.path)
      .join(', ');
  const isWritten = ({ file }: RenderedFile) => written.has(file.path);
  const isChecked = ({ file }: RenderedFile) => file.check.length > 0;
  const parts = [
    [paths((one) => !isWritten(one)), 'unchanged'],
    [paths((one) => isWritten(one) && !isChecked(one)), 'written'],
    [paths((one) => isWritten(one) && isChecked(one)), 'checked and written'],
  ];
  return [parts.flatMap(([names, what]) => (names === '' ? [] : [`${names} ${what}`])).join('; ')];
}

function filterLines(before: ObservedZone, after: ObservedZone, plan: Plan): string[] {
  const commands = plan.flatMap((step) => (step.kind === 'run' ? [step.command] : []));
  const ran = (program: string, option: string) =>
    commands.some((command) => command.program.endsWith(`/${program}`) && command.args.includes(option));
  const { rules } = after.proxy?.filter ?? after.own?.filter ?? {};
  const count = (rules?.have.inet.length ?? 0) + (rules?.have.inet6.length ?? 0);
  const services = commands.filter(({ program }) => program.endsWith('/svcadm')).map(({ args }) => args.join(' '));
  const forwarded = [before.proxy, after.proxy].map((one) =>
    one === undefined ? [] : forwardingFamilies(one.forwarding),
  );
  const words = (families: readonly Family[]) => (families.includes('inet6') ? 'on, IPv6 too' : 'on');
  const [was = [], is = []] = forwarded;
  return [
    ...(ran('ipf', '-s') ? [`filter      swapped (${count} rules)`] : []),
    ...(ran('ipnat', '-C') ? [`NAT         replaced (${rules?.have.nat.length ?? 0} rules), sessions kept`] : []),
    ...services.map((words) => `svcadm      ${words}`),
    ...(was.join() === is.join() ? [] : [`forwarding  ${is.length === 0 ? 'off' : words(is)}`]),
  ];
}

/** An error as the log has it: what, why, how to mend it, what happens now, and the command to go on with. */
export function describeError(error: OperatorError, now?: string): string[] {
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) causes.push(`because: ${cause.message}`);
  const lines = [
    error.message,
    ...causes,
    ...(error.hint === undefined ? [] : [error.hint]),
    ...(now === undefined ? [] : [now]),
  ];
  return lines.flatMap((text, index) => text.split('\n').map((line) => (index === 0 ? line : `  ${line}`)));
}
