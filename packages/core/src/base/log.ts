/**
 * Structured log lines: a level, a time, where in the job, a message, and fields. Who writes has a `Logger`; who reads chooses the level and the form.
 *
 * L1 what is below the level costs a comparison: nothing is made of it.
 * L2 values of fields whose name is that of a secret are not shown, in any form.
 * L3 a line is one line, whatever is in it.
 */

/** From the gravest on; each shows those before it, too. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** For what is costly to put together. */
  isEnabled(level: LogLevel): boolean;
}

/** Where in a job something was logged. */
export interface LogPlace {
  readonly job?: string;
  readonly jobId?: string;
  /** `map (2/4)` */
  readonly task?: string;
  readonly operator?: string;
  readonly subtask?: number; // from 0
  readonly attempt?: number; // from 0
}

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** Writes nothing. */
export const NO_LOGGER: Logger = { error() {}, warn() {}, info() {}, debug() {}, isEnabled: () => false };

interface LoggerPorts {
  readonly settings: LogSettings;
  readonly place: LogPlace;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Takes whole lines. */
  readonly write: (text: string) => void;
}

/** A part of a name by which Flink, too, knows a secret. */
const SENSITIVE = [
  ...['password', 'secret', 'token', 'apikey', 'api-key', 'auth-params', 'service-key', 'basic-auth', 'jaas.config', 'http-headers'],
  'fs.azure.account.key',
];
export const HIDDEN = '******';
const FIELD_LENGTH_MAX = 10_000;

export function isSensitive(name: string): boolean {
  const lower = name.toLowerCase();
  return SENSITIVE.some((part) => lower.includes(part));
}

export function isShown(level: LogLevel, atMost: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(atMost);
}

export function createLogger({ settings, place, now, write }: LoggerPorts): Logger {
  const log = (level: LogLevel, message: string, fields: LogFields | undefined) => {
    if (isShown(level, settings.level)) write(logLine(settings.format, { time: now(), level, place, message, fields }));
  };
  return {
    error: (message, fields) => log('error', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    info: (message, fields) => log('info', message, fields),
    debug: (message, fields) => log('debug', message, fields),
    isEnabled: (level) => isShown(level, settings.level),
  };
}

export interface LogRecord {
  readonly time: number;
  readonly level: LogLevel;
  readonly place: LogPlace;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** `2026-01-02T03:04:05.678Z WARN  [map (1/2)] Map: the message key=value`, or one JSON object. With its line end. */
export function logLine(format: LogFormat, record: LogRecord): string {
  return `${format === 'json' ? jsonOf(record) : textOf(record)}\n`;
}

function jsonOf({ time, level, place, message, fields }: LogRecord): string {
  const shown =
    fields === undefined
      ? {}
      : { fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shownValue(name, value)])) };
  return JSON.stringify({ time: timeOf(time), level, ...place, message, ...shown });
}

function textOf({ time, level, place: { task, operator }, message, fields = {} }: LogRecord): string {
  const where = `${task === undefined ? '' : `[${task}] `}${operator === undefined ? '' : `${operator}: `}`;
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${textOfValue(shownValue(name, value))}`);
  return `${timeOf(time)} ${level.toUpperCase().padEnd(5)} ${where}${message}${pairs.join('')}`.replaceAll(/[\r\n]+\s*/g, ' ⏎ '); // L3
}

function timeOf(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}

function textOfValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value); // plain by now
}

/** L2; errors and what JSON has not as texts, long texts cut. */
function shownValue(name: string, value: unknown): unknown {
  if (isSensitive(name)) return HIDDEN;
  const plain = plainOf(value);
  return typeof plain === 'string' && plain.length > FIELD_LENGTH_MAX ? `${plain.slice(0, FIELD_LENGTH_MAX)}…` : plain;
}

function plainOf(value: unknown): unknown {
  if (value instanceof Error) return value.stack ?? `${value.name}: ${value.message}`;
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function' || value === undefined) return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  try {
    return JSON.parse(JSON.stringify(value, (key: string, inner: unknown) => (isSensitive(key) ? HIDDEN : inner)) ?? 'null');
  } catch {
    return 'an object that JSON cannot write'; // a circle, or a number of many digits inside
  }
}
