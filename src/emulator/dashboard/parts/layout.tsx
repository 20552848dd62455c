import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Dashboard } from '../context.js';
import type { Flash } from '../flash-messages.js';
import { formatDuration, formatExact } from '../format.js';
import { FlashNotice } from './feedback.js';

/** The sections of the navigation. */
export type Section = 'deliveries' | 'send' | 'webhooks' | 'mailbox' | 'clock' | 'faults';

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%232459c4'/%3E%3Cpath d='M4 8h5M7 5l3 3-3 3' fill='none' stroke='white' stroke-width='1.8'/%3E%3Ccircle cx='12' cy='8' r='1.2' fill='white'/%3E%3C/svg%3E";

const links: readonly (readonly [section: Section, href: string, label: string])[] = [
  ['deliveries', '/deliveries', 'Deliveries'],
  ['send', '/send', 'Send'],
  ['webhooks', '/settings/webhooks', 'Webhooks'],
  ['mailbox', '/mailbox', 'Mailbox'],
  ['clock', '/clock', 'Clock'],
  ['faults', '/faults', 'Faults'],
];

/** Describes how far the emulator's clock is from the machine's. */
export function describeOffset(nowMs: number): string {
  const aheadMs = nowMs - Date.now();
  if (Math.abs(aheadMs) < 1_000) return "the machine's time";
  return `${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead' : 'behind'}`;
}

function countOf(section: Section, { emulator }: Dashboard): { count: number; of: string } {
  if (section === 'mailbox') return { count: emulator.mailbox.list().length, of: 'e-mails' };
  if (section === 'faults') {
    const count = emulator.faults.list().reduce((sum, { remaining }) => sum + remaining, 0);
    return { count, of: 'waiting' };
  }
  return { count: 0, of: '' };
}

function Navigation(props: { readonly dashboard: Dashboard; readonly section: Section }): JSX.Element {
  return (
    <nav aria-label="Main" id="navigation" data-live="">
      <ul>
        {links.map(([section, href, label]) => {
          const { count, of } = countOf(section, props.dashboard);
          return (
            <li>
              <a href={href} aria-current={section === props.section ? 'page' : undefined}>
                {label}
                {count > 0 && (
                  <span class="count">
                    {count}
                    <span class="hidden"> {of}</span>
                  </span>
                )}
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function ClockLine({ nowMs, isPaused }: { readonly nowMs: number; readonly isPaused: boolean }): JSX.Element {
  return (
    <p class="clock-line" id="clock-line" data-live="">
      <a href="/clock" title={`The emulator's clock: ${formatExact(nowMs)}`}>
        <span data-clock="">{new Date(nowMs).toISOString().slice(11, 19)}</span> UTC
        <span class="muted">{isPaused ? 'paused' : describeOffset(nowMs)}</span>
      </a>
    </p>
  );
}

/** The properties of a page. */
export interface LayoutProps {
  readonly dashboard: Dashboard;
  readonly title: string;
  readonly section: Section;
  readonly nowMs: number;
  readonly flash?: Flash | undefined;
  readonly children: Child;
}

export function Layout({ dashboard, title, section, nowMs, flash, children }: LayoutProps): JSX.Element {
  const { isPaused } = dashboard.emulator.clock;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta name="emulator-time" content={String(nowMs)} data-paused={isPaused ? '' : undefined} />
        <title>{`${title} · Hostwares emulator`}</title>
        <link rel="icon" href={icon} />
        <link rel="stylesheet" href="/assets/app.css" />
        <script type="module" src="/assets/app.js" />
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to the content
        </a>
        <header>
          <a class="brand" href="/deliveries">
            <img src={icon} alt="" width="22" height="22" />
            <span>
              Hostwares <span class="muted">emulator</span>
            </span>
          </a>
          <Navigation dashboard={dashboard} section={section} />
          <ClockLine nowMs={nowMs} isPaused={isPaused} />
        </header>
        <main id="content" tabindex={-1}>
          {flash && <FlashNotice flash={flash} />}
          {children}
        </main>
      </body>
    </html>
  );
}
