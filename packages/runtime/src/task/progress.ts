/** What a tasklet reports after a turn: Hazelcast Jet's unit of scheduling. */
export const ADVANCED = 0; // did something; wants another turn
export const IDLE = 1; // nothing to read
export const BLOCKED = 2; // somebody behind it cannot take more
export const DRAINING = 3; // takes no input; waits for promises of its own
export const DONE = 4;
export const WAITING = 5; // an operator of its own cannot take more: a sink or a request that is slow
export type Progress = typeof ADVANCED | typeof IDLE | typeof BLOCKED | typeof DRAINING | typeof DONE | typeof WAITING;
