import { exportRecords } from '../../host/import-records.ts';
import type { CliCommand } from '../command.ts';

export const exportCommand: CliCommand = {
  configure(command, act) {
    command.action(() => {
      act(async ({ host, print }) => print(await exportRecords(host)));
    });
  },
};
