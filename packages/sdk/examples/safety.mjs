//! What limits the damage: a timer that cancels everything, a leverage of one's own, orders that only reduce.
import { InvalidOrderError, UnchangedError } from '@plumb/sdk'
import { runAlone } from './connect.mjs'

export async function run({ client, trader }) {
  // Re-arm it from your loop: if the program dies, its orders go.
  const { triggerAt } = await trader.account.cancelAfter(60_000)
  const { leverage } = await trader.account.setLeverage('BTC-PERP', 5)
  const again = await trader.account.setLeverage('BTC-PERP', 5).catch((error) => error)
  await trader.account.setLeverage('BTC-PERP', 0)
  const { mark } = await client.ticker('BTC-PERP')
  const { items: positions } = await trader.read.positions()
  const held = positions.find(({ market }) => market === 'BTC-PERP')
  const side = held?.side === 'short' ? 'sell' : 'buy'
  const wrongWay = await trader
    .place({ market: 'BTC-PERP', side, price: mark, amount: '0.001', reduceOnly: true })
    .catch((error) => error)
  const disarmed = await trader.account.cancelAfter(0)
  return {
    armed: triggerAt !== null,
    leverage,
    unchanged: again instanceof UnchangedError,
    wrongWay: wrongWay instanceof InvalidOrderError ? wrongWay.code : null,
    disarmed: disarmed.triggerAt === null,
  }
}

await runAlone(import.meta.url, run)
