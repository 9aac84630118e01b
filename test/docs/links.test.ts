/** Links between the documents lead to files and headings that are there. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';

const SKIPPED = new Set(['node_modules', 'dist', '.git', 'coverage', '.cache']);

/** All documents of the project. */
function documents(folder = '.'): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return documents(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** The text without code, in which brackets are no links. */
const prose = (text: string): string =>
  text.replaceAll(/^ *```[\s\S]*?^ *```/gm, (block) => block.replaceAll(/[^\n]/g, '')).replaceAll(/`[^`\n]*`/g, '`');

/** Anchors of the headings, as GitHub and most renderers make them; and those that the text sets itself. */
function anchorsOf(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  const blocksGone = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
  for (const [, title = ''] of blocksGone.matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const slug = title
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll('\\', '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  for (const [, name = ''] of blocksGone.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(name);
  return anchors;
}

/** What is wrong with the links of a document. */
function brokenLinks(file: string, text: string): string[] {
  const broken: string[] = [];
  for (const [index, line] of prose(text).split('\n').entries())
    for (const [, target = ''] of line.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const to = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)));
      const at = `${file}:${index + 1}: ${target}`;
      if (!existsSync(to)) broken.push(`${at}: there is no ${to}`);
      else if (path.endsWith('/') && !statSync(to).isDirectory()) broken.push(`${at}: ${to} is no folder`);
      else if (anchor !== undefined && !anchorsOf(readFileSync(to, 'utf8')).has(anchor))
        broken.push(`${at}: ${to} has no heading #${anchor}`);
    }
  return broken;
}

describe('links of the documents', () => {
  const found = documents();

  it('are looked for in all of them', () => {
    for (const file of [
      'README.md',
      'CONTRIBUTING.md',
      'docs/running.md',
      'docs/decisions/0001-koffi-for-packets-and-netlink.md',
    ])
      assert.ok(found.includes(file), file);
    assert.deepEqual(
      brokenLinks('README.md', '[a](nowhere.md) `[b](code.md)` [c](#use-it) [d](https://example.org) [e](#no)'),
      ['README.md:1: nowhere.md: there is no nowhere.md', 'README.md:1: #no: README.md has no heading #no'],
    );
    assert.deepEqual([...anchorsOf('# `a_b` c, d\n## x\n## x\n```\n# no\n```\n')], ['a_b-c-d', 'x', 'x-1']);
  });

  for (const file of found)
    it(file, () => {
      assert.deepEqual(brokenLinks(file, readFileSync(file, 'utf8')), []);
    });

  it('reach every document of docs/ from the README', () => {
    const reached = new Set<string>();
    const follow = (file: string): void => {
      if (reached.has(file) || !existsSync(file) || statSync(file).isDirectory()) return;
      reached.add(file);
      if (!file.endsWith('.md')) return;
      for (const [, path = ''] of prose(readFileSync(file, 'utf8')).matchAll(/\]\(([^)#\s:]+)(?:#[^)]*)?\)/g))
        follow(normalize(join(dirname(file), path)));
    };
    follow('README.md');
    const lost = readdirSync('docs').filter((name) => name.endsWith('.md') && !reached.has(`docs/${name}`));
    assert.deepEqual(lost, []);
  });
});
