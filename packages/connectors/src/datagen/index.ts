export { type DataGeneratorOptions, DataGeneratorSource } from '@millrace/streaming/builtin/data-generator-source';
