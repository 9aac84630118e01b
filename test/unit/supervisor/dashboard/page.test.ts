/** What the page makes of views and entries, and how large it is. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { lanesOf } from '../../../../services/supervisor/dashboard/page/lanes.js';
import { aligned, LatencyRing, medianOf } from '../../../../services/supervisor/dashboard/page/latencyRing.js';
import { durationText, lengthText } from '../../../../services/supervisor/dashboard/page/times.js';
import type {
  CheckView,
  DashboardView,
  InstanceView,
  TimelineEntry,
} from '../../../../services/supervisor/dashboard/view.js';

/** Only what the functions under test look at. */
const viewWith = (parts: object): DashboardView =>
  ({ at: 1_000, instances: [], pools: [], services: [], silenceLimitMs: 2_000, ...parts }) as unknown as DashboardView;
const instance = (name: string, state: string, since?: number): InstanceView =>
  ({ name, state, since }) as unknown as InstanceView;
const entry = (at: number, subject: string, change: string, cause = ''): TimelineEntry => ({
  number: at,
  at,
  subject,
  change,
  cause,
  tone: 'calm',
});

const segments = (view: DashboardView, entries: readonly TimelineEntry[], from = 0, now = 1_000) =>
  lanesOf(view, entries, from, now).map(({ name, segments: all }) => [
    name,
    all.map(({ state, from: begin, to }) => `${state} ${begin}-${to}`).join(', '),
  ]);

test('a lane shows each state as long as it lasted, and nothing before anything was known', () => {
  const view = viewWith({ instances: [instance('A', 'BACKUP', 700)] });
  const entries = [
    entry(100, 'vrrp_instance A', 'INIT -> BACKUP'),
    entry(300, 'vrrp_instance A', 'BACKUP -> MASTER', 'no advertisement'),
    entry(400, 'vrrp_instance A', 'priority 150 -> 90'),
    entry(700, 'vrrp_instance A', 'MASTER -> BACKUP'),
  ];
  assert.deepEqual(segments(view, entries), [['A', 'BACKUP 100-300, MASTER 300-700, BACKUP 700-1000']]);
  assert.deepEqual(segments(view, entries, 500), [['A', 'MASTER 500-700, BACKUP 700-1000']]);
  assert.equal(lanesOf(view, entries, 0, 1_000)[0]?.segments[1]?.why, 'no advertisement');
});

test('older than the time line: known since its last change, or not at all', () => {
  assert.deepEqual(segments(viewWith({ instances: [instance('A', 'MASTER', 600)] }), [entry(500, 'x', 'y')]), [
    ['A', 'MASTER 600-1000'],
  ]);
  assert.deepEqual(segments(viewWith({ instances: [instance('A', 'MASTER')] }), [entry(500, 'x', 'y')]), [
    ['A', 'MASTER 500-1000'],
  ]);
});

test('an unknown state begins when its service was last heard, and a stop ends what was known', () => {
  const view = viewWith({ instances: [instance('A', 'UNKNOWN')], services: [{ name: 'vrrpd', silenceMs: 200 }] });
  const entries = [
    entry(100, 'vrrp_instance A', 'INIT -> MASTER'),
    entry(300, 'suite', 'stopping'),
    entry(500, 'vrrp_instance A', 'INIT -> MASTER'),
  ];
  assert.deepEqual(segments(view, entries), [['A', 'MASTER 100-300, MASTER 500-800, UNKNOWN 800-1000']]);
});

test('real servers have a lane where they changed in that time', () => {
  const pools = [
    {
      name: 'v',
      servers: [
        { name: 'a', state: 'DOWN' },
        { name: 'b', state: 'UP' },
      ],
    },
  ];
  const entries = [entry(100, 'x', 'y'), entry(400, 'real_server a of v', 'DOWN', 'refused')];
  assert.deepEqual(segments(viewWith({ pools }), entries), [['a', 'UP 100-400, DOWN 400-1000']]);
  assert.deepEqual(segments(viewWith({ pools }), entries, 500), []);
});

const poolsWith = (check: Partial<CheckView>) => [
  { name: 'v', servers: [{ name: 'r', checks: [{ name: 'c', state: 'UP', durationMs: 1, ...check }] }] },
];

test('latencies: each end of a check once, bounded, nothing of a silent service, forgotten with the check', () => {
  const ring = new LatencyRing();
  const take = (check: Partial<CheckView>): void => ring.take(viewWith({ pools: poolsWith(check) }));
  take({ at: 10, durationMs: 3 });
  take({ at: 10, durationMs: 3 });
  take({ at: 20, durationMs: 5, state: 'DOWN' });
  take({ at: 30, durationMs: 9, state: 'UNKNOWN' });
  take({ at: undefined });
  const points = ring.of('v', 'r', 'c');
  assert.deepEqual(points, [
    { at: 10, ms: 3, up: true },
    { at: 20, ms: 5, up: false },
  ]);
  assert.equal(medianOf(points), 3, 'a failed check took no time that counts');
  for (let at = 100; at < 1_000; at++) take({ at });
  assert.equal(ring.of('v', 'r', 'c').length, 300);
  assert.equal(ring.of('v', 'r', 'c').at(-1)?.at, 999);
  ring.take(viewWith({ pools: [] }));
  assert.deepEqual(ring.of('v', 'r', 'c'), []);
});

test('lines for a plot share their times; a failure breaks its line and another line does not', () => {
  const up = (at: number, ms: number) => ({ at, ms, up: true });
  assert.deepEqual(
    aligned([{ points: [up(2_000, 7), { at: 3_000, ms: 1, up: false }] }, { points: [up(1_000, 5), up(3_000, 6)] }]),
    [
      [1, 2, 3],
      [undefined, 7, null],
      [5, undefined, 6],
    ],
  );
  assert.equal(medianOf([]), undefined);
});

test('times for people', () => {
  assert.deepEqual([0, 119_999, 120_000, 7_200_000, 172_800_000].map(lengthText), [
    '0 s',
    '119 s',
    '2 min',
    '2 h',
    '2 d',
  ]);
  assert.deepEqual([0.421, 12.34, 1_204].map(durationText), ['0.42 ms', '12.3 ms', '1.20 s']);
});

test('the whole page is under 50 kB as it is sent, compressed, and needs nobody else', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'keepwatch-page-'));
  try {
    const { buildPage } = (await import('../../../../.ci/page.mjs' as string)) as {
      buildPage: (destination: string) => Promise<unknown>;
    };
    await buildPage(directory);
    const sent = readdirSync(directory).filter((name) => name.endsWith('.gz'));
    assert.equal(sent.length, 4, sent.join(' '));
    const bytes = sent.reduce((sum, name) => sum + readFileSync(join(directory, name)).length, 0);
    assert.ok(bytes < 50_000, `${bytes} bytes`);
    for (const name of sent) {
      const text = gunzipSync(readFileSync(join(directory, name))).toString();
      assert.equal(text, readFileSync(join(directory, name.replace(/\.gz$/, '')), 'utf8'));
      const urls = text.match(/(?:https?:)?\/\/[\w-]+(?:\.[\w-]+)+[^\s"'`)]*/g) ?? [];
      // Names of XML languages are no places.
      assert.deepEqual(
        urls.filter((url) => !url.startsWith('http://www.w3.org/')),
        [],
        name,
      );
      assert.doesNotMatch(text, /\beval\(|new Function\(/);
    }
    const html = readFileSync(join(directory, 'index.html'), 'utf8');
    assert.doesNotMatch(
      html,
      /<style|\sstyle=|\son\w+=|<script(?![^>]* src=)/,
      'the policy forbids what stands in the page',
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
