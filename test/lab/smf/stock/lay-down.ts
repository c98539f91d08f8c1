import { EARLY } from '../manifest-import.ts';
import type { ZoneFiles } from '../zone-files.ts';
import { formatManifest } from './service.ts';
import { STOCK_SERVICES } from './services.ts';

/** /lib/svc/share/smf_include.sh: exit codes and the questions methods ask (§6.4). */
const SMF_INCLUDE = `SMF_EXIT_OK=0
SMF_EXIT_NODAEMON=94
SMF_EXIT_ERR_FATAL=95
SMF_EXIT_ERR_CONFIG=96
SMF_EXIT_MON_DEGRADE=97
SMF_EXIT_MON_OFFLINE=98
SMF_EXIT_ERR_NOSMF=99
SMF_EXIT_ERR_PERM=100
smf_zonename() { echo "\${SMF_ZONENAME:=\`/sbin/zonename\`}"; }
smf_is_globalzone() { [ "\`smf_zonename\`" = global ]; }
smf_is_nonglobalzone() { [ "\`smf_zonename\`" != global ]; }
smf_configure_ip() { return 0; }
smf_clear_env() { unset SMF_FMRI SMF_METHOD SMF_RESTARTER SMF_ZONENAME; }
smf_kill_contract() { echo 'lab: not modelled: smf_kill_contract' >&2; exit 125; }
`;

let manifests: readonly (readonly [path: string, text: string, globalOnly: boolean])[] | undefined;

/** Writes the stock services' manifests and what methods include into the root of a zone that is being installed. */
export function layDownStock(files: ZoneFiles, isGlobal: boolean): void {
  manifests ??= STOCK_SERVICES.map((service) => [
    `${EARLY}/${service.name.split('/')[0]}/${service.name.replaceAll('/', '-')}.xml`,
    formatManifest(service),
    service.globalOnly === true,
  ]);
  for (const [path, text, globalOnly] of manifests) if (isGlobal || !globalOnly) files.write(path, text);
  files.write('/lib/svc/share/smf_include.sh', SMF_INCLUDE);
}
