import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import { SETTINGS_FILE } from '../plan/host-paths.ts';
import type { System } from '../system/system.ts';

/** Where libbrand looks for them: BRAND/config.xml (usr/src/lib/libbrand/common/libbrand.c). */
const BRANDS = '/usr/lib/brand';

/**
 * Refuses a zone of a brand that the host has not installed, before anything is made: zonecfg would say so when the links of
 * the zone are there.
 *
 * @throws {OperatorError} NOT_FOUND
 */
export async function refuseMissingBrand(brand: string, zone: ZoneName, system: System): Promise<void> {
  const has = async (name: string) => (await system.kindOf(`${BRANDS}/${name}/config.xml`)) !== undefined;
  if (await has(brand)) return;
  const names = await system.list(BRANDS);
  const known: string[] = [];
  for (const name of names) if (await has(name)) known.push(name);
  // A host that keeps them elsewhere is none that we know: zonecfg tells.
  if (known.length === 0) return;
  throw new OperatorError('NOT_FOUND', `Cannot create zone "${zone}": this host has no brand "${brand}"`, {
    hint: `It has ${known.join(', ')}\nto take one of them:   create-zone -b BRAND, or "brand = BRAND" in ${SETTINGS_FILE} for all`,
  });
}
