/** What reading a file gave. */
export type FileContent =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: string };

/**
 * How the configuration loader gets at files; injected, so that loading is a function of its input.
 * Paths use `/`; relative ones are relative to the working directory. Neither method throws.
 */
export interface FileAccess {
  /** The whole of a regular file; anything else than a readable regular file is a failure with its reason. */
  read(path: string): FileContent;
  /** Names in a directory without `.` and `..`, in any order; undefined when it cannot be listed. */
  list(directory: string): readonly string[] | undefined;
}
