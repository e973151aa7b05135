export function cpuSeconds(): number | undefined;
export function commit(): string | undefined;
