import { OperatorError } from '../domain/errors.ts';
import { formatPrefix, type Prefix } from '../domain/prefix.ts';
import { parseStaticRoute } from '../domain/static-route.ts';
import type { RouteWords } from '../illumos/route.ts';

/** One line a route, "10.9.0.0/16 10.2.0.7", with the link behind a link-local router; sorted, each once. */
export function formatRoutes(routes: readonly RouteWords[]): string {
  const lines = routes.map(({ to, router, link }) => [formatPrefix(to), router, ...(link === undefined ? [] : [link])]);
  return [...new Set(lines.map((words) => `${words.join(' ')}\n`))].sort().join('');
}

/** Reads what `formatRoutes` wrote. A line that is no route is left out: nothing may be deleted on its word. */
export function parseRoutes(text: string): RouteWords[] {
  return text.split('\n').flatMap((line): RouteWords[] => {
    const [to = '', router = '', link] = line.split(' ');
    try {
      return [{ ...parseStaticRoute(`${to} ${router}`), ...(link === undefined ? {} : { link }) }];
    } catch (error) {
      if (error instanceof OperatorError) return [];
      throw error;
    }
  });
}

export function isTo({ to }: Pick<RouteWords, 'to'>, prefix: Prefix): boolean {
  return to.address === prefix.address && to.length === prefix.length;
}

/** The table need not say by which interface a route leaves; when both say so, it has to be the same. */
export function isSameRoute(a: RouteWords, b: RouteWords): boolean {
  return isTo(a, b.to) && a.router === b.router && (a.link === undefined || b.link === undefined || a.link === b.link);
}
