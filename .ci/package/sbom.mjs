// The bill of materials of what is shipped, as CycloneDX JSON by `npm sbom`.
// usage: node .ci/package/sbom.mjs [VERSION]
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const read = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

/** The document, for a given version of the suite. Throws when npm cannot tell. */
export function billOfMaterials(version) {
  const { version: inManifest } = read('package.json');
  // Not --omit=dev: npm 11 then leaves out what a development tool depends on too, and that is much of what is shipped.
  const options = ['--sbom-format=cyclonedx', '--sbom-type=application'];
  const text = execFileSync('npm', ['sbom', ...options], { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 });
  // References name the version too.
  const document = JSON.parse(text.replaceAll(`"keepwatch@${inManifest}"`, `"keepwatch@${version}"`));
  // npm takes the name of the folder.
  Object.assign(document.metadata.component, { name: 'keepwatch', version, purl: `pkg:npm/keepwatch@${version}` });
  const known = new Map(document.components.map((component) => [component['bom-ref'], component]));
  const shipped = [...new Set(shippedFolders().map(nameOf))].sort();
  for (const name of shipped) if (!known.has(name)) throw new Error(`npm sbom does not tell of ${name}`);
  document.components = shipped.map((name) => withLicense(known.get(name)));
  const references = new Set([
    document.metadata.component['bom-ref'],
    ...document.components.map((component) => component['bom-ref']),
  ]);
  document.dependencies = document.dependencies
    .filter(({ ref }) => references.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => references.has(other)) }));
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Licenses of packages whose manifest does not tell theirs in a way npm understands: as their license files say. */
const LICENSES = { '@nornagon/put@0.0.8': 'MIT', 'jsbi@2.0.5': 'Apache-2.0' };

const withLicense = (component) => {
  const id = LICENSES[component['bom-ref']];
  return id === undefined || component.licenses !== undefined
    ? component
    : { ...component, licenses: [{ license: { id } }] };
};

/** `name@version` of the package in a folder; npm's references are these. */
function nameOf(folder) {
  const { name, version } = read(join(folder, 'package.json'));
  return `${name}@${version}`;
}

/** Folders of the packages that `dependencies` of package.json lead to, as they are installed here. */
function shippedFolders() {
  const { packages } = read('package-lock.json');
  const shipped = new Set();
  const follow = (folder) => {
    const { dependencies = {}, optionalDependencies = {} } = packages[folder];
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = resolve(folder, name);
      // Optional ones are for other platforms.
      if (found === undefined || shipped.has(found)) continue;
      shipped.add(found);
      follow(found);
    }
  };
  /** As Node.js looks for it: in the folder's own node_modules, then further out. */
  const resolve = (folder, name) => {
    for (let at = folder; ; at = at.slice(0, at.lastIndexOf('node_modules')).replace(/\/$/, '')) {
      const candidate = join(at, 'node_modules', name);
      if (packages[candidate] !== undefined && existsSync(join(ROOT, candidate))) return candidate;
      if (at === '') return undefined;
    }
  };
  follow('');
  return [...shipped];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(billOfMaterials(process.argv[2] ?? read('package.json').version));
}
