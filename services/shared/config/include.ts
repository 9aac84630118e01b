/** The directives `include`, its variants and `include_check` (keepalived.conf(5), "include_check"). */

/** What has to be true of an included name; otherwise it is an error. */
export interface IncludeChecks {
  /** What matched is a readable file. */
  readonly readable: boolean;
  /** A name without wildcards matches. */
  readonly match: boolean;
  /** A name with wildcards matches. */
  readonly wildcardMatch: boolean;
  /** Every alternative of a brace expression matches. */
  readonly braceMatch: boolean;
}

export const NO_CHECKS: IncludeChecks = { readable: false, match: false, wildcardMatch: false, braceMatch: false };
export const ALL_CHECKS: IncludeChecks = { readable: true, match: true, wildcardMatch: true, braceMatch: true };

const DIRECTIVES: Readonly<Record<string, Partial<IncludeChecks>>> = {
  include: {},
  includer: { readable: true },
  includem: { readable: true, match: true },
  includew: { readable: true, wildcardMatch: true },
  includeb: { readable: true, braceMatch: true },
  includea: ALL_CHECKS,
};

const OPTIONS: Readonly<Record<string, Partial<IncludeChecks>>> = {
  readable: { readable: true },
  match: { readable: true, match: true },
  wildcard_match: { readable: true, wildcardMatch: true },
  brace_match: { readable: true, braceMatch: true },
};

/** The checks a directive adds to those in force; undefined when the word is not an include directive. */
export function checksOfDirective(word: string, inForce: IncludeChecks): IncludeChecks | undefined {
  const added = Object.hasOwn(DIRECTIVES, word) ? DIRECTIVES[word] : undefined;
  return added === undefined ? undefined : { ...inForce, ...added };
}

/**
 * Applies the options of `include_check`: none means all, `+`/`-` add and remove, otherwise they replace.
 * Unknown options are returned to be reported.
 */
export function applyIncludeCheck(
  options: readonly string[],
  inForce: IncludeChecks,
): { readonly checks: IncludeChecks; readonly unknown: readonly string[] } {
  if (options.length === 0) return { checks: ALL_CHECKS, unknown: [] };
  const unknown: string[] = [];
  let checks = /^[+-]/.test(options[0] ?? '') ? inForce : NO_CHECKS;
  let sign = '+';
  for (const option of options) {
    let name = option;
    if (/^[+-]/.test(option)) {
      sign = option.charAt(0);
      name = option.slice(1);
      if (name === '') continue;
    }
    const meant = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (meant === undefined) {
      unknown.push(option);
    } else if (sign === '+') {
      checks = { ...checks, ...meant };
    } else {
      checks = {
        ...checks,
        ...(name === 'readable' && { readable: false }),
        ...(name === 'match' && { match: false }),
        ...(name === 'wildcard_match' && { wildcardMatch: false }),
        ...(name === 'brace_match' && { braceMatch: false }),
      };
    }
  }
  return { checks, unknown };
}
