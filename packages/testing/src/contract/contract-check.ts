/** One rule of a contract: hand it to any test runner, `test(check.name, check.run)`. */
export interface ContractCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
}
