// The shape of a stock service's manifest, and its XML.

/** grouping/restart_on and the FMRIs, as svcs -l prints a dependency. */
export interface StockDependency {
  readonly kind: `${'require_all' | 'require_any' | 'optional_all' | 'exclude_all'}/${'none' | 'error' | 'restart' | 'refresh'}`;
  readonly on: readonly string[];
}

export interface StockInstance {
  readonly name: string;
  readonly enabled: boolean;
  readonly needs?: readonly StockDependency[];
  readonly methods?: Readonly<Partial<Record<'start' | 'stop' | 'refresh', string>>>;
  /** Application groups: property → type and value. */
  readonly groups?: Readonly<Record<string, Readonly<Record<string, readonly [type: string, value: string]>>>>;
}

/** One of the operating system's own services. Transient unless said otherwise; a method that is not named is ":true". */
export interface StockService {
  readonly name: string;
  readonly type?: 'restarter' | 'milestone';
  readonly summary: string;
  readonly needs?: readonly StockDependency[];
  /** FMRIs that optionally depend on it, without restart. */
  readonly before?: readonly string[];
  /** Exec strings. */
  readonly start?: string;
  readonly stop?: string;
  readonly refresh?: string;
  /** Seconds of every method; 60 when missing. */
  readonly timeout?: number;
  readonly instances: readonly StockInstance[];
  readonly globalOnly?: true;
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll("'", '&apos;');

function dependencies(needs: readonly StockDependency[], indent: string): string {
  return needs
    .map(({ kind, on }, index) => {
      const [grouping, restartOn] = kind.split('/');
      const type = on.some((fmri) => fmri.startsWith('file:')) ? 'path' : 'service';
      const fmris = on.map((fmri) => `${indent}  <service_fmri value='${escapeXml(fmri)}'/>`).join('\n');
      return `${indent}<dependency name='need_${index}' grouping='${grouping}' restart_on='${restartOn}' type='${type}'>\n${fmris}\n${indent}</dependency>\n`;
    })
    .join('');
}

function methods(execs: readonly (readonly [string, string])[], seconds: number, indent: string): string {
  return execs
    .map(
      ([name, exec]) =>
        `${indent}<exec_method type='method' name='${name}' exec='${escapeXml(exec)}' timeout_seconds='${seconds}'/>\n`,
    )
    .join('');
}

function propertyGroups(groups: NonNullable<StockInstance['groups']>): string {
  return Object.entries(groups)
    .map(([group, values]) => {
      const properties = Object.entries(values).map(
        ([property, [type, value]]) =>
          `        <propval name='${property}' type='${type}' value='${escapeXml(value)}'/>\n`,
      );
      return `      <property_group name='${group}' type='application'>\n${properties.join('')}      </property_group>\n`;
    })
    .join('');
}

function instance(
  { name, enabled, needs = [], methods: own = {}, groups = {} }: StockInstance,
  seconds: number,
): string {
  const execs = methods(Object.entries(own), seconds, '      ');
  return `    <instance name='${name}' enabled='${enabled}'>\n${dependencies(needs, '      ')}${execs}${propertyGroups(groups)}    </instance>\n`;
}

/** The manifest of a stock service. */
export function formatManifest(service: StockService): string {
  const { name, summary, timeout = 60, needs = [], before = [] } = service;
  const execs: [string, string][] = [
    ['start', service.start ?? ':true'],
    ['stop', service.stop ?? ':true'],
  ];
  if (service.refresh !== undefined) execs.push(['refresh', service.refresh]);
  const dependents = before.map(
    (fmri) =>
      `    <dependent name='${name.replaceAll('/', '-')}_${fmri.replace(/^svc:\//, '').replace(/[/:]/g, '-')}' grouping='optional_all' restart_on='none'><service_fmri value='${fmri}'/></dependent>\n`,
  );
  return `<?xml version='1.0'?>
<!DOCTYPE service_bundle SYSTEM '/usr/share/lib/xml/dtd/service_bundle.dtd.1'>
<service_bundle type='manifest' name='lab:${name}'>
  <service name='${name}' type='${service.type ?? 'service'}' version='1'>
${dependencies(needs, '    ')}${dependents.join('')}${methods(execs, timeout, '    ')}    <property_group name='startd' type='framework'>
      <propval name='duration' type='astring' value='transient'/>
    </property_group>
${service.instances.map((each) => instance(each, timeout)).join('')}    <stability value='Unstable'/>
    <template><common_name><loctext xml:lang='C'>${escapeXml(summary)}</loctext></common_name></template>
  </service>
</service_bundle>
`;
}
