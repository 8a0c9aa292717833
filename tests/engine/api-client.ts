import { request } from 'node:http';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. */
  json<T = Record<string, unknown>>(): T;
}

export interface ApiCall {
  readonly method?: string;
  readonly path: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One whole request to the socket of an engine, by `node:http`, on a connection of its own. */
export async function callApi(socketPath: string, call: ApiCall): Promise<ApiAnswer> {
  const { method = 'GET', path, json, headers } = call;
  const body = json === undefined ? call.body : JSON.stringify(json);
  return await new Promise((resolve, reject) => {
    const sent = request({
      ...{ socketPath, method, path, agent: false },
      headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: <T>() => JSON.parse(text) as T,
        });
      });
    });
    sent.end(body);
  });
}
