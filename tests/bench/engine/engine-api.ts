import { Agent, type IncomingMessage, request } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EngineContender } from './contender.ts';

interface Call {
  readonly method?: string;
  readonly path: string;
  readonly json?: unknown;
  readonly body?: Uint8Array | Readable;
}

/** What a client of the Docker Engine API does, over kept connections, without the cost of a program per call. */
export class EngineApi implements Disposable {
  readonly #agent: Agent;

  constructor({ socketPath }: EngineContender) {
    // `socketPath` is an option of connections, and so of an agent.
    this.#agent = new Agent({ keepAlive: true, ...({ socketPath } as object) });
  }

  /** @throws when the engine refuses, or when progress ends in an error */
  async pull(name: string, tag: string): Promise<void> {
    const query = new URLSearchParams({ fromImage: name, tag });
    const progress = await this.#text({ method: 'POST', path: `/images/create?${query}` });
    refuseFailure(progress);
  }

  async importImage(name: string, tar: Uint8Array): Promise<void> {
    const query = new URLSearchParams({ fromSrc: '-', repo: name });
    refuseFailure(await this.#text({ method: 'POST', path: `/images/create?${query}`, body: tar }));
  }

  /** @returns bytes of the archive, which are dropped */
  async save(name: string): Promise<number> {
    const answer = await this.#open({ path: `/images/get?names=${encodeURIComponent(name)}` });
    let bytes = 0;
    for await (const chunk of answer) bytes += (chunk as Buffer).length;
    return bytes;
  }

  async saveTo(name: string, sink: NodeJS.WritableStream): Promise<void> {
    await pipeline(await this.#open({ path: `/images/get?names=${encodeURIComponent(name)}` }), sink);
  }

  async load(archive: Readable): Promise<void> {
    refuseFailure(await this.#text({ method: 'POST', path: '/images/load?quiet=1', body: archive }));
  }

  /** @returns id of the container */
  async create(config: Readonly<Record<string, unknown>>): Promise<string> {
    const text = await this.#text({ method: 'POST', path: '/containers/create', json: config });
    return (JSON.parse(text) as { readonly Id: string }).Id;
  }

  async start(id: string): Promise<void> {
    await this.#text({ method: 'POST', path: `/containers/${id}/start` });
  }

  /** `docker run --rm`: create, attach, wait for the removal, start, all output, gone. */
  async runToEnd(config: {
    readonly Image: string;
    readonly Cmd: readonly string[];
    readonly network: string;
  }) {
    const { network, ...rest } = config;
    const id = await this.create({
      ...rest,
      AttachStdout: true,
      AttachStderr: true,
      HostConfig: { AutoRemove: true, NetworkMode: network },
    });
    const output = await this.#hijack({
      method: 'POST',
      path: `/containers/${id}/attach?stream=1&stdout=1&stderr=1`,
    });
    const waited = await this.#open({ method: 'POST', path: `/containers/${id}/wait?condition=removed` });
    await this.start(id);
    await ended(output);
    const { StatusCode } = JSON.parse(await textOf(waited)) as { readonly StatusCode: number };
    if (StatusCode !== 0) throw new Error(`Cannot measure: a container ended with ${StatusCode}`);
  }

  /** `docker exec`, to the end of its output and its exit code. */
  async exec(id: string, command: readonly string[]): Promise<void> {
    const made = await this.#text({
      method: 'POST',
      path: `/containers/${id}/exec`,
      json: { Cmd: command, AttachStdout: true, AttachStderr: true },
    });
    const { Id } = JSON.parse(made) as { readonly Id: string };
    await ended(await this.#hijack({ method: 'POST', path: `/exec/${Id}/start`, json: { Detach: false } }));
    const { ExitCode } = JSON.parse(await this.#text({ path: `/exec/${Id}/json` })) as {
      readonly ExitCode: number;
    };
    if (ExitCode !== 0) throw new Error(`Cannot measure: a command ended with ${ExitCode}`);
  }

  async commit(id: string, name: string): Promise<void> {
    const query = new URLSearchParams({ container: id, repo: name });
    await this.#text({ method: 'POST', path: `/commit?${query}`, json: {} });
  }

  async remove(id: string): Promise<void> {
    await this.#text({ method: 'DELETE', path: `/containers/${id}?force=1` });
  }

  async count(): Promise<{ readonly images: number; readonly containers: number }> {
    const { Images, Containers } = JSON.parse(await this.#text({ path: '/info' })) as {
      readonly Images: number;
      readonly Containers: number;
    };
    return { images: Images, containers: Containers };
  }

  async #text(call: Call): Promise<string> {
    return await textOf(await this.#open(call));
  }

  #send(call: Call, options: { readonly upgrade?: boolean } = {}) {
    const { method = 'GET', path, json, body } = call;
    const bytes = json === undefined ? body : Buffer.from(JSON.stringify(json));
    const length = bytes instanceof Readable ? {} : { 'content-length': bytes?.length ?? 0 };
    const sent = request({
      ...{ agent: this.#agent, method, path: `/v1.41${path}`, host: 'docker' },
      headers: {
        ...(method === 'GET' ? {} : length),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(options.upgrade === true ? { connection: 'Upgrade', upgrade: 'tcp' } : {}),
      },
    });
    if (bytes instanceof Readable) pipeline(bytes, sent).catch((error: Error) => sent.destroy(error));
    else sent.end(bytes);
    return sent;
  }

  async #open(call: Call): Promise<IncomingMessage> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      this.#send(call).once('response', resolve).once('error', reject);
    });
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 305) return answer;
    throw new Error(`Cannot ${call.method ?? 'GET'} "${call.path}": ${status} ${await textOf(answer)}`);
  }

  async #hijack(call: Call): Promise<Duplex> {
    return await new Promise((resolve, reject) => {
      this.#send(call, { upgrade: true })
        .once('upgrade', (_, socket: Duplex) => resolve(socket))
        .once('response', (answer) => reject(new Error(`Cannot attach: ${answer.statusCode}`)))
        .once('error', reject);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return text;
}

async function ended(stream: Duplex): Promise<void> {
  stream.resume();
  await new Promise<void>((resolve, reject) => {
    stream.once('end', resolve).once('close', resolve).once('error', reject);
  });
  stream.destroy();
}

function refuseFailure(progress: string): void {
  if (progress.includes('"errorDetail"')) throw new Error(`Cannot measure: ${progress.slice(-500)}`);
}
