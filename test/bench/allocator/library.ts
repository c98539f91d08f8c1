// Allocations of addresses by calls of the library: no process, no lock, nothing on disk.
import { type Address, addressFromValue } from '../../../src/domain/address.ts';
import { type AddressGiver, createAddressGiver } from '../../../src/domain/allocation.ts';
import { parseLinkName, parseNetworkName, parseZoneName } from '../../../src/domain/names.ts';
import { bottomAddress, type Network, usableRange } from '../../../src/domain/network.ts';
import { parsePrefix } from '../../../src/domain/prefix.ts';
import { median } from '../measure.ts';

const prefix = parsePrefix('10.0.0.0/16');
const zone = parseZoneName('new');
const network: Network = {
  name: parseNetworkName('net0'),
  state: 'ready',
  prefixes: [prefix],
  routers: [bottomAddress(prefix)],
  etherstub: parseLinkName('zstub0'),
  mtu: 1500,
  reservations: [],
  vars: {},
};

/** Microseconds of the median of some calls. */
function microseconds(call: () => void): number {
  const times = Array.from({ length: 51 }, () => {
    const began = process.hrtime.bigint();
    call();
    return Number(process.hrtime.bigint() - began) / 1000;
  });
  return median(times);
}

function take(giver: AddressGiver, count: number): void {
  for (let number = 0; number < count; number++) giver.next(prefix, zone);
}

/** What one address costs where so many are given, and a hundred by one giver. */
export function reportLibrary(leases: readonly number[], print: (text: string) => void): void {
  const { first } = usableRange(prefix);
  for (const count of leases) {
    const owners = new Map<Address, string>();
    for (let number = 0; number < count; number++) {
      owners.set(addressFromValue(first + BigInt(number), 'inet'), `zone "z${number}"`);
    }
    const [one, hundred] = [1, 100].map((addresses) =>
      microseconds(() => take(createAddressGiver(network, owners), addresses)),
    );
    print(
      `${`an address by library call beside ${count}`.padEnd(44)}${((one ?? 0) / 1000).toFixed(3).padStart(8)} ms   100 in one go ${((hundred ?? 0) / 1000).toFixed(3).padStart(6)} ms\n`,
    );
  }
}
