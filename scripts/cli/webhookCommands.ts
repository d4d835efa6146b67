import type { CommandBuilder } from './commandBuilder.ts';
import type { CommandContext } from './commandContext.ts';
import { type ListenFlags, listen } from './commands/listen.ts';
import {
  addEndpoint,
  enableEndpoint,
  listDeliveries,
  listEndpoints,
  redeliver,
  removeEndpoint,
  testEndpoint,
} from './commands/webhooks.ts';
import { checkStreamId, webUrl } from './parseOptions.ts';

/** The commands of webhooks. */
export function webhookCommands(to: CommandBuilder): void {
  to.add('listen', 'bring webhooks to this machine, as Livetran would send them; prints each, until Ctrl-C')
    .option('--forward <url>', 'POST each to this URL: http://127.0.0.1:3000/hooks', webUrl)
    .option('--stream <stream_id>', 'those of one stream', checkStreamId)
    .action((flags: ListenFlags) => to.run((context, found) => listen(context, found, flags)));
  const webhooks = to.group(
    'webhooks',
    'see what became of webhooks, send them again, and set who gets those of all streams',
  );
  const ofStream = (name: string, description: string) =>
    webhooks.add(name, description).argument('<stream_id>', 'the stream', checkStreamId);
  ofStream('deliveries', "show what became of a stream's webhooks").action((id: string) =>
    webhooks.run(context => listDeliveries(context, id)),
  );
  ofStream('redeliver', 'send a delivery once more; without its id all that were given up')
    .argument('[delivery_id]', 'the delivery')
    .action((id: string, delivery?: string) => webhooks.run(context => redeliver(context, id, delivery)));
  webhooks.add('endpoints', "list the receivers of all streams' events").action(() => webhooks.run(listEndpoints));
  webhooks
    .add('add', "add a receiver of all streams' events")
    .argument('<url>', 'where to send them', webUrl)
    .option('--event <word...>', 'states and reasons that are sent; all by default')
    .action((url: string, flags: { event?: string[] }) => webhooks.run(context => addEndpoint(context, url, flags)));
  const ofEndpoint = (
    name: string,
    description: string,
    run: (context: CommandContext, id: string) => Promise<number>,
  ) =>
    webhooks
      .add(name, description)
      .argument('<endpoint_id>', 'the endpoint')
      .action((id: string) => webhooks.run(context => run(context, id)));
  ofEndpoint('enable', 'switch an endpoint on', (context, id) => enableEndpoint(context, id, true));
  ofEndpoint('disable', 'switch an endpoint off', (context, id) => enableEndpoint(context, id, false));
  ofEndpoint('remove', 'remove an endpoint', removeEndpoint);
  ofEndpoint('test', 'send a test event to an endpoint, and print its answer', testEndpoint);
}
