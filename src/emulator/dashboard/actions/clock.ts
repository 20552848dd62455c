import type { Context } from 'hono';
import type { Dashboard } from '../context.js';
import type { Flash } from '../flash-messages.js';
import { redirectWithFlash } from '../respond.js';

const stillMoving: Flash = {
  kind: 'warning',
  text: 'The clock is still being moved, because it waits for attempts in flight. The page shows when it is done.',
};

function failed(error: unknown): Flash {
  return {
    kind: 'error',
    text: `The clock could not be moved: ${error instanceof Error ? error.message : String(error)}`,
  };
}

/** Moves the clock to the next scheduled attempt. */
export async function jumpClock(c: Context, dashboard: Dashboard): Promise<Response> {
  const flash = await dashboard.clockRunner
    .run((clock) => clock.jumpToNextRetry())
    .then((moved): Flash => {
      if (moved === 'running') return stillMoving;
      return moved
        ? { kind: 'success', text: 'The clock is at the next attempt, which has been made.' }
        : { kind: 'warning', text: 'No attempt is scheduled, so the clock was not moved.' };
    }, failed);
  return redirectWithFlash(c, dashboard, '/clock', flash);
}

/** Moves the clock until nothing is scheduled any more. */
export async function runClock(c: Context, dashboard: Dashboard): Promise<Response> {
  const flash = await dashboard.clockRunner
    .run((clock) => clock.runToEnd())
    .then(
      (moved): Flash =>
        moved === 'running'
          ? stillMoving
          : { kind: 'success', text: 'All scheduled attempts have been made. Nothing waits for the clock.' },
      failed,
    );
  return redirectWithFlash(c, dashboard, '/clock', flash);
}

export function pauseClock(c: Context, dashboard: Dashboard): Response {
  dashboard.emulator.clock.pause();
  return redirectWithFlash(c, dashboard, '/clock', {
    kind: 'success',
    text: 'The clock is paused. Attempts that are due are still made.',
  });
}

export function resumeClock(c: Context, dashboard: Dashboard): Response {
  dashboard.emulator.clock.resume();
  return redirectWithFlash(c, dashboard, '/clock', { kind: 'success', text: 'The clock is running.' });
}
