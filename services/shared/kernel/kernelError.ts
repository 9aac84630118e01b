/** A system call or netlink request that failed: which, with what errno, about what. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly operation: string;
  /** Positive errno. */
  readonly errno: number;
  /** `EPERM`, `ENODEV`, … */
  readonly code: string;

  constructor(operation: string, errno: number, code: string, detail: string) {
    super(`${operation}: ${code}: ${detail}`);
    this.operation = operation;
    this.errno = errno;
    this.code = code;
  }
}

/** Result of one kernel request out of a batch. */
export type KernelResult = { readonly ok: true } | { readonly ok: false; readonly error: KernelError };
