/**
 * The RPC service of one process: delivers to endpoints that are registered here, and passes what is for others to the link that leads there.
 *
 * Owns the table of endpoints, the links and the calls that wait for an answer. Used by the actors through `RpcService`; whoever owns a transport calls
 * `addLink`, `receiveText` and `removeLink`.
 *
 * T1 nothing is delivered inside the call that sends it: a handler never meets itself half done. `deliver` keeps the order of each pair (R1).
 * T2 a call leaves the table when it is settled, so it is settled once (R2).
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import { DataError } from '@millrace/core/base/errors';
import type { FailureDescription } from './execution-state.ts';
import { describeFailure, lostFailure, terminalFailure } from './failure-description.ts';
import { decodeMessage, encodeMessage } from './message-codec.ts';
import type { RpcCall, RpcEndpoint, RpcGateway, RpcMessage, RpcOutcome, RpcService } from './rpc.ts';

export interface RpcRouterPorts {
  readonly clock: Clock;
  /** Runs `action` soon, after what was handed over before for the same pair. A simulation reorders pairs here. */
  deliver(from: string, to: string, action: () => void): void;
  /** Told of what nobody can answer for: a refused `tell`, a handler that threw. */
  report(failure: FailureDescription): void;
  /** Prefix of the call numbers of this process, so that two routers on one link keep them apart. */
  readonly name: string;
  /** In tests: every message goes through the codec, as between processes. */
  readonly encodeAlways?: boolean;
}

/** A way out of the process. Text is a frame; the peer gives it to its `receiveText`. */
export interface RpcLink {
  send(text: string): void;
}

type Frame =
  | { readonly kind: 'message'; readonly from: string; readonly to: string; readonly call?: string; readonly message: RpcMessage }
  | { readonly kind: 'answer'; readonly from: string; readonly to: string; readonly call: string; readonly outcome: RpcOutcome<unknown> };

interface PendingCall {
  readonly to: string;
  readonly timer: Cancellation | undefined;
  settle(outcome: RpcOutcome<never>): void;
}

export class RpcRouter implements RpcService {
  readonly #ports: RpcRouterPorts;
  readonly #endpoints = new Map<string, RpcEndpoint<RpcMessage>>();
  readonly #links = new Map<string, RpcLink>(); // by prefix of the address
  readonly #calls = new Map<string, PendingCall>();
  #nextCall = 0;

  constructor(ports: RpcRouterPorts) {
    this.#ports = ports;
  }

  register<M extends RpcMessage>(address: string, endpoint: RpcEndpoint<M>): void {
    this.#endpoints.set(address, endpoint as unknown as RpcEndpoint<RpcMessage>);
  }

  unregister(address: string): void {
    this.#endpoints.delete(address);
  }

  connect<M extends RpcMessage>(from: string, to: string): RpcGateway<M> {
    return {
      address: to,
      tell: (message) => this.#route({ kind: 'message', from, to, message }),
      ask: (message, timeoutMs, settle) => {
        const call = this.#newCall(to, timeoutMs, settle);
        this.#route({ kind: 'message', from, to, call, message });
      },
    };
  }

  /** Everything for addresses that begin with `prefix` goes there, unless it is registered here. The longest prefix wins. */
  addLink(prefix: string, link: RpcLink): void {
    this.#links.set(prefix, link);
  }

  /** The peer is gone: what waits for an answer from there fails now. */
  removeLink(prefix: string, why: FailureDescription): void {
    this.#links.delete(prefix);
    for (const [call, pending] of this.#calls) if (pending.to.startsWith(prefix)) this.#settle(call, { ok: false, failure: why });
  }

  receiveText(text: string): void {
    this.#deliver(checkFrame(decodeMessage(text)));
  }

  #newCall<A>(to: string, timeoutMs: number | undefined, settle: (outcome: RpcOutcome<A>) => void): string {
    const call = `${this.#ports.name}:${this.#nextCall++}`;
    const expire = () => this.#settle(call, { ok: false, failure: timedOut(to, timeoutMs ?? 0) });
    const timer = timeoutMs === undefined ? undefined : this.#ports.clock.schedule(timeoutMs, expire);
    this.#calls.set(call, { to, timer, settle });
    return call;
  }

  #settle(call: string, outcome: RpcOutcome<unknown>): void {
    const pending = this.#calls.get(call);
    if (pending === undefined) return; // timed out before
    this.#calls.delete(call);
    pending.timer?.cancel();
    pending.settle(outcome as RpcOutcome<never>);
  }

  #route(frame: Frame): void {
    const link = this.#linkTo(frame);
    if (link !== undefined) link.send(encodeMessage(frame));
    else this.#deliver(this.#ports.encodeAlways === true ? checkFrame(decodeMessage(encodeMessage(frame))) : frame);
  }

  #linkTo(frame: Frame): RpcLink | undefined {
    if (frame.kind === 'answer' ? this.#calls.has(frame.call) : this.#endpoints.has(frame.to)) return undefined;
    let best: string | undefined;
    for (const prefix of this.#links.keys()) {
      if (frame.to.startsWith(prefix) && prefix.length >= (best?.length ?? 0)) best = prefix;
    }
    return best === undefined ? undefined : this.#links.get(best);
  }

  #deliver(frame: Frame): void {
    this.#ports.deliver(frame.from, frame.to, () => {
      if (frame.kind === 'answer') this.#settle(frame.call, frame.outcome);
      else this.#hand(frame);
    });
  }

  #hand(frame: Frame & { kind: 'message' }): void {
    const call = this.#callOf(frame);
    const endpoint = this.#endpoints.get(frame.to);
    if (endpoint === undefined) return call.fail(unreachableEndpoint(frame.to));
    if (!endpoint.accepts(frame.message)) return call.fail(staleLeader(frame));
    try {
      endpoint.receive(frame.message, call);
    } catch (error) {
      const failure = describeFailure(error);
      this.#ports.report(failure);
      call.fail(failure);
    }
  }

  #callOf(frame: Frame & { kind: 'message' }): RpcCall {
    const { from, to, call } = frame;
    let open = call !== undefined;
    const answer = (outcome: RpcOutcome<unknown>) => {
      if (open) this.#route({ kind: 'answer', from: to, to: from, call: call ?? '', outcome });
      else if (call === undefined && !outcome.ok) this.#ports.report(outcome.failure);
      open = false;
    };
    return { from, reply: (value) => answer({ ok: true, answer: value }), fail: (failure) => answer({ ok: false, failure }) };
  }
}

function checkFrame(value: unknown): Frame {
  const frame = value as Partial<Frame> | null;
  const addressed = typeof frame === 'object' && frame !== null && typeof frame.from === 'string' && typeof frame.to === 'string';
  if (addressed && frame.kind === 'answer' && typeof frame.call === 'string' && typeof frame.outcome?.ok === 'boolean')
    return frame as Frame;
  if (addressed && frame.kind === 'message' && typeof frame.message?.type === 'string' && typeof frame.message.leader === 'string')
    return frame as Frame;
  throw new DataError('A control message came in that is no frame of kind message or answer. Do both processes run the same version?');
}

function timedOut(to: string, timeoutMs: number): FailureDescription {
  return lostFailure('rpc-timeout', `${to} did not answer within ${timeoutMs} ms. It may be down or overloaded.`);
}

function unreachableEndpoint(to: string): FailureDescription {
  return lostFailure('unreachable', `Nobody listens at ${to}: it has ended or was never started.`);
}

function staleLeader(frame: Frame & { kind: 'message' }): FailureDescription {
  const { type, leader } = frame.message;
  return terminalFailure(
    'stale-leader',
    `${frame.to} refused '${type}' of ${frame.from}: its fencing token ${leader} is not that of the leader.`,
  );
}
