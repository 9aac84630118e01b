// The license notices of the packages that are in a bundle: most licenses want to go along with every copy.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What esbuild tells of its bundles → one text. Throws where a package has neither a license text nor a name for it. */
export function licenseNotices(...metafiles) {
  const folders = new Set();
  for (const { inputs } of metafiles) {
    for (const input of Object.keys(inputs)) {
      // The innermost: a package may bring another version of one below itself.
      const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
      if (folder !== undefined && existsSync(join(folder, 'package.json'))) folders.add(folder);
    }
  }
  const texts = [...folders].sort().map(noticeOf);
  return `Keepwatch contains these packages in whole or in part, under these licenses.\n${texts.join('')}`;
}

function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice|copying)(?:[.-]|$)/i.test(file));
  if (files.length === 0 && license === undefined) throw new Error(`${folder} does not tell its license`);
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `\n${'='.repeat(80)}\n${[`${name} ${version} (${license?.type ?? license ?? 'see below'})`, ...texts].join('\n\n')}\n`;
}
