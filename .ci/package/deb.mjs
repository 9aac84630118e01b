// Builds the Debian packages: keepwatch, and keepwatch-nodejs with the Node.js that runs this, for releases whose own is too old.
// usage: npm run package [-- --version VERSION --output DIRECTORY --without-nodejs]      (default: the version of package.json, dist/packages)
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { LIBRARY, layOut } from './payload.mjs';
import { billOfMaterials } from './sbom.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const DEBIAN = join(ROOT, '.ci/package/debian');
const ARCHITECTURES = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'armhf',
  ia32: 'i386',
  riscv64: 'riscv64',
  ppc64: 'ppc64el',
};
const MAINTAINER = 'Keepwatch developers <keepwatch@localhost>';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const architecture = ARCHITECTURES[process.arch];
if (architecture === undefined) throw new Error(`no Debian architecture for ${process.arch}`);

const { values } = parseArgs({
  options: {
    version: { type: 'string' },
    output: { type: 'string', default: join(ROOT, 'dist/packages') },
    'without-nodejs': { type: 'boolean', default: false },
  },
});
const version = values.version ?? manifest.version;
mkdirSync(values.output, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'keepwatch-package-'));
try {
  console.log(keepwatch(join(work, 'keepwatch')));
  if (!values['without-nodejs']) console.log(nodejs(join(work, 'nodejs')));
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** The suite. */
function keepwatch(tree) {
  layOut(tree);
  // Which Node.js runs a command is decided on the machine.
  put(tree, `${LIBRARY}/run-node`, readFileSync(join(DEBIAN, 'run-node')), 0o755);
  for (const name of readdirSync(join(tree, LIBRARY, 'cmd'))) {
    const main = join(tree, LIBRARY, 'cmd', name, 'main.js');
    const text = readFileSync(main, 'utf8').replace(/^#!.*/, `#!/${LIBRARY}/run-node`);
    writeFileSync(main, text, { mode: 0o755 });
  }
  const units = join(ROOT, 'cmd/keepwatchd/systemd');
  for (const name of readdirSync(units)) put(tree, `lib/systemd/system/${name}`, readFileSync(join(units, name)));
  const completion = join(ROOT, 'docs/completion');
  for (const name of readdirSync(completion)) {
    const text = readFileSync(join(completion, name));
    if (name.startsWith('_')) put(tree, `usr/share/zsh/vendor-completions/${name}`, text);
    else if (name.endsWith('.fish')) put(tree, `usr/share/fish/vendor_completions.d/${name}`, text);
    else put(tree, `usr/share/bash-completion/completions/${name.replace(/\.bash$/, '')}`, text);
  }
  for (const name of readdirSync(join(ROOT, 'docs/man'))) {
    const page = gzipSync(readFileSync(join(ROOT, 'docs/man', name)), { level: 9 });
    put(tree, `usr/share/man/man${name.slice(-1)}/${name}.gz`, page);
  }
  put(tree, 'etc/keepwatch/keepwatch.conf', readFileSync(join(DEBIAN, 'keepwatch.conf')));
  put(tree, 'etc/default/keepwatch', readFileSync(join(DEBIAN, 'default')));
  // Under another name than keepalived's: both may be installed.
  const policy = 'org.keepalived.Vrrp1.conf';
  put(tree, 'usr/share/dbus-1/system.d/org.keepalived.Vrrp1.keepwatch.conf', readFileSync(join(DEBIAN, policy)));
  put(tree, 'usr/share/doc/keepwatch/copyright', readFileSync(join(ROOT, 'LICENSE')));
  put(tree, 'usr/share/doc/keepwatch/THIRD-PARTY', readFileSync(join(ROOT, 'dist/THIRD-PARTY')));
  put(tree, 'usr/share/doc/keepwatch/sbom.cdx.json', billOfMaterials(version));
  put(tree, 'DEBIAN/conffiles', '/etc/keepwatch/keepwatch.conf\n/etc/default/keepwatch\n');
  for (const script of ['postinst', 'prerm', 'postrm']) {
    put(tree, `DEBIAN/${script}`, readFileSync(join(DEBIAN, script)), 0o755);
  }
  return assemble(tree, {
    Package: 'keepwatch',
    Version: version,
    Depends: 'nodejs (>= 20) | keepwatch-nodejs, libc6 (>= 2.28), libpcre2-8-0, util-linux',
    Recommends: 'kmod, libnftables1',
    Suggests: 'dbus, ipvsadm, snmpd',
    Section: 'admin',
    Description: [
      'VRRP failover and IPVS load balancing driven by health checks',
      'Does the job of keepalived as small services: moves virtual addresses between',
      'routers, takes dead servers out of the IPVS table, tells people and scripts.',
      'Reads the configuration of keepalived. Both may be installed; of the two',
      'services only one can run, and the one that is started stops the other.',
    ],
  });
}

/** The Node.js that runs this, in a place of its own: it replaces nothing of Debian's. */
function nodejs(tree) {
  put(tree, 'usr/lib/keepwatch-nodejs/node', readFileSync(process.execPath), 0o755);
  const prefix = dirname(dirname(process.execPath));
  const license = [join(prefix, 'LICENSE'), join(prefix, 'share/doc/nodejs/LICENSE')].find((path) => existsSync(path));
  const text =
    license === undefined ? 'Node.js is under the MIT license: https://nodejs.org\n' : readFileSync(license, 'utf8');
  put(tree, 'usr/share/doc/keepwatch-nodejs/copyright', text);
  return assemble(tree, {
    Package: 'keepwatch-nodejs',
    Version: process.versions.node,
    Depends: 'libc6 (>= 2.28), libgcc-s1, libstdc++6',
    Enhances: 'keepwatch',
    Section: 'admin',
    Description: ['Node.js for Keepwatch', 'Only where the nodejs of the release is older than Keepwatch needs.'],
  });
}

/** Puts a file into a tree. */
function put(tree, path, content, mode = 0o644) {
  const target = join(tree, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
  chmodSync(target, mode);
}

/** Writes the control files and makes the archive; returns its name. */
function assemble(tree, fields) {
  const files = readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(tree.length + 1))
    .filter((path) => !path.startsWith('DEBIAN/'))
    .sort();
  const bytes = files.reduce((sum, path) => sum + statSync(join(tree, path)).size, 0);
  const sums = files.map((path) => {
    const digest = createHash('md5')
      .update(readFileSync(join(tree, path)))
      .digest('hex');
    return `${digest}  ${path}\n`;
  });
  put(tree, 'DEBIAN/md5sums', sums.join(''));
  const { Description: [summary, ...text] = [], ...rest } = fields;
  const control = {
    ...rest,
    Architecture: architecture,
    Maintainer: MAINTAINER,
    Priority: 'optional',
    'Installed-Size': Math.ceil(bytes / 1024),
    Description: [summary, ...text.map((line) => ` ${line}`)].join('\n'),
  };
  const lines = Object.entries(control).map(([name, value]) => `${name}: ${value}\n`);
  put(tree, 'DEBIAN/control', lines.join(''));
  const name = `${fields.Package}_${fields.Version}_${architecture}.deb`;
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zzstd', '-z3', '--build', tree, join(work, name)], {
    stdio: 'pipe',
  });
  const target = join(values.output, name);
  copyFileSync(join(work, name), target);
  return target;
}
