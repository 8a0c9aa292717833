import { stripVTControlCharacters } from 'node:util';
import type { CopyEvent } from '@berth/transfer';
import { formatBytes } from '../output/columns.ts';
import { formatSeconds, formatSpeed, progressBar, RESULT_WORDS, shortDigest } from './format.ts';
import type { CopyProgress } from './interface.ts';
import { CopyState, type LayerState, Speed } from './layer-state.ts';

export interface TerminalStyle {
  readonly hasColors: boolean;
  readonly hasUnicode: boolean;
}

/** The part of a terminal that is needed. */
export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

const REDRAW_MS = 100;
const BAR_COLUMNS = 28;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/**
 * A live picture at the foot of the terminal: one line per blob on its way, then the total. Finished blobs scroll
 * away above it as ordinary lines. The cursor is never hidden and no line wraps, so that a program that is killed
 * leaves nothing behind but the last picture.
 */
export function terminalDisplay(terminal: Terminal, style: TerminalStyle): CopyProgress {
  const state = new CopyState();
  const speeds = new Map<string, Speed>();
  const total = new Speed();
  const finished: LayerState[] = [];
  let drawnLines = 0;
  let timer: NodeJS.Timeout | undefined;
  let lastDrawMs = 0;

  const speedOf = (layer: LayerState, nowMs: number): number => {
    const speed = speeds.get(layer.digest) ?? new Speed();
    speeds.set(layer.digest, speed);
    return speed.take(layer.doneBytes, nowMs);
  };

  const picture = (nowMs: number): readonly string[] => {
    const { active, layers } = state;
    if (layers.length === 0) return [];
    const room = Math.max(1, (terminal.rows ?? DEFAULT_ROWS) - 3);
    const shown = active
      .slice(0, room)
      .map((layer) => layerLine(layer, speedOf(layer, nowMs), sizeOf(terminal), style));
    const hidden = active.length - shown.length;
    const moved = layers.reduce(
      (sum, { doneBytes, result }) => sum + (result === 'copied' || result === undefined ? doneBytes : 0),
      0,
    );
    return [
      ...shown,
      ...(hidden > 0 ? [`… and ${hidden} more`] : []),
      totalLine(layers, total.take(moved, nowMs), style),
    ];
  };

  const draw = (isLast: boolean): void => {
    const nowMs = performance.now();
    lastDrawMs = nowMs;
    const columns = sizeOf(terminal);
    const above = finished.splice(0).map((layer) => doneLine(layer, style));
    const below = isLast ? [] : picture(nowMs);
    const erase = drawnLines === 0 ? '' : `\u001b[${drawnLines}A\r\u001b[J`;
    const lines = [...above, ...below].map((line) => `${fit(line, columns)}\n`).join('');
    // One write, so that nobody sees half a picture.
    if (erase !== '' || lines !== '') terminal.write(erase + lines);
    drawnLines = below.length;
  };

  return {
    onEvent(event: CopyEvent) {
      const layer = state.take(event, performance.now());
      if (event.type === 'blob.done' && layer !== undefined) finished.push(layer);
      if (timer !== undefined) return;
      const waitMs = Math.max(0, REDRAW_MS - (performance.now() - lastDrawMs));
      timer = setTimeout(function redraw() {
        draw(false);
        // While something is on its way the speed changes without events too.
        timer = state.active.length > 0 ? setTimeout(redraw, REDRAW_MS) : undefined;
        timer?.unref();
      }, waitMs);
      timer.unref();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
      draw(true);
    },
  };
}

function sizeOf({ columns }: Terminal): number {
  return columns !== undefined && columns > 0 ? columns : DEFAULT_COLUMNS;
}

function layerLine(layer: LayerState, speed: number, columns: number, style: TerminalStyle): string {
  const { digest, doneBytes, sizeBytes, waiting } = layer;
  const name = shortDigest(digest);
  if (waiting !== undefined) return `${name}  ${paint(`waiting: ${waiting}`, 33, style)}`;
  if (doneBytes === 0) return `${name}  ${formatBytes(sizeBytes)}, waiting`;
  const amount = `${formatBytes(doneBytes)} / ${formatBytes(sizeBytes)}`.padStart(19);
  const pace = speed > 0 ? formatSpeed(speed).padStart(11) : ''.padStart(11);
  const bare = [name, amount, pace];
  // A narrow terminal loses the bar first, then the pace.
  const barColumns = Math.min(BAR_COLUMNS, columns - 1 - bare.join('  ').length - 2);
  if (barColumns >= 8) {
    const bar = progressBar(doneBytes / sizeBytes, { width: barColumns, hasUnicode: style.hasUnicode });
    return [name, paint(bar, 36, style), amount, pace].join('  ').trimEnd();
  }
  return (bare.join('  ').length < columns ? bare.join('  ') : `${name}  ${amount.trimStart()}`).trimEnd();
}

function doneLine({ digest, sizeBytes, result }: LayerState, style: TerminalStyle): string {
  const word = RESULT_WORDS[result ?? 'copied'];
  return `${shortDigest(digest)}  ${paint(word, 32, style)}  ${formatBytes(sizeBytes)}`;
}

function totalLine(layers: readonly LayerState[], speed: number, style: TerminalStyle): string {
  const done = layers.filter(({ result }) => result !== undefined).length;
  const doneBytes = layers.reduce((sum, layer) => sum + layer.doneBytes, 0);
  const allBytes = layers.reduce((sum, layer) => sum + layer.sizeBytes, 0);
  const left =
    speed > 0 && doneBytes < allBytes ? `  ${formatSeconds((allBytes - doneBytes) / speed)} left` : '';
  const pace = speed > 0 ? `  ${formatSpeed(speed)}` : '';
  const text = `${done} of ${layers.length}  ${formatBytes(doneBytes)} / ${formatBytes(allBytes)}${pace}${left}`;
  return paint(text, 1, style);
}

function paint(text: string, code: number, { hasColors }: TerminalStyle): string {
  return hasColors ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** Cut to one column less than there are: a full line makes some terminals wrap. */
function fit(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length < columns ? line : plain.slice(0, Math.max(1, columns - 1));
}
