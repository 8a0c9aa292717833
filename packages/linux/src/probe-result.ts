/** Whether something works here: what was seen, and where it does not, why and what helps. */
export type ProbeResult =
  | { readonly ok: true; readonly evidence: string }
  | { readonly ok: false; readonly cause: string; readonly evidence: string; readonly fix: string };

export type Probe = ProbeResult & { readonly name: string };

export function works(evidence: string): ProbeResult {
  return { ok: true, evidence };
}

export function fails(cause: string, evidence: string, fix: string): ProbeResult {
  return { ok: false, cause, evidence, fix };
}

/** The words of an error for `evidence`. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
