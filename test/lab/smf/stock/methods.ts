import type { BuiltinMethod } from '../builtin.ts';
import { manageIpfilter } from './ipfilter.ts';
import { startPhysical } from './physical.ts';
import { startRoutingSetup } from './routing-setup.ts';
import {
  startIdentityNode,
  startInterfaceManagement,
  startLinkManagement,
  startLoopback,
  startManifestImport,
  startNetmask,
  switchForwarding,
} from './simple.ts';

/** The stock services' methods by the path of their script. */
export const BUILTIN_METHODS: Readonly<Record<string, BuiltinMethod>> = {
  '/lib/svc/method/svc-dlmgmtd': startLinkManagement,
  '/lib/svc/method/net-ipmgmt': startInterfaceManagement,
  '/lib/svc/method/net-loopback': startLoopback,
  '/lib/svc/method/net-physical': startPhysical,
  '/lib/svc/method/identity-node': startIdentityNode,
  '/lib/svc/method/ipfilter': manageIpfilter,
  '/lib/svc/method/manifest-import': startManifestImport,
  '/lib/svc/method/net-netmask': startNetmask,
  '/lib/svc/method/net-routing-setup': startRoutingSetup,
  '/lib/svc/method/svc-forwarding': switchForwarding,
};
