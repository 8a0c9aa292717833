import type { Emit } from '../parts.ts';
import type { Container } from './container.ts';
import type { VolumePlan } from './model.ts';

/** The events of a container, with the attributes that Docker gives them: labels, image and name, and what is said here. */
export function tell(
  emit: Emit,
  container: Container,
  event: { readonly action: string; readonly attributes?: Readonly<Record<string, string>> },
): void {
  const { config } = container.settings;
  emit({
    Type: 'container',
    Action: event.action,
    Actor: {
      ID: container.id,
      Attributes: { ...config.Labels, ...event.attributes, image: config.Image, name: container.name },
    },
  });
}

export function tellNetwork(
  emit: Emit,
  container: Container,
  event: {
    readonly action: 'connect' | 'disconnect';
    readonly id: string;
    readonly name: string;
    readonly type: string;
  },
): void {
  emit({
    Type: 'network',
    Action: event.action,
    Actor: { ID: event.id, Attributes: { container: container.id, name: event.name, type: event.type } },
  });
}

export function tellVolume(
  emit: Emit,
  container: Container,
  event: { readonly action: 'mount' | 'unmount'; readonly volume: VolumePlan },
): void {
  const { action, volume } = event;
  const more =
    action === 'mount'
      ? { destination: volume.destination, propagation: '', 'read/write': String(!volume.isReadonly) }
      : {};
  emit({
    Type: 'volume',
    Action: action,
    Actor: { ID: volume.name, Attributes: { container: container.id, driver: 'local', ...more } },
  });
}
