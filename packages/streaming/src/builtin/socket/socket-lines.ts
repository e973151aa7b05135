import { UsageError } from '@millrace/core/base/errors';
import type { SocketConnection } from '@millrace/core/net/socket';
import type { SourceContext, SourceFunctionLife } from '../../contract/source-function.ts';
import { LineSplitter } from './line-splitter.ts';
import {
  checkAddress,
  checkReconnection,
  Reconnection,
  type ReconnectionOptions,
  type SocketPorts,
  SYSTEM_SOCKETS,
} from './reconnection.ts';

export interface SocketTextOptions extends ReconnectionOptions {
  /** Between two records; a newline unless set. */
  readonly delimiter?: string;
}

/**
 * The lines that a server sends. The source ends when the server ends the connection, unless it may try again: then what the server sends next time goes on. What
 * stood behind the last delimiter of a connection that was ended is a record; of one that broke it is dropped. Flink: SocketTextStreamFunction.
 */
export function socketLines(
  host: string,
  port: number,
  options: SocketTextOptions = {},
  ports: SocketPorts = SYSTEM_SOCKETS,
): SourceFunctionLife<string> {
  const address = checkAddress(host, port, 'socketTextStream');
  const reconnection = checkReconnection(options, 0, 'socketTextStream');
  const { delimiter = '\n' } = options;
  if (typeof delimiter !== 'string' || delimiter === '')
    throw new UsageError('socketTextStream got an empty delimiter. Give a text of one letter or more.');
  return {
    async run(context) {
      const tries = new Reconnection(address, reconnection, ports, context.signal);
      for (;;) {
        const connection = await tries.connect();
        const loss = await readLines(connection, new LineSplitter(delimiter, `${host}:${port}`), tries, context);
        if (await tries.mayRetry()) continue;
        if (loss !== undefined) throw loss.error;
        return;
      }
    },
  };
}

/** Returns what broke the connection; undefined where the peer has ended it. */
async function readLines(
  connection: SocketConnection,
  splitter: LineSplitter,
  tries: Reconnection,
  context: SourceContext<string>,
): Promise<{ readonly error: unknown } | undefined> {
  const stop = () => void connection.close();
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of connection.chunks()) {
      tries.succeeded();
      for (const line of splitter.lines(chunk)) await context.collect(line);
    }
    const rest = splitter.rest();
    if (rest !== undefined) await context.collect(rest);
    return undefined;
  } catch (error) {
    if (context.signal.aborted || (error as { readonly kind?: unknown }).kind !== 'retryable') throw error;
    return { error };
  } finally {
    context.signal.removeEventListener('abort', stop);
    await connection.close();
  }
}
