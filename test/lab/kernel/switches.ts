// The words of ip and bridge for what stands in namespace "sw": a bridge per switch, a port per plugged link (lab.md part 6).

/** The longest name of a Linux device. illumos links reach 31 characters. */
const LONGEST_DEVICE = 15;

/** A port of a bridge and the device at its far end. */
export interface Port {
  /** Device in "sw": "p12". */
  readonly port: string;
  readonly bridge: string;
  /** Namespace of the far end. */
  readonly netns: string;
  /** Name the far end is to go by; over 15 characters it becomes another name of a device called after the port. */
  readonly name: string;
  /** As Linux writes it. */
  readonly mac: string;
  /** Of the switch and of the far end. */
  readonly switchMtu: number;
  readonly mtu: number;
}

/** Frames for addresses the switch does not know reach nobody; broadcast and multicast reach all. */
export function bridgeLines(bridge: string, mtu: number): string[] {
  return [`link add ${bridge} mtu ${mtu} up type bridge mcast_snooping 0`];
}

export const deviceName = ({ name, port }: Pick<Port, 'name' | 'port'>) =>
  name.length > LONGEST_DEVICE ? port.replace(/^p/, 'l') : name;

export function portLines(port: Port, netnsPath: string): string[] {
  const far = `peer name ${deviceName(port)} mtu ${port.mtu} address ${port.mac} netns ${netnsPath}`;
  return [
    `link add ${port.port} mtu ${port.switchMtu} master ${port.bridge} up type veth ${far}`,
    `link set ${port.port} type bridge_slave learning off flood off`,
  ];
}

/** For the namespace of the far end. */
export function farEndLines(port: Port): string[] {
  const device = deviceName(port);
  return device === port.name ? [] : [`link property add dev ${device} altname ${port.name}`];
}

/** Arguments of bridge(8). */
export const fdbArguments = ({ mac, port }: Port) => ['bridge', 'fdb', 'replace', mac, 'dev', port, 'master', 'static'];

/** "2:8:20:a:b:c" as Linux writes it. */
export const linuxMac = (mac: string) =>
  mac
    .split(':')
    .map((byte) => byte.padStart(2, '0'))
    .join(':');
