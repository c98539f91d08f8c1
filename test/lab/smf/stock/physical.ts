// network/physical: recorded interfaces, /etc/hostname.IF and /etc/defaultrouter (§2.7).
import { isIPv4 } from 'node:net';
import { NotModelled } from '../../daemon/call.ts';
import type { BuiltinCall, BuiltinMethod } from '../builtin.ts';
import { entriesOf } from './lines.ts';

const IPADM = '/usr/sbin/ipadm';

/** Restores what ipadm has recorded; interfaces with an /etc/hostname file come from that instead. */
async function enableRecorded({ run }: BuiltinCall, configured: ReadonlySet<string>): Promise<void> {
  const { stdout } = await run(IPADM, 'show-if', '-p', '-o', 'ifname,state');
  const disabled = stdout
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name, state]) => name !== undefined && state === 'disabled' && !configured.has(name));
  for (const [name = ''] of disabled) await run(IPADM, 'enable-if', '-t', name);
}

/** One line of ifconfig's words in /etc/hostname.IF: "10.0.0.2/24 up", or nothing to plumb only. */
async function configure(call: BuiltinCall, name: string): Promise<boolean> {
  const [line, ...more] = entriesOf(call.files.read(`/etc/hostname.${name}`));
  const [address, prefixLength] = (line?.split(/\s+/)[0] ?? '').split('/');
  const isPlain =
    line === undefined || (/^\S+\s+up$/.test(line) && isIPv4(address ?? '') && /^\d+$/.test(prefixLength ?? ''));
  if (!isPlain || more.length > 0) throw new NotModelled(`/etc/hostname.${name}: ${line}`);
  const { status } = await call.run(IPADM, 'create-if', '-t', name);
  if (status !== 0) return false;
  if (line === undefined) return true;
  const link = call.lab.links.find(call.zone, name);
  if (link === undefined || call.zone.netns === undefined) return false;
  const device = await call.lab.links.device(link);
  await call.lab.kernel.ip(call.zone.netns, [`addr add ${address}/${prefixLength} dev ${device}`]);
  return true;
}

/** Only an empty /etc/hostname6.IF: the interface is plumbed for IPv6 as well, which ipadm does at once. */
function configure6({ files }: BuiltinCall, name: string): void {
  const [line] = entriesOf(files.read(`/etc/hostname6.${name}`));
  if (line !== undefined) throw new NotModelled(`/etc/hostname6.${name}: ${line}`);
}

/** Exits 96 when there are files and nothing of them comes up. */
export const startPhysical: BuiltinMethod = async (call) => {
  const { files, run } = call;
  const names = files.names('/etc');
  const of = (prefix: string) =>
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const [dhcp] = of('dhcp.');
  if (dhcp !== undefined) throw new NotModelled(`/etc/dhcp.${dhcp}`);
  const configured = new Set([...of('hostname.'), ...of('hostname6.')]);
  await enableRecorded(call, configured);
  let up = 0;
  for (const name of configured) {
    configure6(call, name);
    if (await configure(call, name)) up += 1;
    else call.log(`Failed to plumb IPv4 interface(s): ${name}`);
  }
  for (const router of entriesOf(files.read('/etc/defaultrouter')))
    await run('/usr/sbin/route', '-n', 'add', 'default', router);
  return configured.size > 0 && up === 0 ? 96 : 0;
};
