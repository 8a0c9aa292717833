import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ApiEvent, ApiImageInspect, ApiImageSummary } from '../../api/types.ts';
import {
  diskUsageForVersion,
  eventForVersion,
  imageForVersion,
  imageSummaryForVersion,
} from './version-fields.ts';

const image = { Id: 'sha256:a', Size: 5, Config: { Cmd: ['x'] } } as unknown as ApiImageInspect;
const summary = { Id: 'sha256:a', Size: 5 } as unknown as ApiImageSummary;

describe('fields by version', () => {
  it('VirtualSize of images until 1.43', () => {
    assert.deepEqual(imageSummaryForVersion(summary, 43), { ...summary, VirtualSize: 5 });
    assert.deepEqual(imageSummaryForVersion(summary, 44), summary);
    assert.equal('VirtualSize' in imageForVersion(image, 43), true);
    assert.equal('VirtualSize' in imageForVersion(image, 44), false);
    const usage = diskUsageForVersion({ Images: [summary], LayersSize: 5 }, 41);
    assert.deepEqual(usage, { Images: [{ ...summary, VirtualSize: 5 }], LayersSize: 5, BuilderSize: 0 });
    assert.deepEqual(diskUsageForVersion({ Volumes: [] }, 42), { Volumes: [] });
  });

  it("a running container's fields in the config of an image until 1.49, never over the image's own", () => {
    const { Config } = imageForVersion(
      { ...image, Config: { Cmd: ['x'], Tty: true } } as never,
      49,
    ) as ApiImageInspect;
    assert.deepEqual([Config.Cmd, (Config as never as { Tty: boolean }).Tty], [['x'], true]);
    assert.equal((Config as never as { Hostname: string }).Hostname, '');
    assert.deepEqual(imageForVersion(image, 50), image);
  });

  it('status, id and from of events until 1.51, in front', () => {
    const event = (Type: ApiEvent['Type'], image = 'small:1'): ApiEvent => ({
      ...{ Type, Action: 'start', scope: 'local', time: 1, timeNano: 1 },
      Actor: { ID: 'abc', Attributes: { image } },
    });
    assert.deepEqual(Object.keys(eventForVersion(event('container'), 50)).slice(0, 3), [
      'status',
      'id',
      'from',
    ]);
    assert.equal('from' in eventForVersion(event('image'), 50), false);
    assert.equal('from' in eventForVersion(event('container', ''), 50), false);
    assert.deepEqual(eventForVersion(event('volume'), 50), event('volume'));
    assert.deepEqual(eventForVersion(event('container'), 52), event('container'));
  });
});
