import { GLOBAL } from '../domain/names.ts';
import { publishedDirectory, SEEN_IN_ZONE } from './host-paths.ts';

// Where things are in a zone, and in the global zone where it is a proxy.

/** What the host has published for a zone: a read-only lofs in it; in the global zone the directory itself. */
const publishedFor = (zone: string) => (zone === GLOBAL ? publishedDirectory(GLOBAL) : SEEN_IN_ZONE);
export const metadataFor = (zone: string) => `${publishedFor(zone)}/metadata.ini`;

/** What the host publishes of templates: those for all zones, and over them those for this one. */
export const hostTemplates = (zone: string) => ({
  forAll: `${publishedFor(zone)}/templates/all`,
  forThis: `${publishedFor(zone)}/templates/zone`,
});

/** The zone's own templates, over all others, and its own values for them. In the global zone those are the host's. */
export const OWN_TEMPLATES = '/etc/zonenet/templates';
export const LOCAL = '/etc/zonenet/local.ini';

/** The method's own: what was applied last, and candidates while they are checked. */
export const STATE_DIRECTORY = '/var/zonenet';
export const LAST_GOOD = `${STATE_DIRECTORY}/last-good.json`;
export const STATUS = `${STATE_DIRECTORY}/status.ini`;
export const CANDIDATES = `${STATE_DIRECTORY}/candidates`;
export const STATEMENTS = `${STATE_DIRECTORY}/status.svccfg`;

/** On the tmpfs that is there before all services (/var/run comes later): the lock of the methods. */
export const LOCK = '/etc/svc/volatile/zonenet';

/** What the method is called with: its own and those of the services beside it. */
export const METHODS = ['start', 'ipv6-start', 'refresh', 'forwarding-start'] as const;

export type Method = (typeof METHODS)[number];

/** The files of its program (.ci/build.mjs): what every run needs, and what renders. */
export const METHOD_PARTS = ['method', 'render'] as const;

export type MethodPart = (typeof METHOD_PARTS)[number];

/** What V8 compiled of one of them. */
export const compiledMethod = (method: Method, part: MethodPart) =>
  `${STATE_DIRECTORY}/code-${method}${part === 'method' ? '' : `-${part}`}`;

/** Where that is before it takes its place. */
export const unfinishedCode = (path: string) => `${path}.new`;

/** Templates of the site, compiled. */
export const COMPILED = `${STATE_DIRECTORY}/compiled.json`;

/** The plan of the next boot of a zone, made ahead by the host. There is none for the global zone. */
export const HOST_BOOT = `${SEEN_IN_ZONE}/boot`;

/** The plan of its next boot, made ahead by itself: where the zone has templates or values of its own, of which the host knows nothing. */
export const OWN_BOOT = `${STATE_DIRECTORY}/boot`;
