//! Whether a funding rate pays for a hedged position, and how large a one.

/** All rates ppm. */
export type CaptureStyle = {
  /** Notional of the position, USDC. */
  notionalUsdc: number
  /** Hours a position is expected to be held: its costs are spread over them. */
  horizonHours: number
  /** Costs of a round trip, both legs, ppm of the notional. */
  roundTripPpm: number
}

/**
 * The wanted perpetual position in lots: short where longs pay, long where shorts pay, flat where the rate does not earn its
 * costs. Once open it stays until the rate turns against it, so that it is not churned at the threshold.
 *
 * @param hourlyRatePpm predicted funding of one hour; positive: longs pay
 * @param heldLots present position, signed
 */
export const wantedLots = (
  style: CaptureStyle,
  hourlyRatePpm: number,
  lotUsdc: number,
  heldLots: number,
): number => {
  const lots = Math.floor(style.notionalUsdc / lotUsdc)
  const earnsCosts = Math.abs(hourlyRatePpm) * style.horizonHours > style.roundTripPpm
  const target = earnsCosts ? 0 - Math.sign(hourlyRatePpm) * lots : 0
  const isPaid = heldLots * hourlyRatePpm < 0
  return isPaid && Math.abs(target) < Math.abs(heldLots) ? heldLots : target + 0
}
