/**
 * How the actors of the control plane speak: an endpoint takes messages one at a time, a gateway sends them. Who carries them (a call in one process, the
 * IPC channel of a child, later a socket) is not seen here.
 *
 * R1 the messages of one sender to one endpoint arrive in the order in which they were sent.
 * R2 an `ask` is settled exactly once: by the answer, by a failure of the endpoint, by its time-out, or because the endpoint cannot be reached.
 * R3 every message carries the fencing token of the leader between the two (`leader`). An endpoint says which it accepts; others are refused before they
 *    are looked at, with reason `stale-leader`.
 */
import type { FailureDescription } from './execution-state.ts';

export interface RpcMessage {
  readonly type: string;
  readonly leader: string;
}

export interface RpcEndpoint<M extends RpcMessage> {
  /** Decides by the token alone, before `receive` (R3). */
  accepts(message: M): boolean;
  /** Must not throw for what a peer sends; what it throws nevertheless goes back to an `ask` and to the reporter of the service. */
  receive(message: M, call: RpcCall): void;
}

/** The way back to the sender. For a `tell` both methods do nothing; for an `ask` the first call counts, and it may come later. */
export interface RpcCall {
  readonly from: string;
  reply(answer: unknown): void;
  fail(failure: FailureDescription): void;
}

export type RpcOutcome<A> = { readonly ok: true; readonly answer: A } | { readonly ok: false; readonly failure: FailureDescription };

export interface RpcGateway<M extends RpcMessage> {
  readonly address: string;
  /** Fire and forget. */
  tell(message: M): void;
  /** `timeoutMs` undefined waits for ever: for answers that come when a job ends. */
  ask<A>(message: M, timeoutMs: number | undefined, settle: (outcome: RpcOutcome<A>) => void): void;
}

export interface RpcService {
  /** Addresses are paths: `jobmanager/dispatcher`, `taskmanager/tm-1`. */
  register<M extends RpcMessage>(address: string, endpoint: RpcEndpoint<M>): void;
  /** What waits for it fails with reason `unreachable`. */
  unregister(address: string): void;
  connect<M extends RpcMessage>(from: string, to: string): RpcGateway<M>;
}
