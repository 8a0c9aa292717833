/**
 * The points of making and removing a sandbox at which a crash leaves something different behind. Crash tests end the
 * process at each; `restore` of the next engine takes back or completes what was begun.
 */
export const NETWORK_STEPS = [
  /** The bridge is there without rules. */
  'network.bridge',
  /** The rules are there, nothing is forwarded yet. */
  'network.rules',
  /** Namespace, interfaces and address are there, and in no record. */
  'network.wired',
  /** The record is there; ports are held and lead nowhere yet. */
  'network.recorded',
  /** Published ports lead to the container. */
  'network.published',
  /** The record is gone, all else is there. */
  'network.forgotten',
  /** Ports lead nowhere and are free. */
  'network.unpublished',
  /** The namespace has no name any more. */
  'network.dropped',
] as const;

export type NetworkStep = (typeof NETWORK_STEPS)[number];
