// Methods of stock services that take a line or two (§2.7).
import { NotModelled } from '../../daemon/call.ts';
import type { BuiltinCall, BuiltinMethod } from '../builtin.ts';
import { entriesOf } from './lines.ts';

const IPADM = '/usr/sbin/ipadm';

/** In a zone a shell stub; in the global zone dlmgmtd is part of the lab. */
export const startLinkManagement: BuiltinMethod = () => 0;

/** Starts ipmgmtd; the switch "ipmgmtd-down" is one that does not come up. */
export const startInterfaceManagement: BuiltinMethod = ({ lab, log }) => {
  if (!lab.switches.has('ipmgmtd-down')) return 0;
  log('ipmgmtd: could not start');
  return 1;
};

/** Creates lo0/v4 and lo0/v6, unless they are there: the method also runs when the service is restarted. */
export const startLoopback: BuiltinMethod = async ({ run }) => {
  for (const [object, address] of [
    ['lo0/v4', '127.0.0.1/8'],
    ['lo0/v6', '::1/128'],
  ] as const) {
    const created = await run(IPADM, 'create-addr', '-t', '-T', 'static', '-a', address, object);
    if (created.status === 0) continue;
    const { status } = await run(IPADM, 'show-addr', '-p', '-o', 'addrobj', object);
    if (status !== 0) return 1;
  }
  return 0;
};

/** Host name from /etc/nodename; without one a zone keeps its own name (§9). */
export const startIdentityNode: BuiltinMethod = async ({ files, zone, instance }) => {
  const [name] = entriesOf(files.read('/etc/nodename'));
  if (name === undefined || zone.process === undefined) return 0;
  const contract = await zone.process.start({
    argv: ['/bin/hostname', name],
    env: {},
    cwd: '/',
    uid: 0,
    gid: 0,
    log: `/var/svc/log/${instance.fmri.slice('svc:/'.length).replaceAll('/', '-')}.log`,
  });
  const ended = await contract.ended;
  return 'status' in ended ? ended.status : 1;
};

/** Would rewrite the netmasks of interfaces that have an entry in /etc/netmasks (§9). */
export const startNetmask: BuiltinMethod = ({ files }) => {
  if (entriesOf(files.read('/etc/netmasks')).length > 0) throw new NotModelled('entries in /etc/netmasks');
  return 0;
};

export const startManifestImport: BuiltinMethod = async ({ importLate, log }) => {
  for (const fault of await importLate()) log(fault);
  return 0;
};

/** network/ipv4-forwarding and ipv6-forwarding: persistent, and off again when stopped (§3.2). */
export const switchForwarding: BuiltinMethod = async (call) => {
  const [protocol = '', value = ''] = call.args;
  if (protocol === 'ipv6' && value === 'on' && !(await hasIpv6(call))) {
    call.log('No IPv6 interface is up');
    return 96;
  }
  const { status } = await call.run(IPADM, 'set-prop', '-p', `forwarding=${value}`, protocol);
  return status;
};

async function hasIpv6({ run }: BuiltinCall): Promise<boolean> {
  const { stdout } = await run(IPADM, 'show-addr', '-p', '-o', 'addrobj,state,addr');
  return stdout
    .split('\n')
    .some((line) => !line.startsWith('lo0/') && line.includes(':ok:') && line.split(':ok:')[1]?.includes('\\:'));
}
