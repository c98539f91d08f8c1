import { type RenderedFile, reloadOf } from '../domain/managed-file.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL } from '../domain/names.ts';
import { forwardedFamilies } from '../domain/nic.ts';
import { quoteForShell } from '../illumos/command.ts';
import { setForwarding, showForwarding } from '../illumos/ipadm.ts';
import { isLying } from '../illumos/ipf.ts';
import { IDENTITY_DOMAIN, IPFILTER, OWN_PROGRAMS, ZONENET_FORWARDING } from '../illumos/smf.ts';
import { disableService, refreshService } from '../illumos/svcadm.ts';
import { setProperty } from '../illumos/svccfg.ts';
import { networkFunctions } from './boot-network.ts';
import { FILTER_FILES, POLICY } from './filter.ts';
import { wantsIpv6 } from './ipv6.ts';
import { formatLastGood } from './last-good.ts';
import { FILTER_RECORD, filters } from './own-filter.ts';
import { isWanted, wantedServices } from './own-services.ts';
import { commandWords, shellFunction } from './shell-words.ts';
import { hasResolver } from './zone.ts';
import { bootProgramHead, EDITION, inputsKey, type OwnInputs, type ZoneInputs } from './zone-inputs.ts';
import { LAST_GOOD, LOCAL, metadataFor, OWN_TEMPLATES } from './zone-paths.ts';

/** What a boot program is made from. */
export interface BootSource extends ZoneInputs {
  readonly metadata: ZoneMetadata;
  readonly files: readonly RenderedFile[];
  /** SHA-256 of the metadata, in hexadecimal. */
  readonly digest: string;
  /** By path: the numbers of owners that files.ini names. Those it does not have are not known. */
  readonly owners: ReadonlyMap<string, { readonly uid: number; readonly gid: number }>;
}

/**
 * The plan of a boot, made ahead as a program for /sbin/sh: at boot a zone has no addresses, routes and rules, so that all
 * commands and the answers that prove them are known beforehand (docs/decisions/0019). Its functions are called by
 * src/zone/zonenet-boot.sh. Undefined where not all is known: for the global zone, which does not boot as a zone does, for a
 * file whose owner has no number, and for paths and modes that ls does not print in one word.
 */
export function formatBootProgram(source: BootSource): string | undefined {
  const { text, metadata, digest, edition, own, files } = source;
  if (metadata.zone === GLOBAL || !files.every((one) => isPlain(one, source))) return undefined;
  const metadataPath = metadataFor(metadata.zone);
  const inputs: Shaped[] = [
    { path: metadataPath, content: text, shape: '* * *' },
    { path: EDITION, content: edition, shape: '* * *' },
    ...[...own.texts].map(([path, content]) => ({ path, content, shape: '* * *' })),
  ];
  const managed = files
    .filter(({ file }) => file.policy === 'managed')
    .map((rendered) => ({ path: rendered.file.path, content: rendered.content, shape: shapeOf(rendered, source) }));
  const key = inputsKey(source);
  const lastGood = {
    path: LAST_GOOD,
    content: formatLastGood({ text, metadata, files, key }),
    shape: '-rw------- * *',
  };
  if (![...inputs, ...managed].every(({ path }) => isPlainPath(path))) return undefined;
  const all = [...inputs, ...managed, lastGood];
  const secure = secureFiles(source);
  const names = new Map(all.map(({ path }, index) => [path, `text_${index}`]));
  const sorted = (some: readonly Shaped[]) =>
    [...some].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const listed = (prefix: string, some: readonly Shaped[]) => [
    `${prefix}_paths=${quoteForShell(
      sorted(some)
        .map(({ path }) => path)
        .join(' '),
    )}`,
    `${prefix}_shapes=${quoteForShell(sorted(some).map(shapeLine).join('\n'))}`,
    `${prefix}_text="${sorted(some)
      .map(({ path }) => `$${names.get(path)}`)
      .join('')}"`,
  ];
  return [
    bootProgramHead(key).trimEnd(),
    `# What zone ${metadata.zone} does when it boots with generation ${metadata.generation} of its metadata, made ahead. Not to be edited: it is made anew.`,
    `zone=${metadata.zone} generation=${metadata.generation} role=${metadata.role}`,
    `digest=${digest}`,
    `own=${quoteForShell(ownListing(own))}`,
    `mtus=${quoteForShell(metadata.nics.map(({ link, mtu }) => `${link}:${mtu}`).join(' '))}`,
    `ends_with_start=${wantsIpv6(metadata.nics) ? 'no' : 'last'}`,
    `names=${hasResolver(metadata) ? 'yes' : "''"}`,
    `secure=${quoteForShell(secure.join(' '))}`,
    `own_services=${quoteForShell(
      wantedServices(metadata)
        .map(({ fmri }) => fmri)
        .join(' '),
    )}`,
    ...all.map(({ path, content }) => `${names.get(path)}=${quoteForShell(content)}`),
    ...listed('input', inputs),
    ...listed('all', all),
    ...(secure.length === 0
      ? []
      : listed(
          'other',
          all.filter(({ path }) => !secure.includes(path)),
        )),
    `last_good=$${names.get(LAST_GOOD)}`,
    `last_good_shape=${quoteForShell(shapeLine(lastGood))}`,
    ...files.flatMap((rendered, index) => checkFunction(rendered, index)),
    shellFunction(
      'each_file',
      files.map((rendered, index) => fileLine(rendered, index, names.get(rendered.file.path), source)),
    ),
    ...networkFunctions(metadata.nics),
    ...serviceFunctions(metadata),
    // Without this line it is not whole, and is not used.
    'boot_program=whole',
    '',
  ].join('\n');
}

/** The files that name certificates. Whether those are of use is seen at boot. */
function secureFiles({ metadata, files }: BootSource): string[] {
  const sites = metadata.sites.flatMap(({ sites: served }) => served.filter(({ kind }) => kind === 'tls'));
  return files
    .filter(({ file }) => sites.some(({ backend }) => backend === file.when) && file.check.length > 0)
    .map(({ file }) => file.path);
}

interface Shaped {
  readonly path: string;
  readonly content: string;
  /** Mode, uid and gid as ls prints them; "*" where one does not matter. */
  readonly shape: string;
}

const shapeLine = ({ path, content, shape }: Shaped) => `${shape} ${Buffer.byteLength(content)} ${path}`;

const isPlainPath = (path: string) => /^[A-Za-z0-9_@%+=:,./-]+$/.test(path);

function isPlain({ file, content }: RenderedFile, { owners }: BootSource): boolean {
  return (
    isPlainPath(file.path) &&
    file.mode <= 0o777 &&
    (file.owner === undefined || owners.has(file.path)) &&
    !content.includes('\0')
  );
}

/** "-rw-r--r-- UID GID". */
function shapeOf({ file }: RenderedFile, { owners }: BootSource): string {
  const letters = [...'rwxrwxrwx'].map((letter, bit) => ((file.mode >> (8 - bit)) & 1 ? letter : '-')).join('');
  const owner = file.owner === undefined ? undefined : owners.get(file.path);
  return `-${letters} ${owner?.uid ?? '*'} ${owner?.gid ?? '*'}`;
}

/** What the shell makes of the patterns and paths that zonenet-boot.sh lists; a pattern that finds nothing stays as it is. */
function ownListing({ names, partials, texts }: OwnInputs): string {
  const found = (directory: string, some: readonly string[]) =>
    some.length === 0 ? [`${directory}/*`] : some.map((name) => `${directory}/${name}`);
  const paths = [...found(OWN_TEMPLATES, names), ...found(`${OWN_TEMPLATES}/partials`, partials)];
  return [...paths, ...(texts.has(LOCAL) ? [LOCAL] : [])].join(' ');
}

/** PATH SHAPE OCTAL OWNER POLICY CHECK RELOAD CONTENT, as zonenet-boot.sh takes them. */
function fileLine(rendered: RenderedFile, index: number, text: string | undefined, source: BootSource): string {
  const { file, content } = rendered;
  const owner = file.owner === undefined ? undefined : source.owners.get(file.path);
  const reload = reloadOf(file);
  const words = [
    file.path,
    `${shapeOf(rendered, source)} ${Buffer.byteLength(content)} ${file.path}`,
    file.mode.toString(8).padStart(4, '0'),
    owner === undefined ? '' : `${owner.uid}:${owner.gid}`,
    file.policy,
    file.check.length === 0 ? '' : `check_${index}`,
    reload === undefined ? '' : `${reload.verb} ${reload.service}`,
  ].map(quoteForShell);
  const value = text === undefined ? quoteForShell(content) : `"$${text}"`;
  return `"$1" ${words.join(' ')} ${value} || return 1`;
}

/** How a program is asked what it thinks of a candidate, which stands for "{file}" in its words. */
function checkFunction({ file }: RenderedFile, index: number): string[] {
  if (file.check.length === 0) return [];
  const words = file.check.map((word) => word.split('{file}').map(quotePart).join('"$1"'));
  const how = isLying(file.check[0] ?? '') ? 'silent' : 'loud';
  return [shellFunction(`check_${index}`, [`checked ${how} ${words.join(' ')}`])];
}

const quotePart = (text: string) => (text === '' ? '' : quoteForShell(text));

function serviceFunctions(metadata: ZoneMetadata): string[] {
  const filtering = filters(metadata);
  const isProxy = metadata.role === 'proxy';
  const asked = [IPFILTER, IDENTITY_DOMAIN, ...(isProxy ? [ZONENET_FORWARDING, ...OWN_PROGRAMS] : [])];
  const look = filtering
    ? [`ask_services ${asked.join(' ')}`, 'filter_services=$services', 'look_filter']
    : [
        'filter_left=',
        `[ ! -e ${FILTER_RECORD} ] || {`,
        `\task_services ${IPFILTER}`,
        '\tfilter_services=$services filter_left=yes',
        '}',
      ];
  const start = [
    // Somebody's ipfilter is not ours for a note that is written too early.
    ...(filtering
      ? ['services=$filter_services', 'start_filter']
      : [
          '[ -z "$filter_left" ] || {',
          '\tservices=$filter_services',
          `\tstate_of ${IPFILTER}`,
          `\tcase $state in '' | disabled) ;; *) run 'the zone has no rules any more' ${commandWords(disableService(IPFILTER))} ;; esac`,
          `\t/usr/bin/rm -f ${FILTER_FILES.inet} ${FILTER_FILES.inet6} ${FILTER_RECORD}`,
          '}',
        ]),
    'routing_daemon',
    ...(wantsIpv6(metadata.nics) ? ['start_ipv6_service'] : []),
    ...(hasResolver(metadata) ? ['name_service'] : []),
    ...(isProxy
      ? [
          'services=$filter_services',
          ...OWN_PROGRAMS.map((fmri) => `own_service ${fmri} ${isWanted(fmri, metadata) ? 'yes' : 'no'}`),
          'start_forwarding_service',
        ]
      : []),
  ];
  const note = filtering && !isProxy ? [`note ${FILTER_RECORD} ${quoteForShell('ipfilter\n')}`] : [];
  return [
    shellFunction('look_services', look),
    shellFunction(
      'look_own_services',
      wantedServices(metadata).map(({ fmri, lack }) => `own_trouble ${fmri} ${quoteForShell(lack)}`),
    ),
    shellFunction('note_filter', note),
    shellFunction('start_services', start),
    shellFunction('set_policy', filtering ? policyLines() : []),
    shellFunction('switch_forwarding', isProxy ? forwardingLines(metadata) : []),
  ];
}

function policyLines(): string[] {
  return [
    'changed=',
    ...POLICY.flatMap((property) => [
      `has_property ${property.name} ${quoteForShell(property.value)} || {`,
      `\trun ${quoteForShell(`${property.name} of ipfilter is not ${property.value}`)} ${commandWords(setProperty(IPFILTER, property))}`,
      '\tchanged=yes',
      '}',
    ]),
    `[ -z "$changed" ] || run 'ipfilter does not see its properties before that' ${commandWords(refreshService(IPFILTER))}`,
  ];
}

function forwardingLines(metadata: ZoneMetadata): string[] {
  const families = forwardedFamilies(metadata);
  const reason = quoteForShell('the rules in the kernel are those of the files');
  const protocols = families.map((family) => (family === 'inet' ? 'ipv4' : 'ipv6'));
  return [
    ...families.map((family) => `run ${reason} ${commandWords(setForwarding('on', family))}`),
    `state=$(${commandWords(showForwarding())}) || fail 'Cannot ask ipadm what is forwarded'`,
    'ask_addresses',
    ...metadata.nics.flatMap(({ link }) =>
      protocols.flatMap((protocol) => [
        `case $newline$addresses in *"$newline"${link}/*)`,
        `\tcase $newline$state in *"$newline"${link}:${protocol}:forwarding:on*) ;; *) fail '${link} does not forward' ;; esac ;;`,
        'esac',
      ]),
    ),
  ];
}
