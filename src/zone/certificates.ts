import type { ZoneMetadata } from '../domain/metadata.ts';
import { certificateFile } from '../domain/served.ts';
import { describeSite } from '../domain/site.ts';
import type { Trouble } from '../plan/trouble.ts';
import type { System } from '../system/system.ts';

/** The metadata without the sites whose certificate is of no use, and what is to be said of each of those. */
export async function withoutFaultySites(
  metadata: ZoneMetadata,
  system: System,
): Promise<{ readonly metadata: ZoneMetadata; readonly leftOut: readonly Trouble[] }> {
  const names = metadata.sites.flatMap(({ sites }) => sites.flatMap(({ certificate }) => certificate ?? []));
  if (names.length === 0) return { metadata, leftOut: [] };
  const faults = new Map<string, string>();
  for (const name of new Set(names)) {
    const fault = await faultOf(certificateFile(name), system);
    if (fault !== undefined) faults.set(name, fault);
  }
  if (faults.size === 0) return { metadata, leftOut: [] };
  const isFaulty = ({ certificate }: { certificate?: string }) => certificate !== undefined && faults.has(certificate);
  const leftOut = [...faults].map(([name, fault]): Trouble => {
    const sites = metadata.sites.flatMap(({ sites: served }) => served.filter((site) => site.certificate === name));
    const urls = [...new Set(sites.map(describeSite))].join(', ');
    return {
      message: `${urls} ${sites.length === 1 ? 'is' : 'are'} not served: ${certificateFile(name)} ${fault}`,
      hint: 'Put the key and the certificate with its chain there, in PEM; then: svcadm refresh svc:/network/zonenet:default',
    };
  });
  const sites = metadata.sites
    .map(({ zone, sites: served }) => ({ zone, sites: served.filter((site) => !isFaulty(site)) }))
    .filter(({ sites: served }) => served.length > 0);
  return { metadata: { ...metadata, sites }, leftOut };
}

/** What is wrong with a certificate, as its program would see it. Undefined: nothing. */
async function faultOf(path: string, system: System): Promise<string | undefined> {
  const kind = await system.kindOf(path);
  if (kind === undefined) return 'is missing';
  if (kind === 'directory' || kind === 'other') return 'is no file';
  try {
    // A link is followed: to where another tool keeps its certificates.
    const text = (await system.readFile(path)) ?? '';
    const { createPrivateKey, X509Certificate } = process.getBuiltinModule('node:crypto');
    const certificate = new X509Certificate(text);
    return certificate.checkPrivateKey(createPrivateKey(text)) ? undefined : 'has the key of another certificate';
  } catch (error) {
    return `cannot be read as a key and a certificate: ${error instanceof Error ? error.message : String(error)}`;
  }
}
