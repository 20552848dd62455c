// The script of the dashboard. Every page works without it; it adds live updates, current times, copying, and the checks
// of the editor. The pages are rendered by the server only: an update loads the same page, and takes over what differs.

document.documentElement.classList.add('js');

/** The least time between two updates, in milliseconds. */
const updateIntervalMs = 700;
/** An update that no delivery causes, because mails, faults and the clock change too. */
const idleUpdateMs = 15_000;
const validateDelayMs = 250;

// ---- Time -----------------------------------------------------------------------------------------------------------

/** The emulator's time minus this machine's; while the clock is paused, the emulator's time. */
let clockState = { isPaused: false, valueMs: 0 };

/** @param {ParentNode} page */
function readClock(page) {
  const meta = page.querySelector('meta[name="emulator-time"]');
  const timeMs = Number(meta?.getAttribute('content'));
  const isPaused = meta?.hasAttribute('data-paused') ?? false;
  clockState = { isPaused, valueMs: isPaused ? timeMs : timeMs - Date.now() };
}

function emulatorNow() {
  return clockState.isPaused ? clockState.valueMs : Date.now() + clockState.valueMs;
}

/**
 * Formats a time as `formatRelative` of format.ts does.
 *
 * @param {number} atMs
 * @param {number} nowMs
 */
function formatRelative(atMs, nowMs) {
  const distance = Math.abs(atMs - nowMs);
  if (distance < 1_000) return 'now';
  const units = /** @type {const} */ ([
    [172_800_000, 86_400_000, 'days'],
    [3_600_000, 3_600_000, 'h'],
    [60_000, 60_000, 'min'],
    [0, 1_000, 's'],
  ]);
  const [, unitMs, name] = units.find(([fromMs]) => distance >= fromMs) ?? units[3];
  const length = `${Math.floor(distance / unitMs)} ${name}`;
  return atMs > nowMs ? `in ${length}` : `${length} ago`;
}

/** @param {Element} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {ParentNode} [root] */
function showTimes(root = document) {
  const nowMs = emulatorNow();
  for (const time of root.querySelectorAll('time[data-relative]')) {
    setText(time, formatRelative(Date.parse(time.getAttribute('datetime') ?? ''), nowMs));
  }
  const clock = new Date(nowMs).toISOString().slice(11, 19);
  for (const element of root.querySelectorAll('[data-clock]')) setText(element, clock);
}

// ---- Live updates ---------------------------------------------------------------------------------------------------

/** @param {Element} from @param {Element} to */
function copyAttributes(from, to) {
  for (const { name } of [...from.attributes]) {
    // The user opens and closes details.
    if (!to.hasAttribute(name) && name !== 'open') from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (name !== 'open' && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

/** @param {Node} node */
function keyOf(node) {
  return node instanceof Element ? (node.getAttribute('data-key') ?? '') : '';
}

/** @param {Node} a @param {Node} b */
function isSameKind(a, b) {
  return a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
}

/**
 * Makes an element equal to another one. It keeps the elements that are in both, and with them the focus, the selection
 * and what the user opened.
 *
 * @param {Element} from
 * @param {Element} to
 */
function takeOver(from, to) {
  copyAttributes(from, to);
  const kept = new Map([...from.children].map((child) => [keyOf(child), child]));
  kept.delete('');
  let next = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const keyed = kept.get(keyOf(wanted));
    const existing = keyed ?? (next && isSameKind(next, wanted) ? next : undefined);
    if (!existing) {
      from.insertBefore(wanted, next);
      continue;
    }
    if (existing === next) next = next.nextSibling;
    else from.insertBefore(existing, next);
    if (existing instanceof Element && wanted instanceof Element) takeOver(existing, wanted);
    else if (existing.nodeValue !== wanted.nodeValue) existing.nodeValue = wanted.nodeValue;
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

/** Whether the user is selecting text, which an update would disturb. */
function isSelecting() {
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed;
}

async function update() {
  const response = await fetch(location.href, { headers: { accept: 'text/html' } });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  readClock(page);
  showTimes(page);
  for (const region of document.querySelectorAll('[data-live]')) {
    const wanted = page.getElementById(region.id);
    if (wanted) takeOver(region, wanted);
  }
}

function startLiveUpdates() {
  /** @type {EventSource | undefined} */
  let feed;
  let isUpdating = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {number} delayMs */
  function schedule(delayMs) {
    clearTimeout(timer);
    timer = setTimeout(run, delayMs);
  }

  let wanted = false;
  function request() {
    if (!wanted && !isUpdating) schedule(updateIntervalMs);
    wanted = true;
  }

  async function run() {
    if (isSelecting()) return schedule(updateIntervalMs);
    wanted = false;
    isUpdating = true;
    // The emulator may have been stopped. The feed connects again by itself.
    await update().catch(() => undefined);
    isUpdating = false;
    if (feed) schedule(wanted ? updateIntervalMs : idleUpdateMs);
  }

  function connect() {
    if (document.hidden) {
      feed?.close();
      feed = undefined;
      clearTimeout(timer);
      return;
    }
    if (feed) return;
    feed = new EventSource('/emulator/feed');
    feed.addEventListener('delivery', request);
    // Loads the changes that were missed while the page did not listen.
    feed.addEventListener('ready', request);
    feed.addEventListener('error', () => document.body.classList.add('offline'));
    feed.addEventListener('open', () => document.body.classList.remove('offline'));
  }

  document.addEventListener('visibilitychange', connect);
  connect();
}

// ---- Copying --------------------------------------------------------------------------------------------------------

/** @param {HTMLElement} button */
async function copyFrom(button) {
  const source = document.getElementById(button.dataset['copy'] ?? '');
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(source?.textContent ?? '');
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Copying is not allowed here';
  }
  setTimeout(() => {
    button.textContent = label;
  }, 2_000);
}

document.addEventListener('click', ({ target }) => {
  const button = target instanceof Element ? target.closest('[data-copy]') : null;
  if (button instanceof HTMLElement) void copyFrom(button);
});

// ---- Forms ----------------------------------------------------------------------------------------------------------

for (const form of document.querySelectorAll('form[data-submit-on-change]')) {
  form.addEventListener('change', () => {
    if (form instanceof HTMLFormElement) form.requestSubmit();
  });
}

// A second click would send the form again.
document.addEventListener('submit', ({ target }) => {
  if (!(target instanceof HTMLFormElement) || target.method !== 'post') return;
  for (const button of target.querySelectorAll('button')) {
    button.setAttribute('aria-busy', 'true');
    setTimeout(() => {
      button.disabled = true;
    });
  }
});

// Pages that the browser keeps come back as they were left.
window.addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  for (const button of document.querySelectorAll('button[aria-busy]')) {
    button.removeAttribute('aria-busy');
    button.removeAttribute('disabled');
  }
});

// ---- Editor ---------------------------------------------------------------------------------------------------------

/** @param {HTMLTextAreaElement} editor @param {HTMLFormElement} form */
function startEditor(editor, form) {
  const verdict = document.getElementById('verdict');
  const sample = document.getElementById('sample');
  const sampleName = document.getElementById('editor-sample');
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let generation = 0;

  async function validate() {
    const mine = ++generation;
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    const response = await fetch('/send/validate', { method: 'POST', body });
    if (!response.ok || mine !== generation || !verdict) return;
    const { kind, message } = await response.json();
    verdict.className = `verdict ${kind}`;
    setText(verdict, message);
    editor.setAttribute('aria-invalid', String(kind === 'invalid'));
  }

  editor.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => void validate().catch(() => undefined), validateDelayMs);
  });

  sample?.addEventListener('change', async () => {
    if (!(sample instanceof HTMLSelectElement) || !(sampleName instanceof HTMLInputElement)) return;
    const response = await fetch(`/send/sample?event=${encodeURIComponent(sample.value)}`);
    if (!response.ok) return;
    editor.value = await response.text();
    sampleName.value = sample.value;
    await validate();
  });
}

const editor = document.getElementById('editor');
const editorForm = document.getElementById('editor-form');
if (editor instanceof HTMLTextAreaElement && editorForm instanceof HTMLFormElement) {
  startEditor(editor, editorForm);
}

// ---- Start ----------------------------------------------------------------------------------------------------------

// The message was shown. Reloading the page does not ask for it again.
const address = new URL(location.href);
if (address.searchParams.has('flash')) {
  address.searchParams.delete('flash');
  history.replaceState(null, '', address);
}

readClock(document);
showTimes();
setInterval(showTimes, 1_000);
if (document.querySelector('[data-live]')) startLiveUpdates();

export {};
