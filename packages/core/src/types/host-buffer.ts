/** Node's Buffer where the host has it: core imports nothing of Node, so its methods are looked for and called on plain byte arrays, shared ones too. */
export interface HostBufferPrototype {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  utf8Write(this: Uint8Array, text: string, offset: number, length: number): number;
}

export interface HostBufferConstructor {
  readonly prototype: HostBufferPrototype;
  from(buffer: ArrayBufferLike): Uint8Array;
}

const found = (globalThis as { Buffer?: HostBufferConstructor }).Buffer;

export const HostBuffer: HostBufferConstructor | undefined =
  typeof found?.prototype?.latin1Slice === 'function' && typeof found.prototype.utf8Write === 'function' ? found : undefined;
