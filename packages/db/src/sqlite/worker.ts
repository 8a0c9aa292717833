/** The database worker: of each database the one connection that writes. It runs one call after another, synchronously. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { toFailure } from './failure.ts';
import type {
  ConnectionCall,
  ConnectionOptions,
  WorkerAnswer,
  WorkerCall,
  WorkerResult,
} from './messages.ts';
import { Statements } from './statements.ts';

const CHECK_LIMIT = 100;

interface Connection {
  readonly database: DatabaseSync;
  readonly statements: Statements;
}

function open({ source, isDurable, busyTimeoutMs }: ConnectionOptions): Connection {
  const connection = new DatabaseSync(source, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  // `journal_mode` comes first: it is what finds out that the file is not a database.
  connection.exec('PRAGMA journal_mode = WAL');
  connection.exec(`PRAGMA synchronous = ${isDurable ? 'FULL' : 'OFF'}`);
  // A burst of writes leaves a long log behind; what is longer is given back at the next checkpoint.
  connection.exec('PRAGMA journal_size_limit = 67108864');
  return { database: connection, statements: new Statements(connection) };
}

/** @see https://sqlite.org/pragma.html#pragma_integrity_check */
function check(statements: Statements): readonly string[] {
  const integrity = statements.run(`PRAGMA integrity_check(${CHECK_LIMIT})`, []).rows;
  const problems = integrity.map((row) => String(row.integrity_check)).filter((text) => text !== 'ok');
  const orphans = statements.run('PRAGMA foreign_key_check', []).rows;
  return [
    ...problems,
    ...orphans
      .slice(0, CHECK_LIMIT)
      .map(
        (row) =>
          `Row ${String(row.rowid)} of "${String(row.table)}" refers to no row of "${String(row.parent)}"`,
      ),
  ];
}

function answer(call: Exclude<ConnectionCall, { type: 'open' }>, connection: Connection): WorkerResult {
  const { database, statements } = connection;
  switch (call.type) {
    case 'begin':
      // Takes the write lock now: a lock taken at the first write could fail in the middle of the work.
      database.exec('BEGIN IMMEDIATE');
      return undefined;
    case 'run':
      return statements.run(call.sql, call.params);
    case 'commit':
      database.exec('COMMIT');
      return undefined;
    case 'rollback':
      if (database.isTransaction) database.exec('ROLLBACK');
      return undefined;
    case 'check':
      return { problems: check(statements) };
    case 'close':
      database.close();
      return undefined;
    default:
      throw new Error(`The database worker knows no call ${JSON.stringify(call satisfies never)}`);
  }
}

function serve(port: NonNullable<typeof parentPort>): void {
  const connections = new Map<number, Connection>();
  const perform = (call: Exclude<WorkerCall, { type: 'end' }>): WorkerResult => {
    if (call.type === 'open') {
      connections.set(call.connection, open(call));
      return undefined;
    }
    const connection = connections.get(call.connection);
    if (connection === undefined) throw new Error(`There is no connection ${call.connection}`);
    if (call.type === 'close') connections.delete(call.connection);
    return answer(call, connection);
  };
  port.on('message', (call: WorkerCall) => {
    if (call.type === 'end') return port.close();
    let reply: WorkerAnswer;
    try {
      reply = { ok: true, result: perform(call) };
    } catch (error) {
      reply = { ok: false, failure: toFailure(error) };
    }
    port.postMessage(reply);
  });
}

if (parentPort === null) throw new Error('The database worker must be started as a worker thread');
serve(parentPort);
