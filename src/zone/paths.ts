/** The host's directory for this zone, a read-only lofs. */
export const METADATA = '/etc/zonenet/host/metadata.ini';

/** Where templates of a site are looked for, the first wins; then come the shipped ones. */
export const TEMPLATE_DIRECTORIES = ['/etc/zonenet/templates', '/etc/zonenet/host/templates'] as const;

/** The method's own: what was applied last, and candidates while they are checked. */
export const STATE_DIRECTORY = '/var/zonenet';
export const LAST_GOOD = `${STATE_DIRECTORY}/last-good.json`;
export const STATUS = `${STATE_DIRECTORY}/status.ini`;
export const CANDIDATES = `${STATE_DIRECTORY}/candidates`;
export const STATEMENTS = `${STATE_DIRECTORY}/status.svccfg`;

/** On the tmpfs that is there before all services (/var/run comes later): the lock of the methods. */
export const LOCK = '/etc/svc/volatile/zonenet';
