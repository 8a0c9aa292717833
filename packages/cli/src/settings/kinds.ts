/** What a setting may be. Plain checks: a library for schemas would be most of the memory of a small program. */

interface Notes {
  /** Ends the sentence "… expected …" of an error. */
  readonly expected: string;
  readonly description: string;
}

export interface Kind<Value> {
  readonly kind: 'text' | 'yes-no' | 'list';
  readonly accepts: (value: unknown) => value is Value;
}

export type ValueOf<Setting> = Setting extends Kind<infer Value> ? Value : never;

/** Not empty, and as the pattern has it. */
export function text<
  const Given extends Notes & {
    readonly pattern?: RegExp;
    readonly default?: string;
    readonly secret?: true;
  },
>(given: Given): Given & Kind<string> {
  const { pattern = /./ } = given;
  return {
    ...given,
    kind: 'text',
    accepts: (value): value is string => typeof value === 'string' && pattern.test(value),
  };
}

export function choice<
  const Choice extends string,
  const Given extends Notes & { readonly default: NoInfer<Choice> },
>(choices: readonly Choice[], given: Given): Given & Kind<Choice> {
  return {
    ...given,
    kind: 'text',
    accepts: (value): value is Choice => (choices as readonly unknown[]).includes(value),
  };
}

export function yesNo<const Given extends Notes & { readonly default: boolean }>(
  given: Given,
): Given & Kind<boolean> {
  return { ...given, kind: 'yes-no', accepts: (value) => typeof value === 'boolean' };
}

/** None of them empty, each as the pattern has it. */
export function list<
  Given extends Notes & { readonly default: readonly string[]; readonly pattern?: RegExp },
>(given: Given): Given & Kind<readonly string[]> {
  const { pattern = /./ } = given;
  return {
    ...given,
    kind: 'list',
    accepts: (value): value is readonly string[] =>
      Array.isArray(value) && value.every((one) => typeof one === 'string' && pattern.test(one)),
  };
}
