/** Runs the bot once on any ccxt exchange; answers everything it was told. */
export function run(exchange: object, symbol: string): Promise<object>
