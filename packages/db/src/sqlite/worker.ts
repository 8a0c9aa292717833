/**
 * The database worker: the one connection that writes. It runs one call after another, synchronously.
 *
 * Its first message tells whether the connection is open; every later one answers one call.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { toFailure } from './failure.ts';
import type { WorkerAnswer, WorkerCall, WorkerData, WorkerResult } from './messages.ts';
import { Statements } from './statements.ts';

const CHECK_LIMIT = 100;

function open({ path, isDurable, busyTimeoutMs }: WorkerData): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  // `journal_mode` comes first: it is what finds out that the file is not a database.
  connection.exec('PRAGMA journal_mode = WAL');
  connection.exec(`PRAGMA synchronous = ${isDurable ? 'FULL' : 'OFF'}`);
  // A burst of writes leaves a long log behind; what is longer is given back at the next checkpoint.
  connection.exec('PRAGMA journal_size_limit = 67108864');
  return connection;
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

function answer(call: WorkerCall, connection: DatabaseSync, statements: Statements): WorkerResult {
  switch (call.type) {
    case 'begin':
      // Takes the write lock now: a lock taken at the first write could fail in the middle of the work.
      connection.exec('BEGIN IMMEDIATE');
      return undefined;
    case 'run':
      return statements.run(call.sql, call.params);
    case 'commit':
      connection.exec('COMMIT');
      return undefined;
    case 'rollback':
      if (connection.isTransaction) connection.exec('ROLLBACK');
      return undefined;
    case 'check':
      return { problems: check(statements) };
    case 'close':
      connection.close();
      return undefined;
    default:
      throw new Error(`The database worker knows no call ${JSON.stringify(call satisfies never)}`);
  }
}

function serve(port: NonNullable<typeof parentPort>): void {
  const connection = open(workerData as WorkerData);
  const statements = new Statements(connection);
  port.on('message', (call: WorkerCall) => {
    let reply: WorkerAnswer;
    try {
      reply = { ok: true, result: answer(call, connection, statements) };
    } catch (error) {
      reply = { ok: false, failure: toFailure(error) };
    }
    port.postMessage(reply);
    if (call.type === 'close') port.close();
  });
  port.postMessage({ ok: true, result: undefined } satisfies WorkerAnswer);
}

if (parentPort === null) throw new Error('The database worker must be started as a worker thread');
try {
  serve(parentPort);
} catch (error) {
  parentPort.postMessage({ ok: false, failure: toFailure(error) } satisfies WorkerAnswer);
  parentPort.close();
}
