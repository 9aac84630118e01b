/** How long the checks of a pool took lately: one line for each real server. Failed checks are crosses. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { PoolView } from '../view.js';
import { aligned, type LatencyLine, type LatencyPoint } from './latencyRing.js';
import { latency, latencyVersion, now } from './state.js';
import { theme } from './theme.js';
import { clockText, durationText } from './times.js';

const HEIGHT = 150;
/** Length of time shown. */
const SPAN_S = 180;
const MOST_LINES = 8;

export function LatencyPlot({ pool }: { pool: PoolView }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const version = latencyVersion.value;
  const colours = theme.value;
  const lines = linesOf(pool);
  // The plot outlives this drawing of the page, and asks for the points when it is drawn itself.
  const newest = useRef(lines);
  newest.current = lines;
  const shape = lines.map(({ label }) => label).join('\n');

  useEffect(() => {
    const { current } = place;
    if (current === null) return;
    document.documentElement.append(probe);
    const made = new uPlot(optionsOf(newest, current.clientWidth), aligned(lines), current);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: current.clientWidth, height: HEIGHT }));
    watch.observe(current);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => made.redraw();
    dark.addEventListener('change', redraw);
    return () => {
      dark.removeEventListener('change', redraw);
      watch.disconnect();
      made.destroy();
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData(aligned(lines), false);
    const end = now.peek() / 1_000;
    plot.current?.setScale('x', { min: end - SPAN_S, max: end });
  }, [version, shape]);
  useEffect(() => plot.current?.redraw(), [colours]);

  return (
    <figure class="latency">
      <figcaption>Check latency, last {SPAN_S / 60} minutes as heard by this page</figcaption>
      <div ref={place} role="img" aria-label={`Latency of the checks of ${pool.name}: ${spoken(lines)}`} />
    </figure>
  );
}

interface Line extends LatencyLine {
  readonly label: string;
  /** Place of its server, which gives the colour. */
  readonly index: number;
}

const linesOf = ({ name, servers }: PoolView): Line[] =>
  servers
    .flatMap((server, index) =>
      server.checks.map((check) => ({
        label: `${server.name} ${check.name}`,
        index,
        points: latency.of(name, server.name, check.name),
      })),
    )
    .slice(0, MOST_LINES);

function spoken(lines: readonly Line[]): string {
  return lines
    .map(({ label, points }) => {
      const last = points.at(-1);
      if (last === undefined) return `${label} not heard yet`;
      return `${label} ${last.up ? durationText(last.ms) : 'failed'}`;
    })
    .join(', ');
}

/** A colour of the style sheet as it is now: a variable itself still reads `light-dark(…)`. */
function colour(name: string): string {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}
const probe = document.createElement('i');
probe.hidden = true;

function optionsOf(newest: { readonly current: readonly Line[] }, width: number): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => colour('--dim'),
    grid: { stroke: () => colour('--rule'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: true, auto: false }, y: { range: (_plot, _low, high) => [0, Math.max(high, 1) * 1.15] } },
    axes: [
      { ...axis, space: 80, size: 28, values: (_plot, times) => times.map((time) => clockText(time * 1_000)) },
      {
        ...axis,
        size: 62,
        values: (_plot, values) => values.map((value) => (value < 1_000 ? `${value} ms` : `${value / 1_000} s`)),
      },
    ],
    series: [
      {},
      ...newest.current.map(({ label, index }) => ({
        label,
        stroke: () => colour(`--line-${index % 8}`),
        width: 2,
        ...(index % 2 === 1 ? { dash: [6, 3] } : {}),
        points: { size: 5 },
      })),
    ],
    hooks: { draw: [(plot) => drawFailures(plot, newest.current)] },
  };
}

function drawFailures(plot: uPlot, lines: readonly Line[]): void {
  const { ctx } = plot;
  ctx.save();
  ctx.strokeStyle = colour('--bad');
  ctx.lineWidth = 2 * devicePixelRatio;
  for (const { points } of lines) for (const point of points) if (!point.up) drawCross(plot, point);
  ctx.restore();
}

function drawCross(plot: uPlot, { at, ms }: LatencyPoint): void {
  const { ctx, bbox } = plot;
  const x = plot.valToPos(at / 1_000, 'x', true);
  if (x < bbox.left) return;
  const y = Math.max(bbox.top + 6, plot.valToPos(ms, 'y', true));
  const arm = 4 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x - arm, y - arm);
  ctx.lineTo(x + arm, y + arm);
  ctx.moveTo(x - arm, y + arm);
  ctx.lineTo(x + arm, y - arm);
  ctx.stroke();
}
