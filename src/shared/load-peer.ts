/** Tells whether an import failed because this package itself is not installed, rather than one of its own imports. */
function isAbsent(error: unknown, name: string): boolean {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return false;
  return ["'", '"'].some((quote) => String(message).includes(`${quote}${name}${quote}`));
}

/**
 * Loads an optional peer. The CommonJS build turns the `import()` in `load` into `require` (tsup.config.ts): Jest runs
 * CommonJS in a `vm` context, which has no `import()`.
 *
 * @param neededBy - The subject of the error message, such as `The sender`.
 * @throws `Error` with the install command if the peer is absent, otherwise with the reason why it does not load.
 */
export async function loadPeer<Peer>(
  name: string,
  neededBy: string,
  load: () => Promise<Peer>,
): Promise<Peer> {
  try {
    return await load();
  } catch (cause) {
    if (isAbsent(cause, name)) throw new Error(`${neededBy} needs ${name}: npm install ${name}`, { cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${neededBy} could not load ${name}, which is installed: ${reason}`, { cause });
  }
}
