/** Version of the suite; the same for all its processes. A test holds it equal to package.json. */
export const VERSION = '0.1.0';
