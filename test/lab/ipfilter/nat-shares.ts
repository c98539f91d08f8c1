// How auto and map-block share out ports among the hosts of a network (ipfilter.md 3).
import { NotModelled } from '../daemon/call.ts';
import { type NatRule, SHARED_PORTS } from './nat-rule.ts';

/**
 * The rule with ports per host and hosts per address worked out from its masks.
 *
 * Both are kept in 16 bits, so a network of 65536 hosts or more counts as one host. Masks as long as each other (the first 32 bits
 * of them, for IPv6) get no share at all, and auto then changes no port.
 */
export function shareOut(rule: NatRule): NatRule {
  if (rule.kind !== 'map-block' && !rule.flags.has('auto')) return rule;
  const inner = rule.inner.mask[0];
  const outer = rule.outer.mask[0];
  if (inner === outer) return { ...rule, hostsPerAddress: 1 };
  if (rule.flags.has('auto')) {
    if (outer === 0) throw new NotModelled('auto with a mask of 0 on the right: illumos divides by zero');
    let hosts = ~inner & 0xffff;
    if (outer !== 0xffffffff) hosts = Math.floor(hosts / ((~outer >>> 0) + 1));
    hosts = (hosts + 1) & 0xffff || 1;
    return { ...rule, hostsPerAddress: hosts, portsPerHost: Math.floor(SHARED_PORTS / hosts) & 0xffff };
  }
  const ports = rule.low || 1;
  return { ...rule, portsPerHost: ports, hostsPerAddress: Math.floor(SHARED_PORTS / ports) };
}
