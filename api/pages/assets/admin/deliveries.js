import { html } from '/assets/lit-html/lit-html.js';
import { clock } from './format.js';

/** A stream's webhook deliveries, newest first. @param redeliver of one; undefined for who may not */
export function deliveryTable(deliveries, redeliver) {
  if (deliveries.length === 0) return html`<p class="soft">No webhook has been sent.</p>`;
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Time</th><th scope="col">Event</th><th scope="col">To</th><th scope="col">Answer</th><th scope="col">Attempts</th>
        ${redeliver ? html`<th scope="col"><span class="unseen">Action</span></th>` : null}
      </tr>
    </thead>
    <tbody>
      ${deliveries.map(
        each => html`<tr>
          <td>${clock(each.created_at)}</td>
          <td>${each.reason ?? each.event_id}</td>
          <td class="url">${each.url}</td>
          <td>${outcome(each)}</td>
          <td>${each.attempts}</td>
          ${redeliver ? html`<td><button type="button" @click=${() => redeliver(each)}>Send again</button></td>` : null}
        </tr>`,
      )}
    </tbody>
  </table>`;
}

const outcome = ({ status, response_status: answer, error }) => [status, answer, error].filter(Boolean).join(', ');
