export { NETWORK_ERRORS, NetworkError, type NetworkErrorCode } from './errors.ts';
export type {
  Endpoint,
  NameFiles,
  NameFilesOptions,
  NetworkInfo,
  Networks,
  OpenNetworksOptions,
  PortRequest,
  PublishedPort,
  Sandbox,
  SandboxOptions,
} from './interface.ts';
export { openNetworks } from './networks.ts';
export { probeNetworks } from './probe.ts';
export { NETWORK_STEPS, type NetworkStep } from './steps.ts';
