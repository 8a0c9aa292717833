import { type Static, type TSchema, Type } from 'typebox';

/** Shapes that several families of routes share. */

export const ErrorShape = Type.Object(
  {
    code: Type.String(),
    message: Type.String(),
    /** The same sentence, where Docker Hub's tools look for it. */
    detail: Type.String(),
    hint: Type.Optional(Type.String()),
    fields: Type.Optional(Type.Record(Type.String(), Type.String())),
    text: Type.Optional(Type.String()),
  },
  { description: 'What was wrong with which value, and what to do next' },
);

export const Username = Type.String({ minLength: 1, maxLength: 255, examples: ['alice'] });
/** Lengths of new passwords are judged with words of their own. */
export const Password = Type.String({ minLength: 1, maxLength: 4096 });

export const UserShape = Type.Object({
  id: Type.String({ format: 'uuid' }),
  username: Type.String(),
  is_admin: Type.Boolean(),
  date_joined: Type.String({ format: 'date-time' }),
});

export const PageQuery = {
  page: Type.Integer({ minimum: 1, maximum: 10_000, default: 1 }),
  page_size: Type.Integer({ minimum: 1, maximum: 100, default: 10 }),
};

export function pageOf<T extends TSchema>(row: T) {
  return Type.Object({
    count: Type.Integer({ minimum: 0 }),
    next: Type.Union([Type.String(), Type.Null()]),
    previous: Type.Union([Type.String(), Type.Null()]),
    results: Type.Array(row),
  });
}

export const OpenedShape = Type.Object({ user: UserShape });

/** The error answers of a route, for its schema. */
export function errors(...statuses: readonly number[]): Record<number, typeof ErrorShape> {
  return Object.fromEntries([400, 500, ...statuses].map((status) => [status, ErrorShape]));
}

export type ErrorBody = Static<typeof ErrorShape>;
