/** Small signs used everywhere: states, moments. A state is a word, a shape and a colour: any one of them is enough. */
import { useComputed } from '@preact/signals';
import type { Tone } from '../view.js';
import { now } from './state.js';
import { lengthText, momentText } from './times.js';

const TONE_OF_STATE: Readonly<Record<string, Tone>> = {
  MASTER: 'master',
  BACKUP: 'backup',
  FAULT: 'bad',
  INIT: 'busy',
  STOP: 'calm',
  UP: 'good',
  DOWN: 'bad',
  UNCHECKED: 'busy',
};

/** How a state is shown; one that has no tone is not known. */
export const toneOfState = (state: string): Tone => TONE_OF_STATE[state] ?? 'unknown';

/** A state in a coloured box. */
export function Badge({ text, tone, large = false }: { text: string; tone: Tone; large?: boolean }) {
  return <span class={`badge ${tone}${large ? ' large' : ''}`}>{text}</span>;
}

/** A dot before a line; its meaning stands in the text beside it. */
export function Dot({ tone }: { tone: Tone }) {
  return <span class={`dot ${tone}`} aria-hidden="true" />;
}

/** `03:12:55 (12 s ago)`; the age goes on by itself. */
export function Moment({ at }: { at: number }) {
  const age = useComputed(() => lengthText(now.value - at));
  return (
    <time dateTime={new Date(at).toISOString()} title={new Date(at).toISOString()}>
      {momentText(at, now.peek())} <span class="dim">({age} ago)</span>
    </time>
  );
}

/** `12 s`, counted from a moment. */
export function Age({ at }: { at: number }) {
  return <>{useComputed(() => lengthText(now.value - at))}</>;
}

/** The element of a thing that other places link to. */
export const anchorOf = (kind: string, name: string): string => `${kind}-${name.replaceAll(/[^\w-]+/g, '_')}`;
