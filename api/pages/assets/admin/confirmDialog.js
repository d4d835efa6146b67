import { html, render } from '/assets/lit-html/lit-html.js';

/** Asks before something that cannot be taken back. Resolves to whether the reader agreed. */
export function confirmDialog({ question, detail, action }) {
  return new Promise(resolve => {
    const dialog = document.createElement('dialog');
    dialog.setAttribute('aria-labelledby', 'confirm-heading');
    render(
      html`<form method="dialog">
        <h2 id="confirm-heading">${question}</h2>
        <p class="soft">${detail}</p>
        <div class="actions">
          <button value="">Cancel</button>
          <button class="danger" value="yes">${action}</button>
        </div>
      </form>`,
      dialog,
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
