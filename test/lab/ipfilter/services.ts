// Names of ports and protocols as illumos's /etc/inet/services and /etc/inet/protocols have them. Never the machine's own.

/** Name, port, protocols it is listed for, further names. 80 prints as "www" (conformance/README.md). */
const SERVICES: readonly (readonly [name: string, port: number, protocols: string, aliases?: string])[] = [
  ['tcpmux', 1, 'tcp'],
  ['echo', 7, 'tcp udp'],
  ['discard', 9, 'tcp udp', 'sink null'],
  ['systat', 11, 'tcp', 'users'],
  ['daytime', 13, 'tcp udp'],
  ['netstat', 15, 'tcp'],
  ['qotd', 17, 'tcp'],
  ['chargen', 19, 'tcp udp', 'ttytst source'],
  ['ftp-data', 20, 'tcp'],
  ['ftp', 21, 'tcp sctp'],
  ['ssh', 22, 'tcp sctp'],
  ['telnet', 23, 'tcp'],
  ['smtp', 25, 'tcp', 'mail'],
  ['time', 37, 'tcp udp', 'timserver'],
  ['rlp', 39, 'tcp udp'],
  ['name', 42, 'udp', 'nameserver'],
  ['whois', 43, 'tcp', 'nicname'],
  ['tacacs', 49, 'tcp udp'],
  ['domain', 53, 'tcp udp'],
  ['tacacs-ds', 65, 'tcp udp'],
  ['bootps', 67, 'udp'],
  ['bootpc', 68, 'udp'],
  ['tftp', 69, 'udp'],
  ['finger', 79, 'tcp'],
  ['www', 80, 'tcp udp sctp', 'http www-http'],
  ['kerberos', 88, 'tcp udp', 'kdc'],
  ['pop3', 110, 'tcp'],
  ['sunrpc', 111, 'tcp udp', 'rpcbind'],
  ['sftp', 115, 'tcp'],
  ['nntp', 119, 'tcp', 'usenet'],
  ['ntp', 123, 'tcp udp'],
  ['netbios-ns', 137, 'tcp udp'],
  ['netbios-dgm', 138, 'tcp udp'],
  ['netbios-ssn', 139, 'tcp udp'],
  ['imap', 143, 'tcp', 'imap2'],
  ['snmpd', 161, 'udp', 'snmp'],
  ['bgp', 179, 'tcp udp sctp'],
  ['irc', 194, 'tcp udp'],
  ['ldap', 389, 'tcp udp'],
  ['slp', 427, 'tcp udp'],
  ['https', 443, 'tcp udp sctp'],
  ['microsoft-ds', 445, 'tcp udp'],
  ['kpasswd', 464, 'tcp udp'],
  ['ike', 500, 'udp'],
  ['exec', 512, 'tcp'],
  ['biff', 512, 'udp', 'comsat'],
  ['login', 513, 'tcp'],
  ['who', 513, 'udp', 'whod'],
  ['shell', 514, 'tcp', 'cmd'],
  ['syslog', 514, 'udp'],
  ['printer', 515, 'tcp', 'spooler'],
  ['route', 520, 'udp', 'router routed'],
  ['ripng', 521, 'udp'],
  ['dhcpv6-client', 546, 'tcp udp', 'dhcpv6c'],
  ['dhcpv6-server', 547, 'tcp udp', 'dhcpv6s'],
  ['rtsp', 554, 'tcp udp'],
  ['nntps', 563, 'tcp udp', 'snntp'],
  ['submission', 587, 'tcp udp'],
  ['ipp', 631, 'tcp udp'],
  ['ldaps', 636, 'tcp udp'],
  ['rsync', 873, 'tcp udp'],
  ['ftps', 990, 'tcp udp'],
  ['imaps', 993, 'tcp udp'],
  ['pop3s', 995, 'tcp udp'],
  ['socks', 1080, 'tcp udp'],
  ['openvpn', 1194, 'tcp udp'],
  ['radius', 1812, 'tcp udp'],
  ['radius-acct', 1813, 'tcp udp'],
  ['nfsd', 2049, 'tcp udp sctp', 'nfs'],
  ['iscsi-target', 3260, 'tcp udp'],
  ['mysql', 3306, 'tcp udp'],
  ['svn', 3690, 'tcp udp'],
  ['lockd', 4045, 'tcp udp'],
  ['ipsec-nat-t', 4500, 'udp'],
  ['sip', 5060, 'tcp udp'],
  ['xmpp-client', 5222, 'tcp'],
  ['xmpp-server', 5269, 'tcp'],
  ['mdns', 5353, 'tcp udp'],
  ['postgresql', 5432, 'tcp udp', 'postgres'],
  ['vnc-server', 5900, 'tcp'],
  ['http-alt', 8080, 'tcp udp', 'webcache'],
  ['memcache', 11211, 'tcp udp'],
];

/** Name, number, second name where that is not the first in capitals. */
const PROTOCOLS: readonly (readonly [name: string, number: number, alias?: string])[] = [
  ['ip', 0],
  ['icmp', 1],
  ['igmp', 2],
  ['ggp', 3],
  ['ipip', 4, 'IP-IP'],
  ['tcp', 6],
  ['cbt', 7],
  ['egp', 8],
  ['igp', 9],
  ['pup', 12],
  ['udp', 17],
  ['mux', 18],
  ['hmp', 20],
  ['xns-idp', 22],
  ['rdp', 27],
  ['idpr', 35],
  ['idpr-cmtp', 38],
  ['ipv6', 41, 'IPv6'],
  ['sdrp', 42],
  ['ipv6-route', 43, 'IPv6-Route'],
  ['ipv6-frag', 44, 'IPv6-Frag'],
  ['idrp', 45],
  ['rsvp', 46],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['mobile', 55],
  ['ipv6-icmp', 58, 'IPv6-ICMP'],
  ['ipv6-nonxt', 59, 'IPv6-NoNxt'],
  ['ipv6-opts', 60, 'IPv6-Opts'],
  ['ospf', 89, 'OSPFIGP'],
  ['pim', 103],
  ['ipcomp', 108, 'IPComp'],
  ['vrrp', 112],
  ['sctp', 132],
  ['hopopt', 0],
];

/** Port of a service, of any protocol when none is named; undefined when the table has no such name. */
export function servicePort(name: string, protocol?: string): number | undefined {
  return SERVICES.find(
    ([first, , protocols, aliases = '']) =>
      [first, ...aliases.split(' ')].includes(name) &&
      (protocol === undefined || protocols.split(' ').includes(protocol)),
  )?.[1];
}

/** First name of a port for a protocol by name ("tcp"); undefined when the table has none. */
export function serviceName(port: number, protocol: string): string | undefined {
  return SERVICES.find(([, number, protocols]) => number === port && protocols.split(' ').includes(protocol))?.[0];
}

/** Number of a protocol by either of its names, as written; undefined when the table has no such name. */
export function protocolNumber(name: string): number | undefined {
  return PROTOCOLS.find(([first, , alias = first.toUpperCase()]) => first === name || alias === name)?.[1];
}

/** Name of a protocol by its number, "ip" for 0; undefined when the table has none. */
export function protocolName(number: number): string | undefined {
  return PROTOCOLS.find(([, known]) => known === number)?.[0];
}
