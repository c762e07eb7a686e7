//! The units money, size and time are counted in. Every one is an integer.

/** Price in ticks of the market, 1 … 4,294,967,295. */
export type Ticks = number
/** Size in lots of the market, 0 … 1,099,511,627,775 unsigned; positions are signed. */
export type Lots = number
/** Micro-USDC (1e-6 USDC, the token's own unit), |x| < 2^53. */
export type Quote = number
/** Parts per million. */
export type Ppm = number
/** Funding index: 1e-6 micro-USDC per lot, cumulative and signed. */
export type FundingIndex = number
/** Milliseconds since 1970-01-01 UTC. */
export type TimeMs = number
/** Seconds since 1970-01-01 UTC (the chain's clock). */
export type TimeS = number
/** Sequence number of a command: 1, 2, 3 … without gaps. */
export type Seq = number
/** Dense account number given by the engine at the first credited deposit. */
export type AccountId = number
/** Market number, 0 … 63, the same on-chain. */
export type MarketId = number
/** Order number given by the engine; kept by amends. Below 2^53. */
export type OrderId = number
