// routeadm(8): routing daemons and forwarding, persistent choices and what SMF runs now (§3.2, §11.3).
import { type Call, NotModelled, type Program } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { recordingOf } from '../kernel/ip-stack.ts';

/** Options in the order they are printed, with the service behind each. */
const SERVICES: Readonly<Record<string, string>> = {
  'ipv4-routing': 'svc:/network/routing/route:default',
  'ipv6-routing': 'svc:/network/routing/ripng:default',
  'ipv4-forwarding': 'svc:/network/ipv4-forwarding:default',
  'ipv6-forwarding': 'svc:/network/ipv6-forwarding:default',
};

const VARIABLES: Readonly<Record<string, string>> = {
  'ipv4-routing-daemon': '',
  'ipv4-routing-daemon-args': '',
  'ipv4-routing-stop-cmd': '',
  'ipv6-routing-daemon': '',
  'ipv6-routing-daemon-args': '',
  'ipv6-routing-stop-cmd': '',
  'routing-svcs': 'route:default ripng:default',
};

/** Whether ipv4-routing was ever set by hand: then network/routing-setup leaves it alone (§2.7). */
export const routingChosen = (zone: Zone): boolean => recordingOf(zone).chosen.has('ipv4-routing');

/** Turns ipv4-routing on, as network/routing-setup does when no default route is known (§2.7). No choice by hand. */
export async function enableRouting(lab: Lab, zone: Zone): Promise<void> {
  await lab.call(zone, ['/usr/sbin/svcadm', 'enable', serviceOf('ipv4-routing')]);
}

const serviceOf = (option: string): string => {
  const service = Object.hasOwn(SERVICES, option) ? SERVICES[option] : undefined;
  if (service === undefined) throw new NotModelled(`routeadm ${option}`);
  return service;
};

interface Plan {
  readonly changes: { readonly option: string; readonly on: boolean }[];
  update: boolean;
  parsable: boolean;
  wanted?: string;
}

function readArguments(args: readonly string[]): Plan {
  const plan: Plan = { changes: [], update: false, parsable: false };
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '-e' || word === '-d') {
      const option = rest.shift() ?? '';
      serviceOf(option);
      plan.changes.push({ option, on: word === '-e' });
    } else if (word === '-u') plan.update = true;
    else if (word === '-p') {
      plan.parsable = true;
      const [wanted] = rest;
      if (wanted !== undefined && !wanted.startsWith('-')) {
        plan.wanted = wanted;
        rest.shift();
      }
    } else throw new NotModelled(`routeadm ${args.join(' ')}`);
  }
  return plan;
}

export const routeadm: Program = async (call, lab) => {
  const { changes, update, parsable, wanted } = readArguments(call.args);
  if (parsable) {
    if (changes.length > 0 || update) throw new NotModelled(`routeadm ${call.args.join(' ')}`);
    return show(call, lab, wanted);
  }
  if (changes.length === 0 && !update) throw new NotModelled('routeadm without arguments: its table for people');
  const recording = recordingOf(call.zone);
  for (const { option, on } of changes) {
    if (option.endsWith('-routing') && !recording.chosen.has(option)) await rememberChoice(call, lab, option);
    recording.chosen.add(option);
    if (on === (await isEnabled(call, lab, option))) recording.routing.delete(option);
    else recording.routing.set(option, on);
  }
  if (!update) return 0;
  for (const [option, on] of recording.routing) {
    recording.routing.delete(option);
    const change = await lab.call(call.zone, ['/usr/sbin/svcadm', on ? 'enable' : 'disable', serviceOf(option)]);
    if (change.status !== 0) throw new NotModelled(`routeadm -u: svcadm ${serviceOf(option)}: ${change.stderr}`);
  }
  return 0;
};

const SETUP = 'svc:/network/routing-setup:default';

/** Sets routeadm/ipv4-routing-set of network/routing-setup, which makes the choice stick (§2.7). */
async function rememberChoice(call: Call, lab: Lab, option: string): Promise<void> {
  const svccfg = (...words: string[]) => lab.call(call.zone, ['/usr/sbin/svccfg', '-s', SETUP, ...words]);
  // Fails when the group is there already (§6.6).
  await svccfg('addpg', 'routeadm', 'application');
  const set = await svccfg('setprop', `routeadm/${option}-set`, '=', 'boolean:', 'true');
  if (set.status !== 0) throw new NotModelled(`routeadm: svccfg setprop: ${set.stderr}`);
  await lab.call(call.zone, ['/usr/sbin/svcadm', 'refresh', SETUP]);
}

/** A service that SMF does not know does not run. */
async function isEnabled(call: Call, lab: Lab, option: string): Promise<boolean> {
  const { status, stdout } = await lab.call(call.zone, ['/usr/bin/svcs', '-H', '-o', 'state', serviceOf(option)]);
  return status === 0 && !['disabled', ''].includes(stdout.trim());
}

async function show(call: Call, lab: Lab, wanted: string | undefined): Promise<number> {
  const optionText = async (option: string) => {
    const current = await isEnabled(call, lab, option);
    const persistent = recordingOf(call.zone).routing.get(option) ?? current;
    return `persistent=${word(persistent)} default=disabled current=${word(current)}`;
  };
  const variableText = (value: string) => `persistent="${value}" default="${value}" `;
  if (wanted !== undefined) {
    const value = Object.hasOwn(VARIABLES, wanted) ? VARIABLES[wanted] : undefined;
    call.out(`${value === undefined ? await optionText(known(wanted)) : variableText(value)}\n`);
    return 0;
  }
  for (const option of Object.keys(SERVICES)) call.out(`${option} ${await optionText(option)}\n`);
  for (const [name, value] of Object.entries(VARIABLES)) call.out(`${name} ${variableText(value)}\n`);
  return 0;
}

const word = (on: boolean) => (on ? 'enabled' : 'disabled');

function known(option: string): string {
  serviceOf(option);
  return option;
}
