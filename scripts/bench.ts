import { apiBench } from './bench/api/apiBench.ts';
import { controlBench } from './bench/control/controlBench.ts';
import { hostBench } from './bench/host/hostBench.ts';
import { hostBenchOptions } from './bench/host/hostBenchOptions.ts';
import { latencyBench } from './bench/latencyBench.ts';
import { observeBench } from './bench/observeBench.ts';
import { passthroughBench } from './bench/passthrough/passthroughBench.ts';
import { pathBench } from './bench/pathBench.ts';
import { portsBench } from './bench/portsBench.ts';
import { profilesBench } from './bench/profilesBench.ts';
import { publishBench } from './bench/publishBench.ts';
import { roomBench } from './bench/roomBench.ts';
import { floodBench } from './bench/router/floodBench.ts';
import { routerBench } from './bench/router/routerBench.ts';
import { segmentBench } from './bench/segmentBench.ts';
import { viewersBench } from './bench/viewers/viewersBench.ts';
import { webhooksBench } from './bench/webhooks/webhooksBench.ts';

// `npm run bench [-- <runs>]`: SRT to HLS beside a bare FFmpeg. `npm run bench -- publish [<streams> …]`: closed to listed,
// and CPU per PUT. `npm run bench -- control [--streams 5000 …]`: the control plane over one Redis, without media.
// `npm run bench -- observe [<streams> <rounds>]`: what samples, health and metrics cost a worker.
// `npm run bench -- ports [<hosts>]`: leases of UDP ports. `npm run bench -- passthrough [--streams 20 …]`: passed on as they are.
// `npm run bench -- profiles [<runs>]`: profiles that copy the source beside those that encode it.
// `npm run bench -- host [--size 1280x720 …]`: what a stream of each profile costs on this host, and the settings that fit.
// `npm run bench -- api [<rounds>]`: signed reads and starts through one API process. `npm run bench -- segment [<runs>]`: CPU of cutting MPEG-TS into segments.
// `npm run bench -- viewers [--streams 1 --viewers 1000 …]`: viewers of low-latency streams at one API.
// `npm run bench -- webhooks [--rounds 5 …]`: a healthy receiver beside dead ones.
// `npm run bench -- latency [--seconds 600 …]`: glass to glass through the watch page.
// `npm run bench -- router [--flows 100 …]`: what a router loses, adds and costs. `npm run bench -- flood`: floods beside live flows.
// `npm run bench -- room [--streams 200 …]`: what the control room's list costs the browser.
const [part, ...rest] = process.argv.slice(2);
if (part === 'publish') await publishBench(rest.length > 0 ? rest.map(Number) : [1, 10, 30]);
else if (part === 'viewers') await viewersBench(rest);
else if (part === 'host') await hostBench(hostBenchOptions(rest), line => console.log(line));
else if (part === 'observe') await observeBench(Number(rest[0] ?? 200), Number(rest[1] ?? 5));
else if (part === 'room') await roomBench(rest);
else if (part === 'ports') await portsBench(Number(rest[0] ?? 100));
else if (part === 'latency') await latencyBench(rest);
else if (part === 'passthrough') await passthroughBench(rest);
else if (part === 'flood') await floodBench(rest);
else if (part === 'router') await routerBench(rest);
else if (part === 'segment') await segmentBench(Number(rest[0] ?? 7));
else if (part === 'profiles') await profilesBench(Number(rest[0] ?? 3));
else if (part === 'api') await apiBench(Number(rest[0] ?? 3));
else if (part === 'webhooks') await webhooksBench(rest);
else if (part === 'control') await controlBench(rest);
else await pathBench(Number(part ?? 5));
