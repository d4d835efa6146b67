import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';

const own = fileURLToPath(new URL('../pages/assets', import.meta.url));
const folderOf = (module: string): string => dirname(fileURLToPath(import.meta.resolve(module)));

/** What the pages load of libraries: each as its package has it, at `/assets/<name>/…`. */
const libraries = [
  // Node gets the build for servers, in a folder of its own beside the browsers' one.
  {
    name: 'lit-html',
    folder: join(folderOf('lit-html'), '..'),
    files: /^\/(lit-html|directive|directive-helpers|directives\/[\w-]+)\.js$/,
  },
  { name: 'uplot', folder: folderOf('uplot'), files: /^\/(uPlot\.esm\.js|uPlot\.min\.css)$/ },
  { name: 'uqr', folder: folderOf('uqr'), files: /^\/index\.mjs$/ },
];

/** `/assets/…`: what the pages consist of. Public; nothing in it is secret. */
export function assetRoutes(): Router {
  const router = Router();
  const options = { index: false, redirect: false, cacheControl: false } as const;
  router.use((_request, response, next) => {
    response.set('Cache-Control', 'no-cache');
    next();
  });
  const hls = folderOf('hls.js');
  for (const file of ['hls.min.js', 'hls.worker.js']) {
    router.get(`/${file}`, (_request, response) => response.sendFile(file, { root: hls, cacheControl: false }));
  }
  for (const { name, folder, files } of libraries) {
    const serve = express.static(folder, options);
    router.use(`/${name}`, (request, response, next) =>
      files.test(request.path) ? serve(request, response, next) : next(),
    );
  }
  const serveOwn = express.static(own, options);
  // Tests lie beside their modules.
  router.use((request, response, next) =>
    request.path.endsWith('.test.ts') ? next() : serveOwn(request, response, next),
  );
  return router;
}
