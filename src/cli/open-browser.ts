import { spawn } from 'node:child_process';
import process from 'node:process';

/** The program that opens an address, and its arguments before the address. */
function openerOf(platform: NodeJS.Platform): readonly [string, ...string[]] {
  if (platform === 'darwin') return ['open'];
  return platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open'];
}

/** Opens an address in the user's browser. Calls back if there is no program for it. */
export function openBrowser(url: string, onError: () => void): void {
  const [program, ...args] = openerOf(process.platform);
  spawn(program, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', onError)
    .unref();
}
