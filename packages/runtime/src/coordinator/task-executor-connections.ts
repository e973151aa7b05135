/** The TaskExecutors in whose slots a job runs: how they are reached, and that they are still there. Used by the JobMaster. */
import type { Clock } from '@millrace/core/base/clock';
import type { ToTaskExecutor } from '../protocol/control-messages.ts';
import type { RpcGateway, RpcOutcome } from '../protocol/rpc.ts';
import { Heartbeats } from './heartbeats.ts';

export interface TaskExecutorConnectionsOptions {
  readonly clock: Clock;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatMissedLimit: number;
  readonly rpcTimeoutMs: number;
  /** Fencing token of the JobMaster that asks. */
  readonly leader: string;
  readonly connect: (address: string) => RpcGateway<ToTaskExecutor>;
  /** One has not answered for `silentMs`. */
  readonly onSilent: (address: string, silentMs: number) => void;
}

export class TaskExecutorConnections {
  readonly #options: TaskExecutorConnectionsOptions;
  readonly #gateways = new Map<string, RpcGateway<ToTaskExecutor>>(); // by address
  readonly #heartbeats: Heartbeats;

  constructor(options: TaskExecutorConnectionsOptions) {
    this.#options = options;
    const { clock, heartbeatIntervalMs: intervalMs, heartbeatMissedLimit: missedLimit, leader } = options;
    this.#heartbeats = new Heartbeats({
      clock,
      intervalMs,
      missedLimit,
      ask: (address) => this.tell(address, { type: 'job-master-heartbeat', leader }),
      onLost: (address) => options.onSilent(address, intervalMs * missedLimit),
    });
  }

  start(): void {
    this.#heartbeats.start();
  }

  stop(): void {
    this.#heartbeats.stop();
  }

  add(address: string): void {
    if (this.#gateways.has(address)) return;
    this.#gateways.set(address, this.#options.connect(address));
    this.#heartbeats.add(address);
  }

  remove(address: string): void {
    this.#gateways.delete(address);
    this.#heartbeats.remove(address);
  }

  heard(address: string): void {
    this.#heartbeats.heard(address);
  }

  /** To one that is not connected any more nothing is sent. */
  tell(address: string, message: ToTaskExecutor): void {
    this.#gateways.get(address)?.tell(message);
  }

  ask(address: string, message: ToTaskExecutor, settle: (outcome: RpcOutcome<unknown>) => void): void {
    this.#gateways.get(address)?.ask(message, this.#options.rpcTimeoutMs, settle);
  }
}
