//! Isolated margin is a subaccount that trades one market: what is lost there is lost there.
import { UnchangedError } from '@plumb/sdk'
import { runAlone } from './connect.mjs'

const SUBACCOUNT = 3

export async function run({ client, trader, key }) {
  const { transfer } = await trader.transfer(SUBACCOUNT, '100')
  const apart = client.trader(key, { subaccount: SUBACCOUNT })
  await apart.account.setMarginMode('BTC-PERP', 'isolated').catch((error) => {
    if (!(error instanceof UnchangedError)) throw error
  })
  const { mark } = await client.ticker('BTC-PERP')
  const price = String(Math.floor(Number(mark) * 0.97))
  const { order } = await apart.place({ market: 'BTC-PERP', side: 'buy', price, amount: '0.001' })
  await apart.cancel({ orderId: order.id })
  const { equity } = await apart.read.account()
  const back = await apart.transfer(0, '100')
  return {
    moved: transfer.amount,
    equity: Number(equity) >= 100,
    back: back.transfer.otherSubaccount,
    mode: (await apart.read.marginMode('BTC-PERP')).marginMode,
  }
}

await runAlone(import.meta.url, run)
