// illumos's /etc/protocols and /etc/services, as far as rules are read and printed with them (README of the conformance data:
// 80 prints as "www"). The first entry that fits a number is the one that is printed.

/** number, name; the alias is the name in capitals unless given. */
const PROTOCOLS =
  '0 ip|1 icmp|2 igmp|3 ggp|4 ipip IP-IP|6 tcp|7 cbt|8 egp|9 igp|12 pup|17 udp|18 mux|20 hmp|22 xns-idp|27 rdp|35 idpr|38 idpr-cmtp|' +
  '42 sdrp|45 idrp|46 rsvp|47 gre|50 esp|51 ah|55 mobile|89 ospf OSPFIGP|103 pim|108 ipcomp IPComp|112 vrrp|132 sctp|0 hopopt|' +
  '41 ipv6 IPv6|43 ipv6-route IPv6-Route|44 ipv6-frag IPv6-Frag|58 ipv6-icmp IPv6-ICMP|59 ipv6-nonxt IPv6-NoNxt|60 ipv6-opts IPv6-Opts';

/** port, transports (t tcp, u udp, s sctp), name, aliases. */
const SERVICES =
  '1 t tcpmux|7 tu echo|9 tu discard sink null|11 t systat users|13 tu daytime|15 t netstat|17 t qotd quote|18 tu msp|' +
  '19 tu chargen ttytst source|20 t ftp-data|21 ts ftp|21 u fsp fspd|22 tsu ssh|23 t telnet|25 t smtp mail|37 tu time timserver|' +
  '39 t rlp|39 u rlp resource|42 tu nameserver name|43 t whois nicname|49 tu tacacs|50 tu re-mail-ck|53 tu domain|57 t mtp|' +
  '65 tu tacacs-ds|67 tu bootps|68 tu bootpc|69 u tftp|70 tu gopher|77 t rje netrjs|79 t finger|80 ts www http|80 u www|' +
  '87 t link ttylink|88 tu kerberos kerberos5 krb5 kerberos-sec|95 t supdup|101 t hostnames hostname|102 t iso-tsap tsap|103 t x400|' +
  '104 tu acr-nema dicom|105 tu csnet-ns cso-ns|107 tu rtelnet|109 t pop2 postoffice pop-2|109 u pop2 pop-2|110 tu pop3 pop-3|' +
  '111 tu sunrpc portmapper|113 t auth authentication tap ident|115 t sftp|117 t uucp-path|119 t nntp readnews untp|123 tu ntp|' +
  '129 tu pwdgen|135 tu loc-srv epmap|137 tu netbios-ns|138 tu netbios-dgm|139 tu netbios-ssn|143 tu imap2 imap|161 tu snmp|' +
  '162 tu snmp-trap snmptrap|163 tu cmip-man|164 tu cmip-agent|174 tu mailq|177 tu xdmcp|178 tu nextstep NeXTStep NextStep|179 tsu bgp|' +
  '191 tu prospero|194 tu irc|199 tu smux|201 tu at-rtmp|202 tu at-nbp|204 tu at-echo|206 tu at-zis|209 tu qmtp|210 tu z3950 wais|' +
  '213 tu ipx|220 tu imap3|345 tu pawserv|346 tu zserv|347 tu fatserv|369 tu rpc2portmap|370 tu codaauth2|371 tu clearcase Clearcase|' +
  '372 tu ulistserv|389 tu ldap|406 tu imsp|427 tu slp|434 u mobile-ip|442 t cvc_hostd|443 tus https|444 tu snpp|445 tu microsoft-ds|' +
  '464 tu kpasswd|487 tu saft|500 tu isakmp|546 u dhcpv6-client dhcpv6c|546 t dhcpv6-client|547 u dhcpv6-server dhcpv6s|' +
  '547 t dhcpv6-server|554 tu rtsp|607 tu nqs|610 tu npmp-local dqs313_qmaster|611 tu npmp-gui dqs313_execd|' +
  '612 tu hmmp-ind dqs313_intercell|628 tu qmqp|631 tu ipp|697 tu uuidgen|121 t rdc|512 t exec|512 u biff comsat|513 t login|' +
  '513 u who whod|514 t shell cmd|514 u syslog|515 t printer spooler|517 u talk|518 u ntalk|520 u route router routed|521 u ripng|' +
  '525 u timed timeserver|526 t tempo newdate|530 t courier rpc|531 t conference chat|532 t netnews readnews|533 u netwall|' +
  '538 tu gdomap|540 t uucp uucpd|543 t klogin|544 t kshell krcmd|548 tu afpovertcp|550 u new-rwho new-who|556 t remotefs rfs_server rfs|' +
  '560 u rmonitor rmonitord|561 u monitor|563 tu nntps snntp|587 tu submission|600 t pcserver|636 tu ldaps|655 tu tinc|665 t sun-dr|' +
  '706 tu silc|749 tu kerberos-adm|750 u kerberos-iv|754 t krb5_prop|765 tu webster|860 tu iscsi|873 tu rsync|989 t ftps-data|990 t ftps|' +
  '992 tu telnets|993 tu imaps|994 tu ircs|995 tu pop3s|1008 tu ufsd|1296 t portolan|1339 t svp-underlay|1495 t cvc|1080 tu socks|' +
  '1093 tu proofd|1094 tu rootd|1194 tu openvpn|1099 tu rmiregistry|1214 tu kazaa|1241 tu nessus|1344 t icap|1352 tu lotusnote lotusnotes|' +
  '1433 tu ms-sql-s|1434 tu ms-sql-m|1512 tu wins|1524 tu ingreslock|1525 tu prospero-np|1645 tu datametrics old-radius|' +
  '1646 tu sa-msg-port old-radacct|1649 tu kermit|1701 tu l2f l2tp|1760 tu www-ldap-gw|1812 tu radius|1813 tu radius-acct radacct|' +
  '1863 tu msnp|1957 t unix-status|1958 t log-server|1959 t remoteping|2000 t cisco-sccp sieve|2000 u cisco-sccp|2010 t search ndtp|' +
  '2010 t pipe_server|2049 tu nfs|2049 s nfsd nfs|2086 tu gnunet|2101 tu rtcm-sc104|2119 tu gsigatekeeper|2135 tu gris|2401 tu cvspserver|' +
  '2430 tu venus|2431 tu venus-se|2432 tu codasrv|2433 tu codasrv-se|2583 tu mon|2628 tu dict|2766 t listen|2811 tu gsiftp|2947 tu gpsd|' +
  '3050 tu gds_db|3130 tu icpv2 icp|3260 tu iscsi-target|3306 tu mysql|3493 tu nut|3632 tu distcc|3689 tu daap|3690 tu svn subversion|' +
  '4031 tu suucp|4045 tu lockd|4094 tu sysrqd|4373 tu remctl|4369 tu epmd|4500 u ipsec-nat-t|4569 tu iax|4899 tu radmin-port|5002 ut rfe|' +
  '5050 tu mmcc|5060 tu sip|5061 tu sip-tls|5190 tu aol|5222 tu xmpp-client jabber-client|5269 tu xmpp-server jabber-server|' +
  '5308 tu cfengine|5353 tu mdns|5432 tu postgresql postgres|5556 tu freeciv rptp|5672 tus amqp|5688 tu ggz|5900 t vnc-server|' +
  '6000 tu x11 x11-0|6001 tu x11-1|6002 tu x11-2|6003 tu x11-3|6004 tu x11-4|6005 tu x11-5|6006 tu x11-6|6007 tu x11-7|6112 t dtspc|' +
  '6346 tu gnutella-svc|6347 tu gnutella-rtr|6444 tu sge_qmaster|6445 tu sge_execd|6481 ut servicetag|7000 tu afs3-fileserver bbs|' +
  '7001 tu afs3-callback|7002 tu afs3-prserver|7003 tu afs3-vlserver|7004 tu afs3-kaserver|7005 tu afs3-volser|7006 tu afs3-errors|' +
  '7007 tu afs3-bos|7008 tu afs3-update|7009 tu afs3-rmtsys|7100 tu font-service xfs|8080 t http-alt webcache|8080 u http-alt|' +
  '9101 tu bacula-dir|9102 tu bacula-fd|9103 tu bacula-sd|9667 tu xmms2|10080 tu amanda|11211 tu memcache|11371 tu hkp|13720 tu bprd|' +
  '13721 tu bpdbm|13722 tu bpjava-msvc|13724 tu vnetd|13782 tu bpcd|13783 tu vopied|16162 t solaris-audit|22273 tu wnn6|' +
  '750 ut kerberos4 kerberos-iv kdc|751 ut kerberos_master|752 u passwd_server|754 t krb_prop krb5_prop hprop|760 t krbupdate kreg|' +
  '901 t swat|1109 t kpop|2053 t knetd|2102 u zephyr-srv|2103 u zephyr-clt|2104 u zephyr-hm|2105 t eklogin|2111 t kx|2121 t iprop|' +
  '871 t supfilesrv|1127 t supfiledbg|98 t linuxconf|106 tu poppassd|465 t ssmtp smtps|775 t moira_db|777 t moira_update|' +
  '779 u moira_ureg|783 t spamd|808 tu omirr omirrd|1001 tu customs|1178 t skkserv|1210 u predict|1236 t rmtcfg|1300 t wipld|1313 t xtel|' +
  '1314 t xtelw|1529 t support|2003 t cfinger|2121 t frox|2150 tu ninstall|2600 t zebrasrv|2601 t zebra|2602 t ripd|2603 t ripngd|' +
  '2604 t ospfd|2605 t bgpd|2606 t ospf6d|2607 t ospfapi|2608 t isisd|2988 tu afbackup|2989 tu afmbackup|4224 t xtell|4557 t fax|' +
  '4559 t hylafax|4600 t distmp3|4949 t munin lrrd|5051 t enbd-cstatd|5052 t enbd-sstatd|5151 t pcrd|5354 tu noclog|5355 tu hostmon|' +
  '5555 u rplay|5667 t nsca|5674 t mrtd|5675 t bgpsim|5680 t canna|6566 t sane-port sane saned|6667 t ircd|8021 t zope-ftp|8081 t tproxy|' +
  '8088 tu omniorb|8990 t clc-build-daemon|9098 t xinetd|9359 u mandelspawn mandelbrot|9418 t git|9673 t zope|10000 t webmin|' +
  '10081 tu kamanda|10082 t amandaidx|10083 t amidxtape|11201 tu smsqp|15345 tu xpilot|17001 u sgi-cmsd|17002 u sgi-crsd|17003 u sgi-gcd|' +
  '17004 t sgi-cad|20011 tu isdnlog|20012 tu vboxd|24554 t binkp|27374 tu asp|30865 t csync2|57000 t dircproxy|60177 t tfido|60179 t fido';

interface Protocol {
  readonly number: number;
  readonly names: readonly string[];
}

interface Service {
  readonly port: number;
  readonly transports: string;
  readonly names: readonly string[];
}

const protocols: readonly Protocol[] = PROTOCOLS.split('|').map((entry) => {
  const [number = '', name = '', alias = name.toUpperCase()] = entry.split(' ');
  return { number: Number(number), names: [name, alias] };
});

const services: readonly Service[] = SERVICES.split('|').map((entry) => {
  const [port = '', transports = '', ...names] = entry.split(' ');
  return { port: Number(port), transports, names };
});

const TRANSPORTS: Readonly<Record<string, string>> = { tcp: 't', udp: 'u', sctp: 's' };

/** The number of a protocol by name or alias; undefined when there is none of that name. */
export function protocolNumber(name: string): number | undefined {
  return protocols.find(({ names }) => names.includes(name))?.number;
}

/** The name a protocol is printed with; undefined when it has none. */
export function protocolName(number: number): string | undefined {
  return protocols.find((protocol) => protocol.number === number)?.names[0];
}

/** The port of a service by name or alias, over a protocol by name (missing: any); undefined when there is none. */
export function servicePort(name: string, protocol?: string): number | undefined {
  return services.find((service) => service.names.includes(name) && speaks(service, protocol))?.port;
}

/** The name of a port over a protocol by name; undefined when it has none. */
export function serviceName(port: number, protocol: string): string | undefined {
  return services.find((service) => service.port === port && speaks(service, protocol))?.names[0];
}

function speaks(service: Service, protocol: string | undefined): boolean {
  if (protocol === undefined) return true;
  const letter = TRANSPORTS[protocol];
  return letter !== undefined && service.transports.includes(letter);
}
