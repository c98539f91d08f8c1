import type { Settings } from '../domain/settings.ts';
import type { HostNetworks } from './claims.ts';
import type { Observed } from './observe.ts';
import type { Records } from './store.ts';

/** What one look at records and host gave. */
export interface Look {
  readonly records: Records;
  readonly settings: Settings;
  readonly observed: Observed;
}

/** All that a decision rests on: a look, and the addresses and routes of the host itself. */
export interface Situation extends Look {
  readonly host: HostNetworks;
}
