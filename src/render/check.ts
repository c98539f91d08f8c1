import type { Fault } from '../domain/fault.ts';
import { VALUE_HELPERS } from './helpers.ts';
import { LIMITS } from './limits.ts';
import { nearest } from './nearest.ts';
import { ANY, keyOf, mergeShapes, namesOf, pathsOf, type Shape, TEXT } from './shape.ts';
import type { Block, Call, Expression, Located, PartialCall, Path, Program, Statement } from './syntax.ts';

/** A template or a partial, taken apart. */
export interface Unit {
  /** "hosts.hbs", "partials/banner.hbs". */
  readonly name: string;
  readonly program: Program;
  /** Told of what is wrong in it. */
  report(fault: Fault): void;
}

/** Where a template stands: what names mean there. */
interface Scope {
  readonly unit: Unit;
  readonly root: Shape;
  /** What "this", "../" … are, the outermost first; of a partial, what it was called with is the outermost. */
  readonly stack: readonly Shape[];
  /** Names that "as |name|" has given. */
  readonly named: Readonly<Record<string, Shape>>;
  readonly inEach: boolean;
  readonly nesting: number;
  /** The partials that led here. */
  readonly partials: readonly string[];
}

const BLOCKS = ['if', 'unless', 'each', 'with'];
const EACH_DATA = ['index', 'key', 'first', 'last'];

/**
 * Sees that a template names only what it is given, with all the partials it uses, in every branch: rendering would find
 * a misspelt name only where it comes by, and in "if" and "each" never. `find` gives a partial by its name, "banner".
 */
export function checkTemplate(
  unit: Unit,
  root: Shape,
  find: (partial: string) => Unit | undefined,
  all: string[],
): void {
  walk(unit.program, { unit, root, stack: [root], named: {}, inEach: false, nesting: 0, partials: [] });

  function walk(program: Program | undefined, scope: Scope): void {
    for (const statement of program?.body ?? []) visit(statement, scope);
  }

  function visit(statement: Statement, scope: Scope): void {
    switch (statement.type) {
      case 'ContentStatement':
      case 'CommentStatement':
        break;
      case 'MustacheStatement':
        printed(statement, scope);
        break;
      case 'BlockStatement':
        block(statement, scope);
        break;
      case 'PartialStatement':
        partial(statement, scope);
        break;
      default:
        fault(scope, statement, 'this is not allowed here', 'Only {{> name}}, and blocks of if, unless, each and with');
    }
  }

  /** {{name}} and {{helper …}}: something has to come out that can be printed. */
  function printed(call: Call, scope: Scope): void {
    const { path, params } = call;
    const isCall = params.length > 0 || (path.type === 'PathExpression' && Object.hasOwn(VALUE_HELPERS, path.original));
    const shape = isCall ? helper(call, scope) : expressionShape(path, scope);
    if (shape === undefined || shape.kind === 'text' || shape.kind === 'any') return;
    const what = path.type === 'PathExpression' ? path.original : '';
    const hint =
      shape.kind === 'list'
        ? `Write {{#each ${what}}} … {{/each}}`
        : `It has ${namesOf(shape).join(', ')}: write {{${what}.${namesOf(shape)[0] ?? ''}}}`;
    fault(scope, path, `"${what}" is a ${shape.kind === 'list' ? 'list' : 'group of values'}, not a text`, hint);
  }

  function helper(call: Call, scope: Scope): Shape | undefined {
    const shapes = call.params.map((param) => expressionShape(param, scope));
    for (const { value } of call.hash?.pairs ?? []) expressionShape(value, scope);
    const name = call.path.type === 'PathExpression' ? call.path.original : '';
    const known = Object.hasOwn(VALUE_HELPERS, name) ? VALUE_HELPERS[name] : undefined;
    if (known === undefined) {
      const names = Object.keys(VALUE_HELPERS);
      const near = nearest(name, [...names, ...BLOCKS]);
      const meant = near === undefined ? '' : `did you mean "${near}"? `;
      fault(scope, call.path, `unknown helper "${name}"`, `${meant}There are ${names.join(', ')}`);
      return undefined;
    }
    const [least, most] = known.takes;
    if (shapes.length < least || shapes.length > most) {
      const wanted = least === most ? `${least}` : `${least} to ${most}`;
      fault(scope, call, `"${name}" takes ${wanted} values, not ${shapes.length}`);
    }
    return name === 'default' ? ANY : TEXT;
  }

  function block(statement: Block, scope: Scope): void {
    const name = statement.path.type === 'PathExpression' ? statement.path.original : '';
    if (scope.nesting >= LIMITS.nesting) {
      fault(scope, statement.path, `blocks nest deeper than ${LIMITS.nesting}`);
      return;
    }
    const inner = { ...scope, nesting: scope.nesting + 1 };
    const [first, ...more] = statement.params;
    if (!BLOCKS.includes(name)) {
      const near = nearest(name, BLOCKS);
      const hint = near === undefined ? `Write {{#each ${name}}} or {{#if ${name}}}` : `did you mean "#${near}"?`;
      fault(scope, statement.path, `unknown block "#${name}"`, hint);
      return;
    }
    if (first === undefined || more.length > 0) {
      fault(scope, statement, `"#${name}" takes one value, not ${statement.params.length}`);
      return;
    }
    const shape = expressionShape(first, scope);
    walk(statement.inverse, inner);
    if (shape === undefined) return;
    const entered = enter(name, shape, statement, inner);
    if (entered === undefined) {
      const what = first.type === 'PathExpression' ? `"${first.original}"` : 'this';
      fault(scope, first, name === 'each' ? `${what} is no list` : `${what} has nothing in it to go into`);
      return;
    }
    walk(statement.program, entered);
  }

  /** The scope in a block. Undefined: its value is of another kind. */
  function enter(name: string, shape: Shape, { program }: Block, scope: Scope): Scope | undefined {
    if (name === 'if' || name === 'unless') return scope;
    if (name === 'with' && (shape.kind === 'text' || shape.kind === 'list')) return undefined;
    if (name === 'each' && shape.kind !== 'list' && shape.kind !== 'any') return undefined;
    const item = shape.kind === 'list' ? shape.of : shape;
    const [itemName, indexName] = program?.blockParams ?? [];
    const named = {
      ...scope.named,
      ...(itemName === undefined ? {} : { [itemName]: item }),
      ...(indexName === undefined ? {} : { [indexName]: TEXT }),
    };
    return { ...scope, stack: [...scope.stack, item], named, inEach: scope.inEach || name === 'each' };
  }

  function partial({ name, params, hash, loc }: PartialCall, scope: Scope): void {
    const called = name.type === 'PathExpression' ? name.original : '';
    const target = findPartial(called, { loc: called === '' ? loc : name.loc }, scope);
    if (target === undefined) return;
    const [given] = params;
    const context = given === undefined ? scope.stack.at(-1) : expressionShape(given, scope);
    const added = Object.fromEntries(
      (hash?.pairs ?? []).map(({ key, value }) => [key, expressionShape(value, scope) ?? ANY]),
    );
    if (context === undefined) return;
    const shape = Object.keys(added).length === 0 ? context : mergeShapes({ kind: 'record', keys: added }, context);
    const { root, inEach } = scope;
    const partials = [...scope.partials, called];
    walk(target.program, { unit: target, root, stack: [shape], named: {}, inEach, nesting: 0, partials });
  }

  function findPartial(called: string, place: Located, scope: Scope): Unit | undefined {
    const target = called === '' ? undefined : find(called);
    const near = nearest(called, all);
    const known = `${near === undefined ? '' : `did you mean "${near}"? `}There are ${all.join(', ')}`;
    if (called === '') fault(scope, place, 'the name of a partial has to stand here itself');
    else if (target === undefined) fault(scope, place, `unknown partial "${called}"`, known);
    else if (scope.partials.includes(called)) fault(scope, place, `partial "${called}" uses itself`);
    else if (scope.partials.length >= LIMITS.partials) {
      fault(scope, place, `partials use one another deeper than ${LIMITS.partials}`);
    } else return target;
    return undefined;
  }

  /** The shape of what an expression gives. Undefined: it is wrong, which has been told. */
  function expressionShape(expression: Expression, scope: Scope): Shape | undefined {
    if (expression.type === 'SubExpression') return helper(expression, scope);
    if (expression.type !== 'PathExpression') return TEXT;
    return expression.data ? dataOf(expression, scope) : pathOf(expression, scope);
  }

  function dataOf(path: Path, scope: Scope): Shape | undefined {
    const [first = '', ...rest] = path.parts;
    if (first === 'root') return follow(scope.root, rest, path, scope);
    if (EACH_DATA.includes(first) && rest.length === 0 && scope.inEach) return TEXT;
    const hint = `In "each" there are ${EACH_DATA.map((one) => `@${one}`).join(', ')}; everywhere @root`;
    fault(scope, path, `unknown variable "{{${path.original}}}"`, hint);
    return undefined;
  }

  function pathOf(path: Path, scope: Scope): Shape | undefined {
    const { parts, depth } = path;
    const [first] = parts;
    if (depth === 0 && first !== undefined && Object.hasOwn(scope.named, first)) {
      return follow(scope.named[first] ?? ANY, parts.slice(1), path, scope);
    }
    const from = scope.stack[scope.stack.length - 1 - depth];
    if (from !== undefined) return follow(from, parts, path, scope);
    fault(
      scope,
      path,
      `"${path.original}" leads out of the template`,
      'From a partial, write @root for the values at the top',
    );
    return undefined;
  }

  function follow(from: Shape, parts: readonly string[], path: Path, scope: Scope): Shape | undefined {
    let shape: Shape = from;
    for (const part of parts) {
      const next = keyOf(shape, part);
      if (next === undefined) {
        unknown(path, scope);
        return undefined;
      }
      shape = next;
    }
    return shape;
  }

  function unknown(path: Path, scope: Scope): void {
    const here = scope.stack.at(-1) ?? scope.root;
    const name = path.original.replace(/^(\.\.\/|this\.|this\/|@root\.)+/, '');
    const near = nearest(name, [...pathsOf(here), ...pathsOf(scope.root), ...listNames(scope.root)]);
    const top = namesOf(scope.root).filter((key) => key !== 'template');
    const inner = here === scope.root ? '' : `Here are: ${namesOf(here).join(', ') || 'this'}. `;
    const meant = near === undefined ? '' : `did you mean "${near}"? `;
    fault(
      scope,
      path,
      `unknown variable "{{${path.original}}}"`,
      `${meant}${inner}This template is given: ${top.join(', ')}`,
    );
  }

  /** The fault is where it was written; a partial of several callers reports it once (`Unit.report`). */
  function fault(scope: Scope, { loc: { start, end } }: Located, message: string, hint?: string): void {
    const length = start.line === end.line ? end.column - start.column : 1;
    const place = { line: start.line, column: start.column + 1, length };
    scope.unit.report({ ...place, message, ...(hint === undefined ? {} : { hint }) });
  }
}

/** What the items of lists have, for guesses. */
function listNames(shape: Shape): string[] {
  if (shape.kind === 'list') return [...namesOf(shape.of), ...listNames(shape.of)];
  return shape.kind === 'record' ? Object.values(shape.keys).flatMap(listNames) : [];
}
