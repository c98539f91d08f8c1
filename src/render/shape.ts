/** What a template can expect of a value. "any" is not known beforehand: a value of the site. */
export type Shape =
  | { readonly kind: 'text' | 'any' }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'record'; readonly keys: Readonly<Record<string, Shape>>; readonly open?: true };

export const TEXT: Shape = { kind: 'text' };
export const ANY: Shape = { kind: 'any' };

/** The shape of a view: what an example of it has. */
export function shapeOf(value: unknown): Shape {
  if (Array.isArray(value)) return { kind: 'list', of: value.map(shapeOf).reduce(mergeShapes, ANY) };
  if (typeof value !== 'object' || value === null) return TEXT;
  return { kind: 'record', keys: Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shapeOf(one)])) };
}

/** What values of two shapes have between them: keys that only one of them has are in it. */
export function mergeShapes(a: Shape, b: Shape): Shape {
  if (a.kind === 'list' && b.kind === 'list') return { kind: 'list', of: mergeShapes(a.of, b.of) };
  if (a.kind === 'record' && b.kind === 'record') {
    const keys: Record<string, Shape> = { ...a.keys };
    for (const [key, shape] of Object.entries(b.keys)) {
      const had = keys[key];
      keys[key] = had === undefined ? shape : mergeShapes(had, shape);
    }
    return { kind: 'record', keys, ...(a.open === true || b.open === true ? { open: true as const } : {}) };
  }
  return a.kind === 'any' ? b : a;
}

/** The shape of one key. Undefined: there is none of that name. */
export function keyOf(shape: Shape, key: string): Shape | undefined {
  if (shape.kind === 'any') return ANY;
  if (shape.kind === 'list') return key === 'length' ? TEXT : undefined;
  if (shape.kind !== 'record') return undefined;
  return Object.hasOwn(shape.keys, key) ? shape.keys[key] : shape.open === true ? ANY : undefined;
}

/** Every name that can be written for a value of this shape: "ports.first". What lists hold is not among them. */
export function pathsOf(shape: Shape): string[] {
  if (shape.kind !== 'record') return [];
  return Object.entries(shape.keys).flatMap(([key, inner]) => [key, ...pathsOf(inner).map((path) => `${key}.${path}`)]);
}

/** The names of a shape itself. */
export function namesOf(shape: Shape): string[] {
  return shape.kind === 'record' ? Object.keys(shape.keys) : [];
}
