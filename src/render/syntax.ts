// What Handlebars.parse gives, as far as templates are checked. Its own types call every kind "string".

interface Located {
  readonly loc: { readonly start: Position; readonly end: Position };
}

interface Position {
  /** From 1. */
  readonly line: number;
  /** From 0. */
  readonly column: number;
}

export interface Program {
  readonly body: readonly Statement[];
  readonly blockParams?: readonly string[];
}

export interface Call extends Located {
  readonly path: Expression;
  readonly params: readonly Expression[];
  readonly hash?: { readonly pairs: readonly HashPair[] };
}

interface HashPair extends Located {
  readonly key: string;
  readonly value: Expression;
}

export interface Block extends Call {
  readonly type: 'BlockStatement';
  readonly program?: Program;
  readonly inverse?: Program;
}

export interface PartialCall extends Located {
  readonly type: 'PartialStatement';
  readonly name: Expression;
  readonly params: readonly Expression[];
  readonly hash?: { readonly pairs: readonly HashPair[] };
}

export type Statement =
  | (Located & { readonly type: 'ContentStatement' | 'CommentStatement' })
  | (Call & { readonly type: 'MustacheStatement' })
  | Block
  | PartialCall
  | (Located & { readonly type: 'PartialBlockStatement' | 'Decorator' | 'DecoratorBlock' });

export interface Path extends Located {
  readonly type: 'PathExpression';
  /** Whether it begins with "@". */
  readonly data: boolean;
  /** How often "../" stands before it. */
  readonly depth: number;
  readonly parts: readonly string[];
  /** As it is written. */
  readonly original: string;
}

export type Expression =
  | Path
  | (Call & { readonly type: 'SubExpression' })
  | (Located & {
      readonly type: 'StringLiteral' | 'NumberLiteral' | 'BooleanLiteral' | 'UndefinedLiteral' | 'NullLiteral';
    });

export type { Located };
