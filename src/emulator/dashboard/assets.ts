import { Hono } from 'hono';
import script from './assets/app.js?raw';
import controls from './assets/controls.css?raw';
import delivery from './assets/delivery.css?raw';
import frame from './assets/frame.css?raw';
import messages from './assets/messages.css?raw';
import narrow from './assets/narrow.css?raw';
import theme from './assets/theme.css?raw';

const style = [theme, frame, controls, messages, delivery, narrow].join('\n');

/** The script and the style of the pages. */
export function assetRoutes(): Hono {
  const routes = new Hono();
  const headers = (type: string): Record<string, string> => ({ 'content-type': `${type}; charset=utf-8` });
  routes.get('/app.js', (c) => c.body(script, 200, headers('text/javascript')));
  routes.get('/app.css', (c) => c.body(style, 200, headers('text/css')));
  return routes;
}
