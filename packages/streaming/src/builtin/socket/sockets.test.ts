// Goal: lines come whole over any cutting of the bytes; connections are made anew as often as allowed, and no more; what a lost connection had is treated as said. Method:
// connections that the test scripts, a clock that it moves, and real servers on a port of the system's choice.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { Clock } from '@millrace/core/base/clock';
import { RetryableError } from '@millrace/core/base/errors';
import { seededRandom } from '@millrace/core/base/random';
import { connectSocket } from '@millrace/core/net/node/node-socket';
import type { SocketConnection } from '@millrace/core/net/socket';
import type { SourceContext } from '../../contract/source-function.ts';
import { LineSplitter } from './line-splitter.ts';
import type { SocketPorts } from './reconnection.ts';
import { socketLines, type SocketTextOptions } from './socket-lines.ts';
import { SocketSink } from './socket-sink.ts';

describe('LineSplitter', () => {
  it('gives the lines that split would give, however the bytes are cut', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const delimiter = ['\n', '||', 'ab', 'aab', 'é'][random.nextInt(5)] as string;
      let text = '';
      for (let part = random.nextInt(30); part > 0; part--) text += ['a', 'b', '|', 'é', '\n', '🙂', delimiter][random.nextInt(7)];
      const bytes = new TextEncoder().encode(text);
      const splitter = new LineSplitter(delimiter, 'test');
      const lines: string[] = [];
      for (let at = 0; at < bytes.byteLength; ) {
        const next = Math.min(bytes.byteLength, at + 1 + random.nextInt(5));
        lines.push(...splitter.lines(bytes.subarray(at, next)));
        at = next;
      }
      const rest = splitter.rest();
      const expected = text.split(delimiter);
      if (expected.at(-1) === '') expected.pop();
      assert.deepEqual([...lines, ...(rest === undefined ? [] : [rest])], expected, `seed ${seed}`);
    }
  });

  it('takes a carriage return off lines, and refuses what is not UTF-8', () => {
    assert.deepEqual([...new LineSplitter('\n', 'x').lines(new TextEncoder().encode('a\r\n\r\nb\r\n'))], ['a', '', 'b']);
    assert.throws(() => [...new LineSplitter('\n', 'host:1').lines(Uint8Array.of(0xff, 10))], {
      message: /^host:1 sent a line of 1 bytes that is not UTF-8/,
    });
  });
});

describe('socketLines', () => {
  const closes = (...chunks: string[]) => ({ chunks, breaks: false });
  const breaks = (...chunks: string[]) => ({ chunks, breaks: true });
  const refuses = 'refuses' as const;

  it('ends when the server ends the connection, with what stood behind the last delimiter', async () => {
    assert.deepEqual(await linesOf([closes('a\nb', 'c\nd')]), { lines: ['a', 'bc', 'd'], connects: 1, waitedMs: 0 });
  });

  it('connects again as often as it may, in a row, and counts anew when bytes have come', async () => {
    const script = [closes('a\n'), refuses, closes('b\n'), closes('c'), closes(), closes(), closes('never')];
    assert.deepEqual(await linesOf(script, { maxRetries: 2, retryDelay: '3 s' }), {
      lines: ['a', 'b', 'c'],
      connects: 6,
      waitedMs: 3_000 * 5,
    });
  });

  it('drops the unfinished line of a connection that broke, and fails with the loss when no try is left', async () => {
    assert.deepEqual((await linesOf([breaks('a\nhal'), closes('half\n'), closes()], { maxRetries: 1 })).lines, ['a', 'half']);
    await assert.rejects(linesOf([breaks('a\n')]), { message: 'it broke' });
    await assert.rejects(linesOf([refuses, refuses], { maxRetries: 1 }), { message: 'refused' });
  });

  it('refuses arguments that cannot be', () => {
    assert.throws(() => socketLines('', 1), { message: /an empty text as the host/ });
    assert.throws(() => socketLines('x', 70_000), { message: /70000 as the port\. Give a whole number from 1 to 65535/ });
    assert.throws(() => socketLines('x', 1, { delimiter: '' }), { message: /an empty delimiter/ });
    assert.throws(() => socketLines('x', 1, { maxRetries: -2 }), { message: /-2 as maxRetries/ });
  });

  async function linesOf(script: readonly (Script | 'refuses')[], options: SocketTextOptions = {}) {
    const lines: string[] = [];
    const canceled = new AbortController();
    const { ports, seen } = scripted(script);
    const context = { signal: canceled.signal, collect: (line: string) => void lines.push(line) } as unknown as SourceContext<string>;
    await socketLines('host', 1, options, ports).run(context);
    return { lines, ...seen };
  }
});

interface Script {
  readonly chunks: readonly string[];
  readonly breaks: boolean;
}

/** Connections that do what the script says, one after another; time passes as soon as somebody waits for it. */
function scripted(script: readonly (Script | 'refuses')[], written: string[] = []) {
  const seen = { connects: 0, waitedMs: 0 };
  const clock = {
    schedule: (delayMs: number, action: () => void) => {
      seen.waitedMs += delayMs;
      queueMicrotask(action);
      return { cancel() {} };
    },
  } as Clock;
  const connect = (): Promise<SocketConnection> => {
    const next = script[seen.connects];
    seen.connects += 1;
    if (next === undefined || next === 'refuses') return Promise.reject(new RetryableError('refused'));
    let writes = 0;
    return Promise.resolve({
      isOpen: true,
      discardInput() {},
      close: () => Promise.resolve(),
      write(bytes) {
        if (next.breaks && writes >= next.chunks.length) return Promise.reject(new RetryableError('it broke'));
        writes += 1;
        written.push(new TextDecoder().decode(bytes));
        return Promise.resolve();
      },
      async *chunks() {
        for (const chunk of next.chunks) yield new TextEncoder().encode(chunk);
        if (next.breaks) throw new RetryableError('it broke');
      },
    });
  };
  const ports: SocketPorts = { connect, clock };
  return { ports, seen };
}

const CONTEXT = undefined as never;

describe('SocketSink', () => {
  it('sends batches, and the one under way again when the connection was lost', async () => {
    const written: string[] = [];
    const { ports, seen } = scripted(
      [{ chunks: ['one write goes well'], breaks: true }, 'refuses', { chunks: [], breaks: false }],
      written,
    );
    const sink = new SocketSink<number>('host', 1, (n) => `${n}\n`, { ports });
    const writer = await sink.createWriter();
    for (const n of [1, 2]) await writer.write(n, CONTEXT);
    assert.deepEqual(written, []);
    await writer.flush(false);
    for (const n of [3, 4]) await writer.write(n, CONTEXT);
    await writer.flush(true);
    await writer.close();
    assert.deepEqual(written, ['1\n2\n', '3\n4\n']);
    assert.deepEqual(seen, { connects: 3, waitedMs: 1_000 });
  });

  it('fails with the loss when no try is left, and refuses what is no schema', async () => {
    const { ports } = scripted([{ chunks: [], breaks: true }, 'refuses']);
    const writer = await new SocketSink<string>('host', 1, { serialize: (text) => text }, { maxRetries: 1, ports }).createWriter();
    await writer.write('a', CONTEXT);
    await assert.rejects(Promise.resolve(writer.flush(false)), { message: 'refused' });
    assert.throws(() => new SocketSink('host', 1, {} as never), { message: /writeToSocket got no schema/ });
    const numbers = await new SocketSink<number>(
      'host',
      1,
      ((n: number) => n) as never,
      scripted([{ chunks: [], breaks: false }]),
    ).createWriter();
    assert.throws(() => numbers.write(1, CONTEXT), { message: /made a value of type number of a record/ });
  });
});

describe('over the loopback', () => {
  it('reads what a server sends, and goes on with its next connection', async () => {
    let connections = 0;
    const server = await listening((socket) => {
      connections += 1;
      socket.end(`line ${connections}a\nline ${connections}b\n`);
    });
    const lines: string[] = [];
    const canceled = new AbortController();
    const context = {
      signal: canceled.signal,
      collect(line: string) {
        lines.push(line);
        if (lines.length === 6) canceled.abort();
      },
    } as unknown as SourceContext<string>;
    await Promise.resolve(socketLines('127.0.0.1', server.port, { maxRetries: -1, retryDelay: '0 ms' }).run(context)).catch(() => {});
    await server.close();
    assert.deepEqual(lines, ['line 1a', 'line 1b', 'line 2a', 'line 2b', 'line 3a', 'line 3b']);
  });

  it('writes every line to a server, which sees the end', async () => {
    let received = '';
    let ended: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const server = await listening((socket) => {
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString();
      });
      socket.on('end', () => ended());
    });
    const writer = await new SocketSink<number>('127.0.0.1', server.port, (n) => `${n}\n`).createWriter();
    for (let n = 0; n < 20_000; n++) await writer.write(n, CONTEXT);
    await writer.flush(true);
    await writer.close();
    await end;
    await server.close();
    assert.equal(received, Array.from({ length: 20_000 }, (_, n) => `${n}\n`).join(''));
  });

  it('knows when the peer has ended the connection, and names an address that nobody listens at', async () => {
    const server = await listening((socket) => void socket.end());
    const connection = await connectSocket({ host: '127.0.0.1', port: server.port }, new AbortController().signal);
    connection.discardInput();
    while (connection.isOpen) await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(connection.write(Uint8Array.of(1)), {
      message: new RegExp(`Cannot write to 127\\.0\\.0\\.1:${server.port}: the peer has ended`),
    });
    await connection.close();
    await server.close();
    await assert.rejects(connectSocket({ host: '127.0.0.1', port: server.port }, new AbortController().signal), {
      message: new RegExp(`Cannot connect to 127\\.0\\.0\\.1:${server.port}: connect ECONNREFUSED`),
    });
  });
});

async function listening(serve: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
