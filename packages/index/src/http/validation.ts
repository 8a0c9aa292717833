import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { IndexError } from '../errors.ts';

const SHOWN_LENGTH = 80;
const SECRET_FIELD = /password|secret|token|code/;

/**
 * Checks a part of a request against its schema. Query and path values are text, so numbers and booleans in them
 * are read first; a body is taken as it is, for `"1"` in JSON is no number. What is wrong comes back as one error
 * with a sentence per field.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  return (given: unknown) => {
    const value = httpPart === 'body' ? given : Value.Default(schema, Value.Convert(schema, given));
    if (check.Check(value)) return { value };
    return { error: inputError(check.Errors(value), value, httpPart ?? 'request') };
  };
};

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

function inputError(errors: readonly SchemaError[], value: unknown, part: string): IndexError {
  const fields: Record<string, string> = {};
  for (const error of errors) {
    for (const [field, reason] of reasons(error, value)) fields[field] ??= reason;
  }
  const [first] = Object.entries(fields);
  const [field, reason] = first ?? ['', `the ${part} has the wrong shape`];
  const subject = field === '' ? '' : `"${field}" `;
  return new IndexError('INPUT_INVALID', `Cannot read the ${partName(part)}: ${subject}${reason}`, {
    hint: 'the shape of every call is in /api/openapi.json',
    detail: { fields },
  });
}

function reasons(error: SchemaError, value: unknown): readonly (readonly [string, string])[] {
  const path = error.instancePath.split('/').slice(1).join('.');
  const missing = (error.params as { requiredProperties?: readonly string[] }).requiredProperties;
  if (error.keyword === 'required' && missing !== undefined) {
    return missing.map((name) => [path === '' ? name : `${path}.${name}`, 'is missing'] as const);
  }
  const got = SECRET_FIELD.test(path) ? '' : `, got ${shown(valueAt(value, error.instancePath))}`;
  return [[path, `${error.message}${got}`]];
}

function valueAt(value: unknown, pointer: string): unknown {
  let found = value;
  for (const key of pointer.split('/').slice(1)) {
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[key] : undefined;
  }
  return found;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}

function partName(part: string): string {
  if (part === 'querystring') return 'query';
  return part === 'params' ? 'path' : part;
}
