/** The unit of network and managed memory, as in Flink (`taskmanager.memory.segment-size`). A power of two, so that positions split by shift and mask. */
export const SEGMENT_BYTES = 32 * 1024;
