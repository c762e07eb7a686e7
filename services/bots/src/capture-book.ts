//! The books of a funding capture: a perpetual position, a spot leg that is only simulated, and where its PnL comes from.
// Integers: cash in micro-USDC, sizes in lots, prices in ticks of the perpetual's market. Sums are exact by construction.

/** A fill of the perpetual; `feeQuote` is what was paid. */
export type PerpFill = { lots: number; priceTicks: number; feeQuote: number }

/** Everything the books hold; what a restart needs. */
export type CaptureState = {
  perpLots: number
  /** − Σ price × lots × q of the perpetual's fills. */
  perpCashQuote: number
  spotLots: number
  spotCashQuote: number
  perpFeesQuote: number
  spotFeesQuote: number
  /** Received less paid. */
  fundingQuote: number
}

/** Where the PnL comes from, micro-USDC; the parts add up to the total. */
export type Attribution = {
  fundingQuote: number
  /** Gain of both legs together: what the spread between perpetual and spot gave or took. */
  basisQuote: number
  perpFeesQuote: number
  spotFeesQuote: number
  totalQuote: number
}

export const emptyCapture: CaptureState = {
  perpLots: 0,
  perpCashQuote: 0,
  spotLots: 0,
  spotCashQuote: 0,
  perpFeesQuote: 0,
  spotFeesQuote: 0,
  fundingQuote: 0,
}

export class CaptureBook {
  readonly #state: CaptureState
  /** Micro-USDC of one tick × one lot. */
  readonly #quotePerTickLot: number
  /** Cost of the simulated spot leg, ppm of its notional, spread and fee together. */
  readonly #spotCostPpm: number

  constructor(quotePerTickLot: number, spotCostPpm: number, state: CaptureState = emptyCapture) {
    this.#quotePerTickLot = quotePerTickLot
    this.#spotCostPpm = spotCostPpm
    this.#state = { ...state }
  }

  get state(): Readonly<CaptureState> {
    return this.#state
  }

  /** Lots that are not hedged. */
  get nakedLots(): number {
    return this.#state.perpLots + this.#state.spotLots
  }

  /** @param lots signed: + bought, − sold */
  take({ lots, priceTicks, feeQuote }: PerpFill): void {
    this.#state.perpLots += lots
    this.#state.perpCashQuote -= lots * priceTicks * this.#quotePerTickLot
    this.#state.perpFeesQuote += feeQuote
  }

  /** Trades the spot leg at the index until nothing is naked; the cost rounds up. */
  hedge(indexTicks: number): void {
    const lots = 0 - this.nakedLots
    if (lots === 0) return
    const quote = lots * indexTicks * this.#quotePerTickLot
    this.#state.spotLots += lots
    this.#state.spotCashQuote -= quote
    this.#state.spotFeesQuote += Math.ceil((Math.abs(quote) * this.#spotCostPpm) / 1_000_000)
  }

  /** @param amountQuote + received, − paid */
  funding(amountQuote: number): void {
    this.#state.fundingQuote += amountQuote
  }

  /** The PnL at these prices. */
  attribution(markTicks: number, indexTicks: number): Attribution {
    const { perpLots, perpCashQuote, spotLots, spotCashQuote, ...costs } = this.#state
    const q = this.#quotePerTickLot
    const basisQuote =
      perpCashQuote + perpLots * markTicks * q + (spotCashQuote + spotLots * indexTicks * q)
    const { fundingQuote, perpFeesQuote, spotFeesQuote } = costs
    const totalQuote = fundingQuote + basisQuote - perpFeesQuote - spotFeesQuote
    return { fundingQuote, basisQuote, perpFeesQuote, spotFeesQuote, totalQuote }
  }
}
