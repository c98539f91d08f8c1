// network/routing-setup: routes of files, and whether in.routed starts (§2.7).
import { routingChosen } from '../../commands/routeadm.ts';
import type { BuiltinCall, BuiltinMethod } from '../builtin.ts';
import { entriesOf } from './lines.ts';

const ROUTE = '/usr/sbin/route';
const ROUTED = 'svc:/network/routing/route:default';

/** An existing /etc/defaultrouter without entries flushes all routes. */
async function setDefaultRouters({ files, run }: BuiltinCall): Promise<void> {
  const text = files.read('/etc/defaultrouter');
  if (text !== undefined && entriesOf(text).length === 0) await run(ROUTE, '-fn');
}

/** Interface routes first, then the others. What exists already is no failure. */
async function addStaticRoutes({ files, run }: BuiltinCall): Promise<void> {
  const routes = entriesOf(files.read('/etc/inet/static_routes')).map((line) => line.split(/\s+/));
  const isInterface = (words: readonly string[]) => words.includes('-interface');
  for (const words of [...routes.filter(isInterface), ...routes.filter((each) => !isInterface(each))])
    await run(ROUTE, '-n', 'add', ...words);
}

/** Without a default route in `netstat -rn -f inet`, and when nobody has chosen, ipv4-routing is enabled. */
export const startRoutingSetup: BuiltinMethod = async (call) => {
  await setDefaultRouters(call);
  await addStaticRoutes(call);
  const { stdout } = await call.run('/usr/bin/netstat', '-rn', '-f', 'inet');
  const known = stdout.split('\n').some((line) => line.startsWith('default '));
  if (!known && !routingChosen(call.zone)) call.enable(ROUTED, true);
  return 0;
};
