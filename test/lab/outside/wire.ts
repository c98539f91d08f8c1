// The outside wire as labd makes it: the network "inet" with one host, plugged into the switch of e1000g0.
import type { Lab } from '../daemon/state.ts';

/** The outside host: default router of the uplink's network, in both families. */
export const INTERNET = {
  device: 'net0',
  link: 'e1000g0',
  address: '203.0.113.1',
  prefix: '203.0.113.0/24',
  address6: '2001:db8::1',
};

/** Plugs the outside host into the uplink's switch and gives it its addresses. */
export async function createOutside(lab: Lab): Promise<void> {
  await lab.links.attachOutside('inet', INTERNET.device, INTERNET.link);
  await lab.kernel.sysctl('inet', [
    [`ipv6/conf/${INTERNET.device}/accept_dad`, '0'],
    ['ipv4/icmp_ratelimit', '0'],
  ]);
  await lab.kernel.ip('inet', [
    'link set lo up',
    `addr add ${INTERNET.address}/24 dev ${INTERNET.device}`,
    `addr add ${INTERNET.address6}/64 dev ${INTERNET.device}`,
    `link set ${INTERNET.device} up`,
  ]);
}
