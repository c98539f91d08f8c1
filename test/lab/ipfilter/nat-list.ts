// The kernel's list of NAT rules: what adding and removing answers (ipnat-grammar.json, engineErrno).
import { NotModelled } from '../daemon/call.ts';
import type { NatRule } from './nat-rule.ts';

/** illumos's numbers (§0.2). */
export const ENOENT = 2;
export const ESRCH = 3;
export const EEXIST = 17;
export const EINVAL = 22;

/** Proxies that illumos builds; which protocol each goes with is not checked here. */
const OTHER_PROXIES = ['irc', 'rcmd', 'raudio', 'ipsec', 'netbios', 'pptp', 'h323', 'h245', 'rpcbu', 'rpcbt', 'dns'];

/** Adds a rule at the end. Answers 0, or the error number: 17 when it is there already, 22 for a backward range, 2 without proxy. */
export function addNatRule(list: NatRule[], rule: NatRule): number {
  if (findRule(list, rule) >= 0) return EEXIST;
  if (rule.proxy !== '' && !(rule.proxy === 'ftp' && rule.protocol === 6)) {
    if (OTHER_PROXIES.includes(rule.proxy)) throw new NotModelled(`the proxy "${rule.proxy}"`);
    return ENOENT;
  }
  if (rule.age[0] === 0 && rule.age[1] !== 0) return EINVAL;
  const counts = rule.flags.has('tcp') || rule.flags.has('udp') || rule.flags.has('icmp-query');
  if (counts && rule.kind !== 'rdr' && rule.high < rule.low) return EINVAL;
  list.push(rule);
  return 0;
}

/** Removes a rule. Answers 0, or 3 when it is not there. */
export function removeNatRule(list: NatRule[], rule: NatRule): number {
  const at = findRule(list, rule);
  if (at < 0) return ESRCH;
  list.splice(at, 1);
  return 0;
}

function findRule(list: readonly NatRule[], rule: NatRule): number {
  const wanted = identity(rule);
  return list.findIndex((loaded) => identity(loaded) === wanted);
}

/** What makes two rules the same: all but the family, and the right-hand port unless it is a rdr. */
function identity(rule: NatRule): string {
  const { version, flags, target, ...rest } = rule;
  return JSON.stringify([rest, [...flags].sort(), rule.kind === 'rdr' ? target : 0]);
}
