import { expect, test } from 'vitest';
import { z } from 'zod';
import { errorCatalogue } from '../../common/errorCatalogue.ts';
import { defineRoute } from '../http/route.ts';
import { apiRoutes } from '../routes/apiRoutes.ts';
import { docsPage } from './docsPage.ts';
import { errorsHtml } from './errorsHtml.ts';
import { openApiDocument } from './openApiDocument.ts';

const document = openApiDocument(apiRoutes, '1.2.3');
const page = docsPage(document);

test('every call, every schema and every error of the document is on the page, under its anchor', () => {
  for (const { operationId } of apiRoutes) expect(page).toContain(`<section id="${operationId}">`);
  for (const name of Object.keys(document.components?.schemas ?? {})) {
    expect(page).toContain(`<section id="schema-${name}">`);
  }
  const errors = errorsHtml();
  for (const code of Object.keys(errorCatalogue)) expect(errors).toContain(`<section id="${code}">`);
});

test('every link on the page leads to an anchor, or to this host', () => {
  const errors = errorsHtml();
  const has = { '/docs': page, '/docs/errors': errors } as Record<string, string>;
  for (const [, path = '', anchor] of `${page}${errors}`.matchAll(/href="([^"#]*)(?:#([^"]+))?"/g)) {
    if (anchor !== undefined) expect(has[path === '' ? '/docs' : path], anchor).toContain(`id="${anchor}"`);
    else expect(['/docs', '/docs/errors', '/openapi.json', '/assets/docs.css', '/assets/icon.svg']).toContain(path);
  }
});

test('it has no script, no style of its own, and names no other host', () => {
  for (const html of [page, errorsHtml()]) {
    expect(html).not.toMatch(/<script|<style|style=|onclick|https?:\/\//);
  }
});

test('what a document says is text, not markup', () => {
  const evil = '<img src=x onerror=alert(1)>"\'&';
  const route = defineRoute({
    ...{ method: 'post', path: '/x/:id', operationId: 'evil', tag: evil, permission: 'admin', errors: [] },
    ...{ summary: evil, description: evil },
    params: z.object({ id: z.string().meta({ description: evil }) }),
    body: z
      .strictObject({ [evil]: z.enum([evil]).meta({ description: evil }) })
      .meta({ id: 'Evil', description: evil }),
    answers: { 200: { description: evil, schema: z.object({ [evil]: z.string().regex(/<b>/).default(evil) }) } },
    call: async () => ({ status: 200, body: { [evil]: '' } }),
  });
  const html = docsPage(openApiDocument([route], evil));
  expect(html).toContain('&lt;img src=x');
  expect(html).not.toMatch(/<img src=x|<b>\//);
});
