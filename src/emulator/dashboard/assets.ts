import { Hono } from 'hono';
import script from './assets/app.js?raw';
import style from './assets/app.css?raw';

/** The script and the style of the pages. */
export function assetRoutes(): Hono {
  const routes = new Hono();
  const headers = (type: string): Record<string, string> => ({ 'content-type': `${type}; charset=utf-8` });
  routes.get('/app.js', (c) => c.body(script, 200, headers('text/javascript')));
  routes.get('/app.css', (c) => c.body(style, 200, headers('text/css')));
  return routes;
}
