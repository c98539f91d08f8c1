/** A net resource of a zone's configuration, as it stands there. */
export interface ZoneNet {
  readonly physical: string;
  /** Of a zone with a shared IP stack. */
  readonly address?: string;
  /** Of a zone with a stack of its own: it may use this address only. */
  readonly allowedAddress?: string;
  readonly defrouter?: string;
}

const KEYS = {
  physical: 'physical',
  address: 'address',
  'allowed-address': 'allowedAddress',
  defrouter: 'defrouter',
} as const;

/** Reads the net resources of what `exportConfig` printed (§4.7, §11.6), in their order. */
export function parseNets(stdout: string): ZoneNet[] {
  const nets: ZoneNet[] = [];
  let net: { -readonly [K in keyof ZoneNet]?: string } | undefined;
  for (const line of stdout.split('\n')) {
    if (line === 'add net') net = {};
    else if (line === 'end' && net !== undefined) {
      const { physical = '', ...rest } = net;
      nets.push({ physical, ...rest });
      net = undefined;
    } else if (net !== undefined) {
      const [, key = '', value = ''] = /^set ([a-z-]+)="?([^"]*)"?$/.exec(line) ?? [];
      const name = Object.hasOwn(KEYS, key) ? KEYS[key as keyof typeof KEYS] : undefined;
      if (name !== undefined && value !== '') net[name] = value;
    }
  }
  return nets;
}
