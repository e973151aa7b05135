/** The command. A bug is planted before the engine is loaded. */
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
export {};
