/** Renders a value for a message: like JSON, but any value is allowed, and the text is bounded whatever the value's size. */
const LENGTH_MAX = 400; // characters of the whole
const STRING_MAX = 80;
const ITEMS_MAX = 12;
const DEPTH_MAX = 4;

export function shorten(value: unknown): string {
  try {
    const text = render(value, 0, { left: LENGTH_MAX });
    return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text;
  } catch {
    return '(a value that cannot be shown: reading it throws)';
  }
}

interface Budget {
  left: number;
}

function render(value: unknown, depth: number, budget: Budget): string {
  const text = typeof value === 'object' && value !== null ? renderObject(value, depth, budget) : renderPlain(value);
  budget.left -= text.length;
  return text;
}

function renderPlain(value: unknown): string {
  if (typeof value === 'string')
    return value.length > STRING_MAX ? `${JSON.stringify(value.slice(0, STRING_MAX))}…` : JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `[function ${value.name || 'without a name'}]`;
  return Object.is(value, -0) ? '-0' : String(value);
}

function renderObject(value: object, depth: number, budget: Budget): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : JSON.stringify(value);
  if (value instanceof Error) return `${value.name}: ${value.message.slice(0, STRING_MAX)}`;
  if (depth >= DEPTH_MAX) return Array.isArray(value) ? '[…]' : '{…}';
  if (Array.isArray(value)) return `[${several(value, depth, budget)}]`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
  if (value instanceof Set) return `Set{${several(value, depth, budget)}}`;
  if (value instanceof Map) return `Map{${several(value, depth, budget)}}`;
  return `${classOf(value)}{${fieldsOf(value, depth, budget)}}`;
}

function classOf(value: object): string {
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name;
  return name === undefined || name === 'Object' ? '' : `${name} `;
}

function several(items: Iterable<unknown>, depth: number, budget: Budget): string {
  const shown: string[] = [];
  for (const item of items) {
    if (shown.length >= ITEMS_MAX || budget.left <= 0) {
      shown.push('…');
      break;
    }
    shown.push(render(item, depth + 1, budget));
  }
  return shown.join(',');
}

function fieldsOf(value: object, depth: number, budget: Budget): string {
  const shown: string[] = [];
  for (const key in value) {
    if (shown.length >= ITEMS_MAX || budget.left <= 0) {
      shown.push('…');
      break;
    }
    shown.push(`${JSON.stringify(key.slice(0, STRING_MAX))}:${render((value as Record<string, unknown>)[key], depth + 1, budget)}`);
  }
  return shown.join(',');
}
