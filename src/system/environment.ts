/** The whole environment of every program we run: messages in the C locale, illumos's own tools (§0.4). */
export const CLEAN_ENVIRONMENT: Readonly<Record<string, string>> = { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin' };

/** Seconds until a program that sets no deadline of its own is ended. */
export const DEFAULT_TIMEOUT_SECONDS = 60;
