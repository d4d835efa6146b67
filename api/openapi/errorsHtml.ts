import { errorCatalogue } from '../../common/errorCatalogue.ts';
import { htmlPage, inlineHtml } from './html.ts';

/** The page /docs/errors: where the `type` of a problem document leads. */
export function errorsHtml(): string {
  const sections = Object.entries(errorCatalogue).map(
    ([code, { status, title, next, retryable }]) => `<section id="${code}">
<h2><code>${code}</code></h2>
<p>${inlineHtml(title)}. ${inlineHtml(next)}</p>
<p class="soft">Status ${status}. The same request ${retryable ? 'can succeed later' : 'fails again until something changes'}.</p>
</section>`,
  );
  const head = `<h1>Errors</h1>
<p>An error is a problem document (RFC 9457). Compare its <code>code</code>. <code>detail</code> says which rule was broken, <code>next</code> what
to do about it, and <code>request_id</code> finds the request in the log of the server.</p>`;
  return htmlPage('Livetran errors', `<main class="narrow">${head}\n${sections.join('\n')}</main>`);
}
