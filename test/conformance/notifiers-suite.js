/**
 * The behaviour of the notifiers that must be the same in every runtime. Plain JavaScript without imports; a part of
 * the conformance suite.
 *
 * @param {typeof import('../../src/notifiers/index.js')} notifiers
 * @param {typeof import('../../src/testing/index.js')} testing
 * @returns {{ name: string, run: () => Promise<void> }[]}
 */
export function notifierCases(notifiers, testing) {
  const url = 'https://hooks.slack.com/services/T0/B0/secret0token';
  /** @param {unknown} right @param {string} what */
  const check = (right, what) => {
    if (!right) throw new Error(what);
  };
  const event = testing.sampleEvent('deployment.failed', {
    data: { commit_message: '@everyone <!channel> \uD800 \u202E*x*' },
  });
  return [
    {
      name: 'notifiers: escape mentions and control characters alike in every runtime',
      async run() {
        const slack = JSON.stringify(notifiers.toSlackMessage(event));
        const discord = JSON.stringify(notifiers.toDiscordMessage(event));
        check(slack.includes('&lt;!channel&gt; \uFFFD \u200B*\u200Bx'), slack);
        check(discord.includes(String.raw`\\@everyone \\<!channel\\>`), discord);
      },
    },
    {
      name: 'notifiers: post in order, and retry a post after a 429',
      async run() {
        /** @type {string[]} */
        const posted = [];
        const answers = [new Response('', { status: 429, headers: { 'retry-after': '0.05' } })];
        const notify = notifiers.createSlackNotifier({
          url,
          fetch: async (_, { body }) => {
            posted.push(/Deployment of (\w+)/.exec(String(body))?.[1] ?? '');
            return answers.shift() ?? new Response('ok');
          },
        });
        const names = ['a', 'b', 'c'];
        await Promise.all(
          names.map((site_name) => notify(testing.sampleEvent('deployment.failed', { data: { site_name } }))),
        );
        check(posted.join('') === 'aabc', `posted ${posted.join('')}`);
      },
    },
    {
      name: 'notifiers: throw notifier_failed without the secret if the provider rejects a message',
      async run() {
        const notify = notifiers.createSlackNotifier({
          url,
          fetch: async (to) => new Response(`no such place: ${to}`, { status: 404 }),
        });
        const error = await notify(event).then(
          () => undefined,
          (/** @type {unknown} */ thrown) => /** @type {{ code: string, message: string }} */ (thrown),
        );
        check(
          error?.code === 'notifier_failed' && !/secret0token/.test(error.message),
          String(error?.message),
        );
      },
    },
  ];
}
