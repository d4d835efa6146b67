/** An owner that lost its lease is refused at its next playlist, within one segment. libsrt then holds the port for up to 5 s. */
const PATIENCE_MS = 12_000;

/** A port to try first, and for how long (ms) its former owner may still hold it. */
export interface FormerPort {
  preferred: number;
  preferredMs: number;
}

/**
 * The port that the stream had before, when it is one of this node's. A living former owner closes it as soon as it finds
 * itself fenced; a frozen one does not, so that port is tried only once. So is one that only routers call: any other is as good.
 * @param recorded reads a field of the stream's record
 * @param isFrozen whether the process with this mark has stopped running
 */
export async function formerPort(
  recorded: (field: string) => string | undefined,
  node: string,
  isFrozen: (mark: string) => Promise<boolean>,
): Promise<FormerPort | undefined> {
  const port = recorded('port');
  if (port === undefined || recorded('node') !== node) return undefined;
  const [mark = ''] = recorded('formerOwner')?.split('/') ?? [];
  const isAwaited = recorded('routed') !== '1' && !(mark !== '' && (await isFrozen(mark)));
  return { preferred: Number(port), preferredMs: isAwaited ? PATIENCE_MS : 0 };
}
