import { koffi } from './libc.js';
import { type Firewall, FirewallError, type FirewallWatch } from './linkPorts.js';
import { NftablesWatch } from './nftablesWatch.js';

const LIBRARY = 'libnftables.so.1';
const NFT_CTX_DEFAULT = 0;

interface Library {
  create(flags: number): unknown;
  free(context: unknown): void;
  bufferOutput(context: unknown): number;
  bufferError(context: unknown): number;
  run(context: unknown, commands: string): number;
  output(context: unknown): string | null;
  error(context: unknown): string | null;
}

/**
 * nftables by libnftables, the library behind nft(8). The commands of one call are one netlink transaction, built and
 * answered inside the call: about a millisecond for a few dozen lines. A context lives as long as a call, so no socket
 * stays open in between.
 */
export class NftablesFirewall implements Firewall {
  #library: Library | undefined;
  readonly #watches = new Set<NftablesWatch>();

  run(commands: string): void {
    this.#run(commands);
    for (const watch of [...this.#watches]) watch.ownTransaction();
  }

  list(commands: string): string {
    return this.#run(commands);
  }

  has(table: string): boolean {
    try {
      this.#run(`list table ip ${table}`);
      return true;
    } catch {
      // Not there, or no nftables at all: what is done next says which.
      return false;
    }
  }

  watch(table: string, changed: (by: string) => void): FirewallWatch {
    const watch = new NftablesWatch(table, changed, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    return watch;
  }

  close(): void {
    for (const watch of [...this.#watches]) watch.close();
    this.#library = undefined;
  }

  #run(commands: string): string {
    this.#library ??= load();
    const library = this.#library;
    const context = library.create(NFT_CTX_DEFAULT);
    if (context === null) throw new FirewallError('refused', 'nftables: no memory for a context');
    try {
      library.bufferOutput(context);
      library.bufferError(context);
      if (library.run(context, commands) === 0) return library.output(context) ?? '';
      throw new FirewallError('refused', `nftables: ${firstLine(library.error(context))}`);
    } finally {
      library.free(context);
    }
  }
}

function load(): Library {
  try {
    const library = koffi().load(LIBRARY);
    return {
      create: library.func('nft_ctx_new', 'void *', ['uint32_t']) as Library['create'],
      free: library.func('nft_ctx_free', 'void', ['void *']) as Library['free'],
      bufferOutput: library.func('nft_ctx_buffer_output', 'int', ['void *']) as Library['bufferOutput'],
      bufferError: library.func('nft_ctx_buffer_error', 'int', ['void *']) as Library['bufferError'],
      run: library.func('nft_run_cmd_from_buffer', 'int', ['void *', 'str']) as Library['run'],
      output: library.func('nft_ctx_get_output_buffer', 'str', ['void *']) as Library['output'],
      error: library.func('nft_ctx_get_error_buffer', 'str', ['void *']) as Library['error'],
    };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new FirewallError('missing', `${LIBRARY} cannot be loaded: ${detail}`);
  }
}

/** The errors of a transaction repeat themselves line by line; the first names the command. */
const firstLine = (text: string | null): string => text?.trim().split('\n')[0] || 'refused without a reason';
