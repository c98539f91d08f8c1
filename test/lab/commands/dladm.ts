// dladm(8): data links (§1). What is missing here – aggregations, VLAN links, overlays, bridges, wireless, statistics – is not modelled.
import { type Call, NotModelled, type Program } from '../daemon/call.ts';
import { withLock } from '../daemon/locks.ts';
import type { Lab } from '../daemon/state.ts';
import { createEtherstub, createVnic, deleteEtherstub, deleteVnic, renameLink } from './dladm-change.ts';
import { resetLinkprop, setLinkprop, showLinkprop } from './dladm-linkprop.ts';
import { showEtherstub, showLink, showPhys, showVnic } from './dladm-show.ts';

type Subcommand = (call: Call, lab: Lab, args: readonly string[]) => number | Promise<number>;

const SHOWS: Readonly<Record<string, Subcommand>> = {
  'show-link': showLink,
  'show-phys': showPhys,
  'show-vnic': showVnic,
  'show-etherstub': showEtherstub,
  'show-linkprop': showLinkprop,
};
const CHANGES: Readonly<Record<string, Subcommand>> = {
  'create-etherstub': createEtherstub,
  'delete-etherstub': deleteEtherstub,
  'create-vnic': createVnic,
  'delete-vnic': deleteVnic,
  'rename-link': renameLink,
  'set-linkprop': setLinkprop,
  'reset-linkprop': resetLinkprop,
};

export const dladm: Program = (call, lab) => {
  const [name = 'show-link', ...args] = call.args;
  const show = Object.hasOwn(SHOWS, name) ? SHOWS[name] : undefined;
  if (show !== undefined) return show(call, lab, args);
  const change = Object.hasOwn(CHANGES, name) ? CHANGES[name] : undefined;
  if (change === undefined) throw new NotModelled(`dladm ${name}`);
  if (call.zone !== lab.global) throw new NotModelled(`dladm ${name} in a zone`);
  if (call.uid !== 0) throw new NotModelled(`dladm ${name} by another user than root`);
  // dlmgmtd does one change after the other (§1.12).
  return withLock('datalinks', () => change(call, lab, args));
};
