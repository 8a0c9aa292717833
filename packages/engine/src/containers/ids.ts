import { randomBytes } from 'node:crypto';
import { EngineError } from '../errors.ts';

/** 64 hex digits. The first twelve never look like a number, so that no tool takes a short id for one. */
export function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (!/^\d+$/.test(id.slice(0, 12))) return id;
  }
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** @returns the name without its slash @throws {EngineError} `NAME_INVALID` */
export function parseContainerName(text: string): string {
  const name = text.startsWith('/') ? text.slice(1) : text;
  if (NAME.test(name) && name.length <= 255) return name;
  const message = `Invalid container name (${text.slice(0, 260)}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`;
  throw new EngineError('NAME_INVALID', message);
}
