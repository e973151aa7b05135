/**
 * The metrics of a run over HTTP: `/metrics` for Prometheus and `/metrics.json`.
 *
 * Owns one listening socket, from `start` to `close`; what it shows is asked for at each request, so that nothing is done while nobody asks.
 * S1 only GET and HEAD of these two paths are answered, without a body being read; connections are few, short and never kept.
 * S2 beyond this machine it is opened only when that was allowed; on loopback a request must name a loopback host, so that no page of a browser reads it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { ConfigError } from '@millrace/core/base/errors';
import type { JobMetrics } from '../local/job-metrics.ts';
import { metricsJson } from './metrics-json.ts';
import { CONTENT_TYPE, prometheusText } from './prometheus-text.ts';

const CONNECTIONS_MAX = 16;
const TIMEOUT_MS = 5_000;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i;

export interface MetricsServerOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly host: string;
  readonly allowRemote: boolean;
}

export class MetricsServer {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, host: string) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.url = `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  }

  /** Throws a `ConfigError` where the address is refused, by us or by the system. */
  static async start(options: MetricsServerOptions, read: () => readonly JobMetrics[]): Promise<MetricsServer> {
    const { host, port } = options;
    if (!isLoopback(host) && !options.allowRemote) throw beyondLoopback(host);
    const server = createServer({ requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS }, (request, response) =>
      answer(request, response, isLoopback(host), read),
    );
    server.maxConnections = CONNECTIONS_MAX;
    server.unref(); // it keeps no program alive
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(host, port, error)));
      server.listen({ host, port }, resolve);
    });
    server.removeAllListeners('error').on('error', () => {}); // of single connections: a scraper tries again
    return new MetricsServer(server, host);
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

function answer(request: IncomingMessage, response: ServerResponse, local: boolean, read: () => readonly JobMetrics[]): void {
  const path = (request.url ?? '').replace(/[?#].*$/s, '');
  const asked = request.headers.host?.replace(/:\d+$/, '') ?? '';
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'Only GET is answered.\n', { allow: 'GET, HEAD' });
  if (local && !isLoopback(asked)) return send(response, 403, 'Ask for localhost: this address is of this machine alone.\n');
  if (path !== '/metrics' && path !== '/metrics.json') return send(response, 404, 'There is /metrics and /metrics.json.\n');
  try {
    const jobs = read();
    if (path === '/metrics') send(response, 200, prometheusText(jobs), { 'content-type': CONTENT_TYPE });
    else send(response, 200, JSON.stringify(metricsJson(jobs)), { 'content-type': 'application/json' });
  } catch (error) {
    send(response, 500, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function send(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
  const all = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', connection: 'close', ...headers };
  response.writeHead(status, all).end(response.req.method === 'HEAD' ? undefined : text);
}

function beyondLoopback(host: string): ConfigError {
  return new ConfigError(
    `metrics.reporter.prom.host is '${host}', which others than this machine may reach, and the metrics name jobs and operators to whoever asks. ` +
      'Leave it at 127.0.0.1, or add --metrics-allow-remote (metrics.reporter.prom.allow-remote) where the network may see them.',
    { reason: 'metrics-beyond-loopback' },
  );
}

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): ConfigError {
  const why = error.code === 'EADDRINUSE' ? 'something else listens there' : error.message;
  return new ConfigError(
    `Metrics cannot be served at port ${port} of ${host} (metrics.reporter.prom.port): ${why}. Take another port, or 0 for one that is free.`,
    { reason: 'metrics-port', cause: error },
  );
}
