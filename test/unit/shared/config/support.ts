import { interpretBfdConfig } from '../../../../services/bfdd/config/interpret.js';
import { interpretHealthConfig } from '../../../../services/healthcheckerd/config/interpret.js';
import { interpretIpvsConfig } from '../../../../services/ipvsd/config/interpret.js';
import { interpretNotifyConfig } from '../../../../services/notifierd/config/interpret.js';
import { interpretCommon } from '../../../../services/shared/config/common.js';
import type { Diagnostic } from '../../../../services/shared/config/diagnostic.js';
import type { FileAccess } from '../../../../services/shared/config/fileAccess.js';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { type LoadedConfig, loadConfig } from '../../../../services/shared/config/load.js';
import { splitTree } from '../../../../services/shared/config/splitTree.js';
import type { ConfigTree, Statement } from '../../../../services/shared/config/tree.js';
import { interpretVrrpConfig } from '../../../../services/vrrpd/config/interpret.js';

/** Files in memory: contents by path. */
export function memoryFiles(files: Readonly<Record<string, string | Uint8Array>>): FileAccess {
  return {
    read(path) {
      const content = Object.hasOwn(files, path) ? files[path] : undefined;
      if (content === undefined) return { ok: false, reason: 'no such file' };
      return { ok: true, bytes: typeof content === 'string' ? new TextEncoder().encode(content) : content };
    },
    list(directory) {
      const prefix = directory === '.' ? '' : directory.endsWith('/') ? directory : `${directory}/`;
      const names = new Set<string>();
      for (const path of Object.keys(files)) {
        const name = path.startsWith(prefix) ? path.slice(prefix.length).split('/')[0] : undefined;
        if (name !== undefined && name !== '') names.add(name);
      }
      return names.size === 0 ? undefined : [...names];
    },
  };
}

/** Loads text as `/k.conf`; other files may stand beside it. */
export function load(
  text: string | Uint8Array,
  others: Readonly<Record<string, string>> = {},
  options: { readonly configId?: string; readonly environment?: (name: string) => string | undefined } = {},
): LoadedConfig {
  return loadConfig({
    file: '/k.conf',
    access: memoryFiles({ ...others, '/k.conf': text }),
    configId: options.configId ?? 'box',
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  });
}

/** The tree of text that has to load without a finding. */
export function treeOf(text: string, others: Readonly<Record<string, string>> = {}): ConfigTree {
  const { tree, diagnostics } = load(text, others);
  if (tree === undefined || diagnostics.length > 0) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
  return tree;
}

/** A tree without places: words joined, quoted ones in ‹›, blocks as arrays. */
export type Shape = string | readonly [string, readonly Shape[]];

export function shapeOf(statements: readonly Statement[]): readonly Shape[] {
  return statements.map(({ words, block, children }) => {
    const text = words.map((word) => (word.quoted ? `‹${word.text}›` : word.text)).join(' ');
    return block ? [text, shapeOf(children)] : text;
  });
}

export const ENVIRONMENT = { hostname: 'host.example' };

/** All that loading and all interpreters say, as the supervisor's `-t` does it. */
export function diagnose(loaded: LoadedConfig): readonly Diagnostic[] {
  const { tree, diagnostics } = loaded;
  if (tree === undefined) return diagnostics;
  const parts = splitTree(tree);
  return [
    ...diagnostics,
    ...interpretCommon(tree, ENVIRONMENT).diagnostics,
    ...interpretBfdConfig(parts.bfdd).diagnostics,
    ...interpretVrrpConfig(parts.vrrpd, ENVIRONMENT).diagnostics,
    ...interpretHealthConfig(parts.healthcheckerd, ENVIRONMENT).diagnostics,
    ...interpretIpvsConfig(parts.ipvsd, ENVIRONMENT).diagnostics,
    ...interpretNotifyConfig(parts.notifierd, ENVIRONMENT).diagnostics,
  ];
}

/** The same, formatted. */
export function messages(text: string, others: Readonly<Record<string, string>> = {}): readonly string[] {
  return diagnose(load(text, others)).map(formatDiagnostic);
}
