/** Where a zone's names service finds it. */
export const DNSMASQ = '/opt/local/sbin/dnsmasq';

/** In a lab of an ordinary user there is one id, so that dnsmasq cannot become another user, which only -d leaves out (lab.md part 8). */
export const ROOTLESS_DNSMASQ =
  '#!/bin/sh\n[ "$1" = --test ] && exec /usr/sbin/dnsmasq "$@"\n/usr/sbin/dnsmasq -d "$@" &\n';
