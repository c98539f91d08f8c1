// The grammar of interface and address object names (§2.3; test/fixtures/conformance/names.json).

const LONGEST = 31;

/** An interface name, "web0", with a logical number perhaps, "web0:1": it ends in its number. */
export const isInterfaceName = (text: string) =>
  text.length <= LONGEST && /^[^/]*[^/\d:][^/:]*(?<=\d)(:\d+)?$/.test(text);

export interface AddressName {
  readonly interfaceName: string;
  /** The part after the slash. */
  readonly label: string;
}

/**
 * Reads "web0/v4". The label starts with a letter and has letters and digits only, 31 at most.
 * Undefined: `Invalid argument provided`.
 */
export function parseAddressName(text: string): AddressName | undefined {
  const slash = text.indexOf('/');
  const interfaceName = slash < 0 ? text : text.slice(0, slash);
  const label = slash < 0 ? '' : text.slice(slash + 1);
  if (!isInterfaceName(interfaceName)) return undefined;
  if (slash >= 0 && !/^[A-Za-z][A-Za-z0-9]{0,30}$/.test(label)) return undefined;
  return { interfaceName, label };
}
