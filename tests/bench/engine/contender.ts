/** An engine under measurement. Both speak the same API. */
export interface EngineContender {
  readonly socketPath: string;
  /** Number 1 of its house, as this machine sees it: all that belongs to the engine is below. */
  readonly housePid: number;
}

/** How much is measured. */
export interface EngineSize {
  /** Pairs of pull, save and load; each finds an engine without any image. The median counts. */
  readonly imageRounds: number;
  /** `fixture`: five layers, 500 MB; `small`: one of 10 MB. */
  readonly image: 'fixture' | 'small';
  readonly containerRounds: number;
  /** Containers that are started at once. */
  readonly crowd: number;
  readonly idleContainers: number;
  /** Before memory is measured: what was just done is to be forgotten. */
  readonly settleSeconds: number;
  /** What an engine has when it is started. */
  readonly images: number;
  readonly stoppedContainers: number;
}

export const FULL_SIZE: EngineSize = {
  imageRounds: 5,
  image: 'fixture',
  containerRounds: 15,
  crowd: 20,
  idleContainers: 20,
  settleSeconds: 10,
  images: 1000,
  stoppedContainers: 200,
};
