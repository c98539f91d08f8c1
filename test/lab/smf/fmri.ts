/** A service FMRI taken apart: "svc:/network/ipfilter:default". */
export interface Fmri {
  readonly service: string;
  /** Missing when the FMRI names the service as a whole. */
  readonly instance?: string;
}

const name = '[A-Za-z0-9][A-Za-z0-9_.,-]*';
const fmriPattern = new RegExp(`^svc:/(?:/localhost/)?(${name}(?:/${name})*)(?::(${name}))?$`);

/** Reads "svc:/SERVICE[:INSTANCE]" (§6.1). Undefined when it is no legal one. */
export function parseFmri(text: string): Fmri | undefined {
  const [, service, instance] = fmriPattern.exec(text) ?? [];
  if (service === undefined) return undefined;
  return instance === undefined ? { service } : { service, instance };
}

export function formatFmri({ service, instance }: Fmri): string {
  return instance === undefined ? `svc:/${service}` : `svc:/${service}:${instance}`;
}

/** Where svc.startd and the methods log: slashes of the FMRI become dashes (§6.3). A path in the zone. */
export function logFileOf(fmri: string): string {
  return `/var/svc/log/${fmri.slice('svc:/'.length).replaceAll('/', '-')}.log`;
}

/** A shell pattern as a regular expression over the whole text. */
function globToRegExp(glob: string): RegExp {
  const source = glob.replace(/[.+^${}()|\\]|\*|\?/g, (mark) =>
    mark === '*' ? '.*' : mark === '?' ? '.' : `\\${mark}`,
  );
  return new RegExp(`^${source}$`);
}

const isGlob = (pattern: string): boolean => /[*?[]/.test(pattern);

/** Whether a service's name is `wanted` or ends in it, component by component: "ipfilter" of "network/ipfilter". */
function endsIn(service: string, wanted: string): boolean {
  return service === wanted || service.endsWith(`/${wanted}`);
}

/**
 * Whether a pattern of svcs or svcadm means an instance: an FMRI, an abbreviation of one ("network/ipfilter", "ipfilter",
 * "ipfilter:default"), or a pattern with * ? [ ] over either (§6.1).
 */
export function matchesPattern(pattern: string, { service, instance }: Required<Fmri>): boolean {
  const full = `svc:/${service}:${instance}`;
  if (isGlob(pattern)) {
    const glob = globToRegExp(pattern.replace(/^svc:\//, '').replace(/^\//, ''));
    const names = pattern.startsWith('svc:') ? [service] : [service, service.split('/').at(-1) ?? service, instance];
    return (
      globToRegExp(pattern).test(full) || names.some((each) => glob.test(each) || glob.test(`${each}:${instance}`))
    );
  }
  if (pattern.startsWith('svc:/')) return pattern === full || pattern === `svc:/${service}`;
  const [wanted = '', wantedInstance] = pattern.replace(/^\//, '').split(':');
  if (wantedInstance !== undefined && wantedInstance !== instance) return false;
  return wanted === '' ? wantedInstance !== undefined : endsIn(service, wanted);
}
