/** Flink's MessageAcknowledgingSourceBase and its kin: sources of systems that give a message again until it is acknowledged by its id. */
import { UsageError } from '@millrace/core/base/errors';
import { Types } from '@millrace/core/types/types';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { MaybePromise } from '../contract/emittable.ts';
import type { ListState } from '../contract/keyed-state.ts';
import type { FunctionInitializationContext, FunctionSnapshotContext } from '../contract/rich-function.ts';
import { ListStateDescriptor } from '../contract/state-descriptor.ts';
import { RichSourceFunction } from './source-functions.ts';

/** What a checkpoint that is not complete yet covers. */
interface PendingCheckpoint<UId> {
  readonly checkpointId: number;
  readonly ids: readonly UId[];
}

/**
 * Acknowledges messages when the checkpoint that holds their effects is complete, and passes over those that come again although they are in the state already.
 * Exactly once where checkpoints are on, the system gives each message an id of its own, and everything that it gave without being acknowledged comes again after a failure.
 *
 * `run` calls `addId` for each message, and emits it only when that returned true. Ids are strings, numbers or bigints. In one subtask.
 *
 * ```ts
 * class Mails extends MessageAcknowledgingSourceBase<Mail, string> {
 *   readonly #inbox: Inbox;
 *   constructor(inbox: Inbox) { super(Types.STRING); this.#inbox = inbox; }
 *   override async run(context: SourceContext<Mail>) {
 *     for await (const mail of this.#inbox.take(context.signal)) if (this.addId(mail.id)) await context.collect(mail);
 *   }
 *   override cancel() {}
 *   override acknowledgeIds(_checkpointId: number, ids: readonly string[]) { return this.#inbox.acknowledge(ids); }
 * }
 * ```
 */
export abstract class MessageAcknowledgingSourceBase<T, UId extends string | number | bigint> extends RichSourceFunction<T> {
  readonly #idType: TypeInformation<UId>;
  /** Since the last snapshot. */
  #ids = new Set<UId>();
  /** In the order of their checkpoints. */
  #pending: PendingCheckpoint<UId>[] = [];
  /** In the state of the job since this session, and still to be acknowledged. */
  readonly #unacknowledged = new Set<UId>();
  /**
   * In the state of the job since an earlier session: they may come once more in this one, even after they were acknowledged, because they may be on their way. (Flink
   * forgets them with the next checkpoint, and counts a message twice that comes later.)
   */
  readonly #earlier = new Set<UId>();
  #isEarlierAcknowledged = false;
  #state: ListState<PendingCheckpoint<UId>> | undefined = undefined;

  constructor(idType: TypeInformation<UId>) {
    super();
    this.#idType = idType;
  }

  /** Called with the ids of all messages whose effects are in a complete checkpoint; may be called again with the same ones after a failure. */
  protected abstract acknowledgeIds(checkpointId: number, ids: readonly UId[]): MaybePromise<void>;

  /** True for a message that is to be emitted; false for one that the job has seen already. */
  protected addId(id: UId): boolean {
    this.#ids.add(id);
    const isNew = !this.#unacknowledged.has(id) && !this.#earlier.delete(id);
    this.#unacknowledged.add(id);
    return isNew;
  }

  /** Whether `acknowledgeIds` reaches messages that have not come in this session. */
  protected get reachesEarlierSessions(): boolean {
    return true;
  }

  initializeState(context: FunctionInitializationContext): void {
    const type = Types.row({ checkpointId: Types.LONG, ids: Types.list(this.#idType) });
    const state = context
      .getOperatorStateStore()
      .getListState(
        new ListStateDescriptor('message-acknowledging-source-state', type as unknown as TypeInformation<PendingCheckpoint<UId>>),
      );
    this.#state = state;
    for (const { ids } of state.get()) for (const id of ids) this.#earlier.add(id);
  }

  snapshotState(context: FunctionSnapshotContext): void {
    if (this.#state === undefined)
      throw new UsageError(`${this.constructor.name} overrides initializeState: call super.initializeState(context) in it.`);
    this.#pending.push({ checkpointId: context.getCheckpointId(), ids: [...this.#ids] });
    this.#ids = new Set();
    const earlier = this.#isEarlierAcknowledged ? [] : [{ checkpointId: 0, ids: [...this.#earlier] }];
    this.#state.update([...earlier, ...this.#pending]);
  }

  /** Stands for all checkpoints before it, whose own notifications may have been lost. */
  async notifyCheckpointComplete(checkpointId: number): Promise<void> {
    const complete = this.#pending.filter((pending) => pending.checkpointId <= checkpointId);
    this.#pending = this.#pending.filter((pending) => pending.checkpointId > checkpointId);
    const ids = complete.flatMap((pending) => pending.ids);
    if (this.reachesEarlierSessions && !this.#isEarlierAcknowledged) {
      ids.push(...this.#earlier);
      this.#isEarlierAcknowledged = true;
    }
    await this.acknowledgeIds(checkpointId, ids);
    for (const id of ids) this.#unacknowledged.delete(id);
  }
}

/**
 * As `MessageAcknowledgingSourceBase`, for systems that acknowledge by another id (a delivery tag, a session) than the one by which a message is known again: `run` puts
 * the session's id into `sessionIds` for each message, also for one that `addId` has refused.
 */
export abstract class MultipleIdsMessageAcknowledgingSourceBase<
  T,
  UId extends string | number | bigint,
  SessionId,
> extends MessageAcknowledgingSourceBase<T, UId> {
  /** Of the messages since the last checkpoint. */
  protected sessionIds: SessionId[] = [];
  /** They are worth nothing to another session, so they are no state. */
  #sessionIdsPending: { readonly checkpointId: number; readonly sessionIds: readonly SessionId[] }[] = [];

  protected override get reachesEarlierSessions(): boolean {
    return false;
  }

  protected abstract acknowledgeSessionIds(sessionIds: readonly SessionId[]): MaybePromise<void>;

  override snapshotState(context: FunctionSnapshotContext): void {
    this.#sessionIdsPending.push({ checkpointId: context.getCheckpointId(), sessionIds: this.sessionIds });
    this.sessionIds = [];
    super.snapshotState(context);
  }

  protected override async acknowledgeIds(checkpointId: number, _ids: readonly UId[]): Promise<void> {
    const complete = this.#sessionIdsPending.filter((pending) => pending.checkpointId <= checkpointId);
    this.#sessionIdsPending = this.#sessionIdsPending.filter((pending) => pending.checkpointId > checkpointId);
    await this.acknowledgeSessionIds(complete.flatMap(({ sessionIds }) => sessionIds));
  }
}
