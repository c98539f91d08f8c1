import type { Command } from './command.ts';

/**
 * Stops in.routed and settles for good that it stays off: it would listen to RIP from any neighbour, and routing-setup
 * starts it whenever it finds no default route (§2.7).
 */
export function disableRoutingDaemon(): Command {
  return { program: '/usr/sbin/routeadm', args: ['-d', 'ipv4-routing', '-u'] };
}

/** Where routeadm notes that somebody has decided about in.routed. Source: usr.sbin/routeadm/routeadm.c. */
export const ROUTING_SETUP = 'svc:/network/routing-setup:default';
export const ROUTING_DECIDED = 'routeadm/ipv4-routing-set';
