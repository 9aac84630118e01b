/** The bill of materials against what is really in the bundles, as their source maps tell. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly { readonly license?: { readonly id?: string }; readonly expression?: string }[];
}

const skip = existsSync('dist/.built') ? false : 'not built: npm run build';

describe('bill of materials', { skip }, () => {
  let components: readonly Component[] = [];
  let document: {
    readonly bomFormat: string;
    readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
  };
  before(() => {
    const read = JSON.parse(execFileSync(process.execPath, ['.ci/package/sbom.mjs', '9.8.7'], { encoding: 'utf8' }));
    document = read;
    components = read.components;
  });

  it('is CycloneDX and about the version that is packaged', () => {
    assert.equal(document.bomFormat, 'CycloneDX');
    assert.equal(document.metadata.component.name, 'keepwatch');
    assert.equal(document.metadata.component.version, '9.8.7');
  });

  it('names every package that is in a bundle, and the native one beside them', () => {
    const bundled = new Set<string>();
    const maps = ['dist/lib', 'dist/dashboard'].flatMap((folder) =>
      readdirSync(folder).flatMap((name) => (/(?:js|cjs)\.map$/.test(name) ? [join(folder, name)] : [])),
    );
    for (const file of maps) {
      const { sources } = JSON.parse(readFileSync(file, 'utf8')) as { readonly sources: string[] };
      for (const source of sources) {
        // The innermost: a package may bring another version of one below itself.
        const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source)?.[0];
        const below = folder?.replace(/^.*?(?=node_modules\/)/, '');
        // A package that was built from another's sources may name those, which are not here.
        if (below !== undefined && existsSync(join(below, 'package.json'))) bundled.add(below);
      }
    }
    assert.ok(bundled.size > 10, [...bundled].join(' '));
    for (const name of ['preact', '@preact/signals', 'uplot']) assert.ok(bundled.has(`node_modules/${name}`), name);
    const notices = readFileSync('dist/THIRD-PARTY', 'utf8');
    for (const folder of bundled) {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      assert.ok(notices.includes(`\n${name} ${version} (`), `${name} has no license notice`);
    }
    assert.match(notices, /uplot [\d.]+ \(MIT\)\n\n.*MIT License/, 'with the text of the license');
    bundled.add('node_modules/koffi');
    bundled.add(`node_modules/@koromix/koffi-linux-${process.arch}`);
    const known = new Set(components.map(({ purl }) => decodeURIComponent(purl.replace('pkg:npm/', ''))));
    for (const folder of bundled) {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      assert.ok(known.has(`${name}@${version}`), `${name}@${version} is shipped and not in the bill of materials`);
    }
  });

  it('tells the license of each, names no development tool and no place of this machine', () => {
    for (const { name, version, licenses, purl } of components) {
      const [first] = licenses ?? [];
      assert.ok(first?.license?.id ?? first?.expression, `${name}@${version} has no license`);
      assert.match(purl, /^pkg:npm\//);
    }
    assert.ok(!components.some(({ purl }) => /\/(?:esbuild|typescript|biome|buf)@/.test(purl)));
    assert.ok(!JSON.stringify(components).includes(process.cwd()));
  });
});
