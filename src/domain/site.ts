import { OperatorError } from './errors.ts';
import { type DomainName, parseDomainName } from './names.ts';
import { parsePort } from './port.ts';

/** Programs that serve sites in a proxy zone. */
export const BACKENDS = ['nginx', 'haproxy'] as const;
export type Backend = (typeof BACKENDS)[number];

/** http: as it is. tls: ended in the proxy, with a certificate there. pass: handed on by the name that TLS asks for. */
export const SITE_KINDS = ['http', 'tls', 'pass'] as const;
export type SiteKind = (typeof SITE_KINDS)[number];

/** A site that a zone serves, by its name, through its proxy. It is part of that zone's record, and goes with it. */
export interface Site {
  readonly kind: SiteKind;
  readonly host: DomainName;
  /** The port outside. */
  readonly listen: number;
  /** What of the site it is: "/" or "/api", without a "/" at the end. */
  readonly path: string;
  /** The port in the zone. */
  readonly port: number;
  readonly backend: Backend;
  /** Of tls: NAME of /etc/zonenet/certificates/NAME.pem in the proxy, key and chain. */
  readonly certificate?: string;
  /** The path that tells whether the zone is well; missing: a connection is enough. */
  readonly check?: string;
  /** Of tls: what comes by http is not sent here. */
  readonly plain?: true;
}

/** A site with where it is in the zone: what a proxy is told. */
export interface ServedSite extends Site {
  readonly to: string;
  /** Whether the zone is up; one that is not is named, and not asked. */
  readonly up: boolean;
}

const SHAPE =
  'Write KIND HOST PORT PATH ZONE-PORT BACKEND, and then cert=NAME, check=PATH or redirect=no: http www.example.org 80 / 8080 nginx';

/**
 * Reads "http www.example.org 80 / 8080 nginx", "tls www.example.org 443 /api 8080 haproxy cert=www check=/health redirect=no".
 *
 * @throws {OperatorError} VALUE_INVALID, NAME_INVALID
 */
export function parseSite(text: string): Site {
  const [kind = '', host = '', listen = '', path = '', port = '', backend = '', ...more] = text.split(' ');
  const options = new Map(more.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
  const certificate = options.get('cert');
  const check = options.get('check');
  const known = [...options.keys()].every((key) => ['cert', 'check', 'redirect'].includes(key));
  if (backend === '' || !known || options.size !== more.length || (options.get('redirect') ?? 'no') !== 'no') {
    throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a site`, { hint: SHAPE });
  }
  return checkSite({
    kind: oneOfWords(SITE_KINDS, kind, 'a kind of site'),
    host: parseDomainName(host),
    listen: parsePort(listen),
    path: parseSitePath(path),
    port: parsePort(port),
    backend: parseBackend(backend),
    ...(certificate === undefined ? {} : { certificate: parseCertificateName(certificate) }),
    ...(check === undefined ? {} : { check: parseSitePath(check) }),
    ...(options.has('redirect') ? { plain: true } : {}),
  });
}

export function formatSite(site: Site): string {
  const { kind, host, listen, path, port, backend, certificate, check, plain } = site;
  return [
    ...[kind, host, `${listen}`, path, `${port}`, backend],
    ...(certificate === undefined ? [] : [`cert=${certificate}`]),
    ...(check === undefined ? [] : [`check=${check}`]),
    ...(plain === true ? ['redirect=no'] : []),
  ].join(' ');
}

/**
 * Reads a site as `formatServedSite` wrote it: where it is, "up" or "down", and the site.
 *
 * @throws {OperatorError} VALUE_INVALID, NAME_INVALID
 */
export function parseServedSite(text: string): ServedSite {
  const [to = '', state = '', ...site] = text.split(' ');
  if (!/^[0-9a-f.:]+$/.test(to) || (state !== 'up' && state !== 'down')) {
    throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a site of a zone`, {
      hint: 'Write the address of the zone, "up" or "down", and the site',
    });
  }
  return { ...parseSite(site.join(' ')), to, up: state === 'up' };
}

export function formatServedSite(site: ServedSite): string {
  return `${site.to} ${site.up ? 'up' : 'down'} ${formatSite(site)}`;
}

/** @throws {OperatorError} VALUE_INVALID for what its kind or program cannot do */
export function checkSite(site: Site): Site {
  const { kind, backend, path, certificate, check, plain } = site;
  const refuse = (why: string, hint: string) =>
    new OperatorError('VALUE_INVALID', `Cannot publish ${describeSite(site)}: ${why}`, { hint });
  if (kind === 'tls' && certificate === undefined) throw refuse('TLS needs a certificate', 'Name one with --cert');
  if (kind !== 'tls' && (certificate !== undefined || plain === true)) {
    throw refuse('without TLS there is no certificate', 'Leave --cert out, or take --pass-through away');
  }
  if (kind === 'pass' && path !== '/') {
    throw refuse('what TLS hides has no path', 'Leave --path out, or end TLS here with --cert');
  }
  if (kind === 'pass' && backend === 'nginx') {
    throw refuse('nginx is not always built to pass TLS through', 'Take --backend haproxy');
  }
  if (check !== undefined && backend === 'nginx') {
    throw refuse(
      'nginx asks nobody by itself; it notices a zone that does not answer',
      'Leave --check out, or take --backend haproxy',
    );
  }
  return site;
}

/** @throws {OperatorError} VALUE_INVALID */
export function parseBackend(text: string): Backend {
  return oneOfWords(BACKENDS, text, 'a program that serves sites');
}

/**
 * Reads a path: what every program takes as it is, without quotes, blanks or variables. A "/" at its end is dropped.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parseSitePath(text: string): string {
  const path = text.replace(/(?<=.)\/$/, '');
  const parts = path.split('/').slice(1);
  const plain = path === '/' || parts.every((part) => /^[A-Za-z0-9._~-]+$/.test(part) && !/^\.\.?$/.test(part));
  if (path.startsWith('/') && plain && path.length <= 200) return path;
  throw new OperatorError('VALUE_INVALID', `Cannot use "${text}" as a path of a site`, {
    hint: 'Write "/" and names of letters, digits, "-", ".", "_" and "~", like /api/v1',
  });
}

/** @throws {OperatorError} NAME_INVALID */
export function parseCertificateName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(text)) return text;
  throw new OperatorError('NAME_INVALID', `Cannot use "${text}" as the name of a certificate`, {
    hint: 'Write NAME of /etc/zonenet/certificates/NAME.pem in the proxy zone, without directories and ".pem"',
  });
}

/** Whether two sites answer the same question: zones of one site are asked in turn. */
export function isSameSite(a: Site, b: Site): boolean {
  return a.host === b.host && a.listen === b.listen && a.path === b.path;
}

/** Where http is, and leads to TLS. */
export const HTTP = 80;

/** Ports that a site takes outside. */
export function portsOf({ kind, listen, plain }: Site): number[] {
  return kind === 'tls' && plain !== true ? [...new Set([listen, HTTP])] : [listen];
}

/** "www.example.org:8080/api"; the port is left out where it goes without saying. */
export function describeSite({ kind, host, listen, path }: Pick<Site, 'kind' | 'host' | 'listen' | 'path'>): string {
  const usual = kind === 'http' ? 80 : 443;
  return `${kind === 'http' ? 'http' : 'https'}://${host}${listen === usual ? '' : `:${listen}`}${path}`;
}

function oneOfWords<W extends string>(words: readonly W[], text: string, what: string): W {
  const word = words.find((one) => one === text);
  if (word !== undefined) return word;
  throw new OperatorError('VALUE_INVALID', `Cannot use "${text}" as ${what}`, { hint: `One of ${words.join(', ')}` });
}
