import { parseAddress } from '../domain/address.ts';
import { parseRedirect } from '../domain/forward.ts';
import { parseLease } from '../domain/lease.ts';
import type { Nic, ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL, parseDomainName, parseLinkName, parseNetworkName, parseZoneName } from '../domain/names.ts';
import { parseInterfaceAddress, parsePrefix } from '../domain/prefix.ts';
import { parseResolvedRule } from '../domain/resolved-rule.ts';
import { parseServedSite } from '../domain/site.ts';
import { parseStaticRoute } from '../domain/static-route.ts';
import { mergeShapes, type Shape, shapeOf } from './shape.ts';
import { viewOf } from './views.ts';

const usual = { mtu: 1500, dhcp: false, addrconf: false } as const;

const OUTSIDE: Nic = {
  ...usual,
  link: parseLinkName('pnic0'),
  side: 'outside',
  addresses: ['203.0.113.5/24', '2001:db8::5/64'].map(parseInterfaceAddress),
  routers: ['203.0.113.1', '2001:db8::1'].map(parseAddress),
  routes: [],
};

const INSIDE: Nic = {
  ...usual,
  link: parseLinkName('znic0'),
  side: 'inside',
  network: parseNetworkName('back'),
  addresses: ['10.2.0.1/24', 'fd00:1::1/64'].map(parseInterfaceAddress),
  routers: [],
  routes: ['10.9.0.0/16 10.2.0.9'].map(parseStaticRoute),
};

const nameservers = ['203.0.113.1', '2001:db8::1'].map(parseAddress);
const domain = parseDomainName('back.internal');

const PROXY: ZoneMetadata = {
  generation: 1,
  zone: parseZoneName('proxy'),
  role: 'proxy',
  nics: [OUTSIDE, INSIDE],
  resolver: { nameservers, domain, search: [] },
  networks: [{ name: parseNetworkName('back'), prefixes: ['10.2.0.0/24', 'fd00:1::/64'].map(parsePrefix), domain }],
  members: [
    {
      zone: parseZoneName('web1'),
      addresses: ['10.2.0.2', 'fd00:1::2'].map(parseAddress),
      leases: ['02:08:20:0a:0b:0c 10.2.0.2'].map(parseLease),
    },
  ],
  rules: ['block in log tcp from 192.0.2.0/24,2001:db8:9::/48 to any port 22 note nobody from there'].map(
    parseResolvedRule,
  ),
  forwards: [
    {
      zone: parseZoneName('web1'),
      redirects: ['tcp 203.0.113.5 443 10.2.0.2 8443', 'udp 2001:db8::5 5000-5009 fd00:1::2 =5000'].map(parseRedirect),
    },
  ],
  sites: [
    {
      zone: parseZoneName('web1'),
      sites: [
        '10.2.0.2 up http www.example.org 80 / 8080 nginx',
        'fd00:1::2 up tls www.example.org 443 /api 8080 nginx cert=www',
        '10.2.0.2 down http old.example.org 80 / 8080 nginx',
        '10.2.0.2 up http www.example.org 8080 /api 8080 haproxy check=/health',
        '10.2.0.2 up tls www.example.org 8443 / 8080 haproxy cert=www',
        '10.2.0.2 up pass db.example.org 9443 / 5432 haproxy',
      ].map(parseServedSite),
    },
  ],
  siblings: [{ zone: parseZoneName('db1'), addresses: ['10.2.0.3', 'fd00:1::3'].map(parseAddress) }],
  vars: {},
};

/**
 * Zones that have between them everything that a template can be given: what a template may name is taken from them,
 * and check-template renders for them. A key that a view may lack is in at least one.
 */
export const SPECIMENS: readonly ZoneMetadata[] = [
  PROXY,
  { ...PROXY, resolver: { nameservers, domain, search: [parseDomainName('example.com')] } },
  { ...PROXY, zone: GLOBAL, nics: [{ ...OUTSIDE, host: true, routers: [] }, INSIDE] },
];

/** What a template is given, as far as it is known before there is a zone. */
export function shapeFor(template: string): Shape {
  const views = SPECIMENS.map((metadata) => shapeOf(viewOf(template, metadata, {})));
  const open: Shape = {
    kind: 'record',
    keys: { vars: { kind: 'record', keys: {}, open: true }, template: shapeOf({ name: '', path: '' }) },
  };
  return [...views, open].reduce(mergeShapes);
}
