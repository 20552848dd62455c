/** The short options of curl that take a value. */
export const shortWithValue: ReadonlySet<string> = new Set('AbcCdDeEFHKmoPQrtTuUwxXyYz');

/** The long options of curl that take a value, and that commands for HTTP have. All others are taken as switches. */
export const withValue: ReadonlySet<string> = new Set(
  (
    '--aws-sigv4 --cacert --cert --ciphers --config --connect-timeout --connect-to --cookie --cookie-jar --data ' +
    '--data-ascii --data-binary --data-raw --data-urlencode --dump-header --form --header --interface --json --key ' +
    '--limit-rate --max-redirs --max-time --noproxy --oauth2-bearer --output --pass --pinnedpubkey --proxy --proxy-user ' +
    '--range --referer --request --resolve --retry --retry-delay --retry-max-time --trace --trace-ascii --unix-socket ' +
    '--upload-file --url --user --user-agent --write-out'
  ).split(' '),
);
