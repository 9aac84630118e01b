// The bill of materials of what is shipped: every npm package in the bundles and koffi, as CycloneDX JSON by `npm sbom`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The document, for a given version of the suite. Throws when npm cannot tell. */
export function billOfMaterials(version) {
  const { version: inManifest } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const options = ['--omit=dev', '--sbom-format=cyclonedx', '--sbom-type=application'];
  const text = execFileSync('npm', ['sbom', ...options], { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 });
  const document = JSON.parse(text);
  if (version !== inManifest) document.metadata.component.version = version;
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
