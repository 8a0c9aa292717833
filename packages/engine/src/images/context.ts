import type { ImageID } from '@berth/oci';
import type { ImagesDeps } from './deps.ts';
import type { ImageRows } from './image-rows.ts';
import type { LayerHolds } from './layer-holds.ts';
import type { ImageNames } from './names.ts';
import type { Staging } from './staging/staging.ts';

/** What the verbs of images share. */
export interface ImagesContext {
  readonly deps: ImagesDeps;
  readonly rows: ImageRows;
  readonly names: ImageNames;
  readonly holds: LayerHolds;
  readonly staging: Staging;
}

export interface ImageEvent {
  readonly action: string;
  /** The actor: an image id, or a name. */
  readonly id: string;
  readonly name: string;
  /** Its labels go with the event. */
  readonly labelsOf?: ImageID;
}

/** Tells of an image as Docker does: its labels and `name` are the attributes. */
export async function emitImageEvent(
  { deps, rows }: Pick<ImagesContext, 'deps' | 'rows'>,
  { action, id, name, labelsOf }: ImageEvent,
): Promise<void> {
  const labels = labelsOf === undefined ? undefined : (await rows.row(labelsOf))?.labels;
  deps.emit({
    Type: 'image',
    Action: action,
    Actor: { ID: id, Attributes: { ...labels, ...(name === '' ? {} : { name }) } },
  });
}
