export type { Actor, BerthEvent, EventRecord, EventType } from './events.ts';
export type { EventLog } from './interface.ts';
export { createMemoryEventLog, type MemoryEventLog } from './memory.ts';
export { createWakeUp, type WakeUp } from './wake-up.ts';
