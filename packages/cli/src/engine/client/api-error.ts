/** An answer of the engine that says no, in its own words. */
export class ApiError extends Error {
  readonly code = 'ENGINE_ANSWER';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }

  /** As `docker` says it, and as scripts match on it. */
  get words(): string {
    return `Error response from daemon: ${this.message}`;
  }
}

export function isApiError(error: unknown, status?: number): error is ApiError {
  return error instanceof ApiError && (status === undefined || error.status === status);
}
