import { SITE_FIELDS, siteRows } from '../../host/show-sites.ts';
import { showCommand } from '../show-rows.ts';

export const showSiteCommand = showCommand({
  argument: 'name of the zone that serves them',
  fields: SITE_FIELDS,
  rows: (zones, records, system) => siteRows(zones, records.zones, system),
});
