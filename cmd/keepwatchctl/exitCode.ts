/** Exit codes of keepwatchctl; scripts rely on them. */
export const EXIT_GOOD = 0;
/** `status`: something needs attention. */
export const EXIT_DEGRADED = 1;
export const EXIT_USAGE = 2;
/** No suite answers at that address. */
export const EXIT_UNREACHABLE = 3;
/** The suite answered with an error, or not in time. */
export const EXIT_FAILED = 4;
/** `reload`: refused. */
export const EXIT_REFUSED = 5;
