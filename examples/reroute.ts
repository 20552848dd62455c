// node --import ./reroute.ts server.ts: redirects a program's posts to the providers, and sends them to FAKE_PROVIDER. The program and its
// checks of URLs stay unchanged.
const providers = ['https://hooks.slack.com', 'https://discord.com', 'https://events.pagerduty.com'];
const fake = process.env.FAKE_PROVIDER ?? 'http://127.0.0.1:9';
const original = globalThis.fetch;

globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  return original(providers.includes(url.origin) ? fake + url.pathname + url.search : input, init);
};
