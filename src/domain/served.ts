// What a proxy serves, by its metadata.
import type { ZoneMetadata } from './metadata.ts';
import type { Backend } from './site.ts';

/** Whether a zone serves the names of some network behind it. */
export function servesNames({ networks }: Pick<ZoneMetadata, 'networks'>): boolean {
  return networks.some(({ domain }) => domain !== undefined);
}

/** Whether a zone serves sites by a program. */
export function servesSites({ sites }: Pick<ZoneMetadata, 'sites'>, backend: Backend): boolean {
  return sites.some(({ sites: served }) => served.some((site) => site.backend === backend));
}

/** Where certificates are in a proxy: key and chain in one file. */
export const certificateFile = (name: string) => `/etc/zonenet/certificates/${name}.pem`;
