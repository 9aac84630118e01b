/** Where traces go: the URL of --otlp-endpoint. Pure. */

/** Reads `http://127.0.0.1:4318` and adds the path of traces. Throws an Error with a message for the user. */
export function parseOtlpEndpoint(text: string): URL {
  const refuse = (why: string): never => {
    throw new Error(`--otlp-endpoint ${text}: ${why}; wanted is a URL such as http://127.0.0.1:4318`);
  };
  if (!URL.canParse(text)) return refuse('this is no URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refuse('only http and https are spoken');
  if (url.username !== '' || url.password !== '') return refuse('a password on the command line is read by everybody');
  if (url.search !== '' || url.hash !== '') return refuse('it has a query or a fragment');
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url;
}
