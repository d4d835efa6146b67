/** Never worth a retry: the URL points where webhooks may not go. */
export class ForbiddenTarget extends Error {
  override readonly name = 'ForbiddenTarget';

  constructor(host: string) {
    super(`webhooks may not go to ${host}: it is a private address (WEBHOOK_ALLOW_PRIVATE=on allows it)`);
  }
}
