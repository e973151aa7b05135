export { type LineStreamFormat, StreamFormat } from '@millrace/streaming/builtin/file/stream-format';
