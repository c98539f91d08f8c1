import type { Settings } from '../domain/settings.ts';
import type { HostNetworks } from './claims.ts';
import type { Observed } from './observe.ts';
import type { Records } from './store.ts';

/** All that a decision rests on. */
export interface Situation {
  readonly records: Records;
  readonly settings: Settings;
  readonly observed: Observed;
  readonly host: HostNetworks;
}
