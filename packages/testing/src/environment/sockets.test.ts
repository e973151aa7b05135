// Goal: a job reads from a socket and writes to one, each in one subtask. Method: a job in a TestEnvironment between two real servers on the loopback.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { TestEnvironment } from './test-environment.ts';

describe('sockets in jobs', () => {
  it('carries every line from the one to the other', async () => {
    const lines = Array.from({ length: 3_000 }, (_, n) => `line ${n} é`);
    const from = await listening((socket) => void socket.end(lines.join('|')));
    let received = '';
    let ended: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const to = await listening((socket) => {
      socket.setEncoding('utf8');
      socket.on('data', (text: string) => {
        received += text;
      });
      socket.on('end', () => ended());
    });
    const env = TestEnvironment.create({ parallelism: 2 });
    env
      .socketTextStream('127.0.0.1', from.port, '|', 0)
      .map((line) => line.toUpperCase())
      .setParallelism(1)
      .writeToSocket('127.0.0.1', to.port, (line) => `${line}\n`);
    await env.execute();
    await end;
    await Promise.all([from.close(), to.close()]);
    assert.deepEqual(
      received.split('\n').slice(0, -1),
      lines.map((line) => line.toUpperCase()),
    );
  });

  it('refuses more than one connection, and names the source that could not connect', async () => {
    const env = TestEnvironment.create();
    assert.throws(() => env.socketTextStream('127.0.0.1', 1).setParallelism(2), {
      message: /but a socket is read by one connection\. Leave it at 1 and/,
    });
    const stream = env.fromData('a');
    assert.throws(() => stream.writeToSocket('127.0.0.1', 1, (text) => text).setParallelism(2), {
      message: "setParallelism of 'Sink: Socket Sink' got 2, but a socket is written by one connection. Leave it at 1.",
    });
    const server = await listening(() => {});
    await server.close();
    const job = TestEnvironment.create();
    job.socketTextStream('127.0.0.1', server.port).print();
    await assert.rejects(job.execute(), {
      message: new RegExp(`Operator 'Source: Socket Stream', subtask 1/1, failed in run: Cannot connect to 127\\.0\\.0\\.1:${server.port}`),
    });
  });
});

async function listening(serve: (socket: Socket) => void) {
  const server = createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
