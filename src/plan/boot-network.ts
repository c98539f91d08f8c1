import type { Family } from '../domain/address.ts';
import type { Nic } from '../domain/metadata.ts';
import { addressesOf, hasFamily, isLearnt } from '../domain/nic.ts';
import { formatInterfaceAddress, formatPrefix, netmaskOf } from '../domain/prefix.ts';
import { quoteForShell } from '../illumos/command.ts';
import { planAddresses } from './addresses.ts';
import { planInterfaces } from './interfaces.ts';
import { formatRoutes } from './route-record.ts';
import { planRoutes, ROUTE_RECORD, wantedRoutes } from './routes.ts';
import { commandWords, shellFunction } from './shell-words.ts';
import type { Step } from './step.ts';

// Addresses and routes of a boot program: what makes them from nothing, and what proves them.

const FAMILIES: readonly Family[] = ['inet', 'inet6'];

/** The functions that make and prove addresses and routes of a zone that has none. */
export function networkFunctions(nics: readonly Nic[]): string[] {
  return FAMILIES.flatMap((family) => [
    shellFunction(`create_${family}`, creationLines(nics, family)),
    shellFunction(`known_${family}`, knownLines(nics, family)),
    shellFunction(`count_${family}`, countLines(nics, family)),
    shellFunction(`routes_${family}`, routeLines(nics, family)),
  ]).concat(shellFunction('is_advertised', advertisedLines(nics)));
}

/** A step as a line of the program. Those of one NIC are left out where its link is not there. */
function stepLine(step: Step): string[] {
  if (step.kind !== 'run') return [];
  const { reason, command, tolerates = [] } = step;
  const [tolerated] = tolerates;
  const how = tolerated === undefined ? 'run' : `run_tolerating ${tolerated}`;
  return [`${how} ${quoteForShell(reason)} ${commandWords(command)}`];
}

function onLink({ link }: Nic, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`if on ${quoteForShell(link)}; then`, ...lines.map((line) => `\t${line}`), 'fi'];
}

/** All that can be made at once is, then all of it is waited for together: duplicate address detection takes its time. */
function creationLines(nics: readonly Nic[], family: Family): string[] {
  const stages = nics.map((nic) => stagesOf(planAddresses([nic], [], family).additions));
  const most = Math.max(0, ...stages.map((own) => own.length));
  const addresses = Array.from({ length: most }, (_, stage) => [
    ...nics.flatMap((nic, index) => onLink(nic, (stages[index]?.[stage] ?? []).flatMap(stepLine))),
    'settle',
  ]).flat();
  const bare = family === 'inet' ? nics.flatMap((nic) => onLink(nic, planInterfaces([nic], []).flatMap(stepLine))) : [];
  const found = { table: [], unbound: [] };
  const routes = nics.flatMap((nic) => onLink(nic, planRoutes([nic], found, [family]).additions.flatMap(stepLine)));
  return [
    ...(most === 0 ? ['ask_addresses'] : addresses),
    ...bare,
    ...(family === 'inet' ? noteLines(nics) : []),
    ...routes,
  ];
}

/** The steps between the waits. */
function stagesOf(steps: readonly Step[]): Step[][] {
  const stages: Step[][] = [];
  let stage: Step[] = [];
  for (const step of steps) {
    if (step.kind === 'wait') {
      stages.push(stage);
      stage = [];
    } else stage.push(step);
  }
  return stage.length === 0 ? stages : [...stages, stage];
}

/** What routes are ours is noted before they are added. */
function noteLines(nics: readonly Nic[]): string[] {
  const text = formatRoutes(wantedRoutes(nics, { families: FAMILIES, withDefaults: false }));
  if (text === '') return [`[ ! -e ${ROUTE_RECORD} ] || /usr/bin/rm -f ${ROUTE_RECORD}`];
  return [`note ${ROUTE_RECORD} ${quoteForShell(text)}`];
}

/** "LINK/OBJECT:TYPE:ok:ADDRESS" as ipadm prints it (§2.3); with link protection static ones are of another type. */
function knownLines(nics: readonly Nic[], family: Family): string[] {
  const patterns = nics.flatMap((nic) => {
    const { link, dhcp, addrconf } = nic;
    const statics = addressesOf(nic, family).flatMap((address) =>
      ['static', 'from-gz'].map(
        (type) => `${quoteForShell(`${link}/`)}*:${type}:ok:${quoteForShell(escaped(formatInterfaceAddress(address)))}`,
      ),
    );
    if (family === 'inet') return dhcp ? [...statics, `${quoteForShell(`${link}/dhcp:dhcp:ok:`)}[0-9]*`] : statics;
    if (!hasFamily(nic, 'inet6')) return [];
    const base = ['addrconf', 'from-gz'].map(
      (type) => `${quoteForShell(`${link}/${addrconf ? 'ra' : 'll'}:${type}:ok:fe80`)}*`,
    );
    return [...statics, ...base, ...(addrconf ? [`${quoteForShell(`${link}/?:`)}*`] : [])];
  });
  return patterns.length === 0 ? ['return 1'] : [`case $1 in`, `${patterns.join(' | ')}) ;;`, '*) return 1 ;;', 'esac'];
}

/** ipadm escapes colons within a field (ofmt.c). */
const escaped = (text: string) => text.replaceAll(':', '\\:');

function countLines(nics: readonly Nic[], family: Family): string[] {
  const count = (nic: Nic) => {
    const base = family === 'inet' ? nic.dhcp : hasFamily(nic, 'inet6');
    return addressesOf(nic, family).length + (base ? 1 : 0);
  };
  return [
    'case $1 in',
    ...nics.map((nic) => `${quoteForShell(nic.link)}) count=${count(nic)} ;;`),
    '*) count=0 ;;',
    'esac',
  ];
}

/** What in.ndpd adds by itself, however much. */
function advertisedLines(nics: readonly Nic[]): string[] {
  const links = nics.filter(({ addrconf }) => addrconf).map(({ link }) => `${quoteForShell(`${link}/?:`)}*`);
  return links.length === 0 ? ['return 1'] : ['case $1 in', `${links.join(' | ')}) ;;`, '*) return 1 ;;', 'esac'];
}

/** Every route that is wanted, and no default route but one: those of leases and of routers are their own. */
function routeLines(nics: readonly Nic[], family: Family): string[] {
  const given = nics.some((nic) => isLearnt(nic, family));
  const wanted = (nic: Nic) => wantedRoutes([nic], { families: [family], withDefaults: true });
  const own = nics.flatMap((nic) =>
    onLink(
      nic,
      wanted(nic).map(({ to, router }) => {
        const place = family === 'inet' ? `${to.address}/${netmaskOf(to.length)}` : inet6Destination(formatPrefix(to));
        return `has_route ${family} ${quoteForShell(place)} ${quoteForShell(router)} || return 1`;
      }),
    ),
  );
  const defaults = nics.flatMap((nic) =>
    onLink(
      nic,
      wanted(nic)
        .filter(({ to }) => to.length === 0)
        .map(() => 'wanted=$((wanted + 1))'),
    ),
  );
  // Routers that advertise themselves may be several; of leases one default route is used.
  const compare = !given ? '-eq "$wanted"' : family === 'inet' ? '-le 1' : '-ge 0';
  return [...own, 'wanted=0', ...defaults, `count_defaults ${family}`, `[ "$defaults" ${compare} ]`];
}

const inet6Destination = (prefix: string) => (prefix === '::/0' ? 'default' : prefix);
