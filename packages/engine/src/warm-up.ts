//! Lets the JIT see the engine's code before the first real command: cold it runs at a fraction of its speed.
import { CommandBuffer, decodeEvents, encodeCommand, type Market } from '@plumb/model'
import { createEngine } from './engine.ts'
import { CommandStream } from './reference/command-stream.ts'

const market: Market = {
  market: 0,
  symbol: 'WARM-UP',
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 100_000,
  maxPositionLots: 10_000,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 30_000,
  fixedIndexTicks: 0,
}

/**
 * Plays a synthetic tape on a throw-away engine. Call once at boot, before the door opens; leaves nothing behind.
 * 20,000 commands take a few tenths of a second.
 */
export function warmUp(commands = 20_000): void {
  const engine = createEngine({
    accounts: 64,
    openOrders: 4_096,
    pages: 256,
    pageDirectories: 16,
    positions: 256,
    lanePages: 64,
    pendingWithdrawals: 4_096,
  })
  const stream = new CommandStream(1, {
    owners: 16,
    markets: [market, { ...market, market: 1 }],
    lanes: 16,
    depositMax: 4_000_000_000,
    sizeMax: 30,
    spread: 20,
    volatility: 1_000,
    depth: 200,
  })
  const buffer = new CommandBuffer(1)
  for (let seq = 1; seq <= commands; seq++) {
    const command = stream.next()
    buffer.load(0, encodeCommand(command, seq, stream.timeMs))
    engine.apply(buffer, 0)
    stream.observe(decodeEvents(engine.events.bytes()))
    engine.events.clear()
    if (seq % 256 === 0) engine.stateHash()
  }
}
