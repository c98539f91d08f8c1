import { OperatorError } from '../../domain/errors.ts';
import { parseDomainName } from '../../domain/names.ts';
import { parsePort } from '../../domain/port.ts';
import { certificateFile } from '../../domain/served.ts';
import { describeSite, parseBackend, parseCertificateName, parseSitePath } from '../../domain/site.ts';
import type { SiteRequest } from '../../host/decide-site.ts';
import { planPublish, publish, type SiteChange } from '../../host/sites.ts';
import { type CliCommand, type Context, reading } from '../command.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';
import { parseZoneAndPort } from '../site-words.ts';

interface Options extends PlanOptions {
  readonly port?: number;
  readonly path?: string;
  readonly cert?: string;
  readonly passThrough?: true;
  readonly backend?: SiteRequest['backend'];
  readonly check?: string;
  readonly redirect: boolean;
}

const HELP = `
Several zones may be published under one name, and are asked in turn; one that is down is not asked. With --cert the proxy
ends TLS, and what comes by http is sent to https. The certificate is the proxy's: /etc/zonenet/certificates/NAME.pem there.
haproxy takes a change without losing a request; nginx closes connections that are kept open and idle, which clients open anew.
`;

export const publishCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<zone[:port]>', 'the zone that serves it, and its port (default: 80, or 443 with --pass-through)')
      .argument('<host>', 'name by which it is asked for: www.example.org')
      .option('-p, --port <port>', 'port outside (default: 80, or 443 with TLS)', reading(parsePort))
      .option('--path <path>', 'part of the site that the zone serves (default: /)', reading(parseSitePath))
      .option('--cert <name>', 'end TLS with this certificate', reading(parseCertificateName))
      .option('--pass-through', 'hand TLS on to the zone, by the name it asks for')
      .option(
        '--backend <program>',
        'nginx or haproxy (default: what the proxy runs, or haproxy)',
        reading(parseBackend),
      )
      .option('--check <path>', 'ask for this path whether the zone is well (haproxy)', reading(parseSitePath))
      .option('--no-redirect', 'with --cert: do not send http to https')
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .addHelpText('after', HELP)
      .action((target: string, host: string, options: Options) => {
        const request = toRequest(target, host, options);
        act((context) => run(request, options, context));
      });
  },
};

/** @throws {OperatorError} USAGE, NAME_INVALID, VALUE_INVALID */
function toRequest(target: string, host: string, options: Options): SiteRequest {
  const { cert, passThrough, backend, check, redirect, path = '/' } = options;
  if (cert !== undefined && passThrough === true) {
    throw new OperatorError('USAGE', '--cert and --pass-through cannot be combined: TLS ends here or in the zone');
  }
  const kind = cert !== undefined ? 'tls' : passThrough === true ? 'pass' : 'http';
  const { zone, port } = parseZoneAndPort(target);
  return {
    zone,
    kind,
    host: parseDomainName(host),
    listen: options.port ?? (kind === 'http' ? 80 : 443),
    path,
    port: port ?? (kind === 'pass' ? 443 : 80),
    ...(backend === undefined ? {} : { backend }),
    ...(cert === undefined ? {} : { certificate: cert }),
    ...(check === undefined ? {} : { check }),
    ...(redirect || kind !== 'tls' ? {} : { plain: true as const }),
  };
}

async function run(request: SiteRequest, { dryRun, verbose }: Options, { host, print }: Context): Promise<void> {
  if (dryRun === true) {
    printDryRun((await planPublish(request, host)).plan, verbose, print);
    return;
  }
  print(describe(await publish(request, host)));
}

function describe({ zone, sites, proxies, publications }: SiteChange): string {
  const runs = (name: string) => publications.some(({ record, running }) => running && record.name === name);
  return sites
    .flatMap((site) => [
      `site ${describeSite(site)}: zone ${zone.name}, port ${site.port} (${proxies.map(({ name }) => name).join(', ')}, ${site.backend})`,
      ...(site.certificate === undefined ? [] : [`  its certificate is ${certificateFile(site.certificate)} there`]),
      ...proxies.filter(({ name }) => !runs(name)).map(({ name }) => `  served when zone ${name} boots`),
      '',
    ])
    .join('\n');
}
