/** Rows of the Index's own database. Times are integer milliseconds, booleans 0 or 1, secrets are only kept hashed. */

export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly is_admin: number;
  /** PHC string: algorithm, parameters, salt and hash in one. */
  readonly password_hash: string;
  /** What a repository becomes that a push makes. */
  readonly default_private: number;
  readonly created_at: number;
}

/** At most one row: the living set-up code. */
export interface SetupCodeRow {
  readonly code_hash: string;
  readonly created_at: number;
}

export interface SessionRow {
  readonly token_hash: string;
  readonly user_id: string;
  /** Set when an access token opened the session: it dies with the token. */
  readonly access_token_id: string | null;
  readonly created_at: number;
  readonly expires_at: number;
}

export interface AccessTokenRow {
  readonly id: string;
  readonly user_id: string;
  readonly label: string;
  readonly token_hash: string;
  /** JSON array of `TokenScope`. */
  readonly scopes: string;
  readonly is_active: number;
  readonly created_at: number;
  readonly expires_at: number | null;
  /** To the minute. */
  readonly last_used_at: number | null;
}

export interface RefreshTokenRow {
  readonly token_hash: string;
  readonly user_id: string;
  /** Set when an access token asked for it: it dies with the token and can do no more. */
  readonly access_token_id: string | null;
  readonly client_id: string;
  readonly created_at: number;
  readonly expires_at: number;
}

export interface SigningKeyRow {
  readonly kid: string;
  /** JSON Web Key, private part included. */
  readonly private_jwk: string;
  readonly created_at: number;
}

export interface RepositoryRow {
  readonly id: string;
  /** The registry's immutable id; `null` until the first push. */
  readonly registry_id: string | null;
  readonly namespace: string;
  readonly name: string;
  readonly description: string;
  readonly full_description: string;
  readonly is_private: number;
  readonly created_at: number;
  readonly updated_at: number;
}

/** How far an event log has been followed. */
export interface CursorRow {
  readonly log: string;
  readonly seq: number;
}

export interface Tables {
  readonly users: UserRow;
  readonly setup_codes: SetupCodeRow;
  readonly sessions: SessionRow;
  readonly access_tokens: AccessTokenRow;
  readonly refresh_tokens: RefreshTokenRow;
  readonly signing_keys: SigningKeyRow;
  readonly repositories: RepositoryRow;
  readonly cursors: CursorRow;
}
