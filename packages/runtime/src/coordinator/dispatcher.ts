/**
 * The Dispatcher: takes jobs from clients, gives each a JobMaster of its own, lists and cancels them, and remembers how they ended.
 *
 * DI1 a job id is used once. DI2 `request-job-result` is answered exactly once, when the job is in a terminal state. DI3 what has ended is remembered up to
 * `maxEndedJobs`, the oldest forgotten first.
 */
import { unreachable } from '@millrace/core/base/assert';
import type {
  JobDetails,
  JobEnd,
  JobOverview,
  LeaderAddress,
  RequestJobResult,
  RestoreRequest,
  SubmitJob,
  ToDispatcher,
} from '../protocol/control-messages.ts';
import type { JobInformation } from '../protocol/deployment.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import { describeFailure, terminalFailure } from '../protocol/failure-description.ts';
import { randomId } from '../protocol/ids.ts';
import type { RpcCall, RpcEndpoint } from '../protocol/rpc.ts';
import { JobMaster, type JobMasterOptions, type JobMasterPorts } from './job-master.ts';

export interface DispatcherOptions {
  readonly resourceManager: LeaderAddress;
  readonly jobMaster: JobMasterOptions;
  readonly maxEndedJobs: number;
}

export class Dispatcher implements RpcEndpoint<ToDispatcher> {
  readonly #self: LeaderAddress;
  readonly #options: DispatcherOptions;
  readonly #ports: JobMasterPorts;
  readonly #running = new Map<string, JobMaster>();
  readonly #ended = new Map<string, JobDetails>(); // in the order of their ends
  readonly #waiting = new Map<string, RpcCall[]>(); // for results, by job id

  constructor(self: LeaderAddress, options: DispatcherOptions, ports: JobMasterPorts) {
    this.#self = self;
    this.#options = options;
    this.#ports = ports;
  }

  start(): void {
    this.#ports.rpc.register(this.#self.address, this);
  }

  /** Whoever still waits for a result is told that there will be none. */
  close(): void {
    this.#ports.rpc.unregister(this.#self.address);
    const failure = terminalFailure('cluster-closed', 'The cluster was closed before the job had ended.');
    for (const call of [...this.#waiting.values()].flat()) call.fail(failure);
    this.#waiting.clear();
  }

  details(jobId: string): JobDetails | undefined {
    return this.#running.get(jobId)?.details() ?? this.#ended.get(jobId);
  }

  /** For what concerns all jobs alike: no TaskManager can be started here. */
  failJobs(failure: FailureDescription): void {
    for (const jobMaster of [...this.#running.values()]) jobMaster.fail(failure);
  }

  get runningJobs(): readonly string[] {
    return [...this.#running.keys()];
  }

  accepts(message: ToDispatcher): boolean {
    return message.leader === this.#self.leader;
  }

  receive(message: ToDispatcher, call: RpcCall): void {
    switch (message.type) {
      case 'submit-job':
        return this.#submit(message, call);
      case 'cancel-job':
        return this.#cancel(message.jobId, call);
      case 'request-job-result':
        return this.#result(message, call);
      case 'request-job-details':
        return answer(call, this.details(message.jobId), message.jobId);
      case 'list-jobs':
        return call.reply(this.#overviews());
      default:
        return unreachable(message, 'Dispatcher.receive');
    }
  }

  /** Answered when everything that can be wrong with the job before it runs has been looked at. */
  #submit({ jobId, jobGraph, program, restore }: SubmitJob, call: RpcCall): void {
    if (this.details(jobId) !== undefined) {
      return call.fail(
        terminalFailure('duplicate-job', `A job with the id ${jobId} was submitted before. Give every submission an id of its own.`),
      );
    }
    const jobMaster = this.#createJobMaster({ jobId, jobGraph, program }, restore);
    this.#running.set(jobId, jobMaster);
    const refuse = (failure: FailureDescription) => {
      this.#running.delete(jobId);
      call.fail(failure);
    };
    try {
      jobMaster.start((refused) => (refused === undefined ? call.reply({ jobId }) : refuse(refused)));
    } catch (error) {
      refuse(describeFailure(error));
    }
  }

  #createJobMaster(job: JobInformation, restore: RestoreRequest | undefined): JobMaster {
    const { resourceManager, jobMaster } = this.#options;
    const identity = { address: `jobmanager/jobmaster-${job.jobId}`, leader: randomId(this.#ports.random), resourceManager };
    return new JobMaster(job, identity, jobMaster, { ...this.#ports, restore, onEnd: (details) => this.#jobEnded(details) });
  }

  #cancel(jobId: string, call: RpcCall): void {
    const details = this.details(jobId);
    answer(call, details === undefined ? undefined : { jobId }, jobId);
    this.#running.get(jobId)?.cancel(); // one that has ended needs no cancelling
  }

  #result({ jobId }: RequestJobResult, call: RpcCall): void {
    const ended = this.#ended.get(jobId);
    if (ended !== undefined) return call.reply(endOf(ended));
    if (!this.#running.has(jobId)) return answer(call, undefined, jobId);
    this.#waiting.set(jobId, [...(this.#waiting.get(jobId) ?? []), call]);
  }

  #jobEnded(details: JobDetails): void {
    this.#running.delete(details.jobId);
    this.#ended.set(details.jobId, details);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= this.#options.maxEndedJobs) break;
      this.#ended.delete(oldest);
    }
    for (const call of this.#waiting.get(details.jobId) ?? []) call.reply(endOf(details));
    this.#waiting.delete(details.jobId);
  }

  #overviews(): readonly JobOverview[] {
    const running = [...this.#running.values()].map((jobMaster) => jobMaster.details());
    return [...running, ...this.#ended.values()].map(({ jobId, name, status }) => ({ jobId, name, status }));
  }
}

function answer(call: RpcCall, found: unknown, jobId: string): void {
  if (found !== undefined) call.reply(found);
  else
    call.fail(
      terminalFailure('unknown-job', `There is no job with the id ${jobId}. It may have ended long ago, or belong to another cluster.`),
    );
}

function endOf({ jobId, name, status, netRuntimeMs, failure, suppressed, accumulators }: JobDetails): JobEnd {
  return { jobId, name, status, netRuntimeMs, failure, suppressed, accumulators };
}
