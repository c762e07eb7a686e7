//! The trader's corner of the page: a wallet, what the account holds, an order, and what is open.
import { byId, children, fill, make, setText, tableRow } from './dom.js'
import { fixed } from './format.js'
import { createTrader } from './trader.js'
import { connectWallet, findWallets } from './wallets.js'

const refreshMs = 2_000

const say = (text) => setText(byId('account-note'), text)

/** One thing at a time: a wallet asks its owner about each. */
const attempt = async (work) => {
  for (const button of document.querySelectorAll('#account button')) button.disabled = true
  try {
    await work()
  } catch (error) {
    say(error?.message ?? String(error))
  } finally {
    for (const button of document.querySelectorAll('#account button')) button.disabled = false
  }
}

const drawOrders = (orders) => {
  byId('no-orders').hidden = orders.length > 0
  const rows = children(byId('my-orders'), orders.length, () => {
    const row = tableRow(5, [0, 1])
    const button = make('button', 'plain', 'cancel')
    button.type = 'button'
    row.children[4].append(button)
    return row
  })
  for (const [i, { id, market, side, price, remaining }] of orders.entries()) {
    fill(rows[i], [market, side, price ?? '–', remaining])
    rows[i].children[1].className = `text ${side === 'buy' ? 'up' : 'down'}`
    rows[i].dataset.order = id
  }
}

/** @param chosenMarket the market that an order is for: asked at each */
export const createAccount = (chosenMarket) => {
  let trader
  let timer

  const refresh = async () => {
    const { summary, orders, positions, pending } = await trader.overview()
    setText(byId('equity'), fixed(summary.equity, 2))
    setText(byId('free'), fixed(summary.withdrawable, 2))
    setText(
      byId('my-positions'),
      positions.map((one) => `${one.side} ${one.contracts} ${one.market}`).join(' · ') || 'none',
    )
    setText(
      byId('my-deposits'),
      pending
        .map(
          ({ amount, confirmations, confirmationsNeeded }) =>
            `${amount} USDC on its way: ${confirmations} of ${confirmationsNeeded} confirmations`,
        )
        .join(' · '),
    )
    drawOrders(orders)
  }

  const disconnect = () => {
    clearInterval(timer)
    trader = undefined
    byId('wallets').hidden = false
    byId('trading').hidden = true
    say('')
  }

  const connect = (provider) =>
    attempt(async () => {
      say('The wallet asks for your signature: a login, which moves nothing.')
      const response = await fetch('/v1/signing')
      trader = createTrader(await connectWallet(provider, await response.json()))
      await trader.signIn()
      // Another account is another trader.
      provider.on?.('accountsChanged', disconnect)
      setText(byId('address'), trader.account)
      byId('wallets').hidden = true
      byId('trading').hidden = false
      say('')
      timer = setInterval(() => {
        refresh().catch(() => {})
      }, refreshMs)
      await refresh()
    })

  findWallets(({ name, provider }) => {
    byId('no-wallet').hidden = true
    const button = make('button', 'plain', name)
    button.type = 'button'
    button.addEventListener('click', () => void connect(provider))
    byId('wallet-list').append(button)
  })
  byId('order-form').addEventListener('submit', (event) => {
    event.preventDefault()
    const side = event.submitter?.value === 'sell' ? 'sell' : 'buy'
    void attempt(async () => {
      const market = chosenMarket()
      if (!market) return
      const { price, amount } = event.target.elements
      const order = await trader.place(market, side, price.value, amount.value)
      say(`${side} ${order.amount} ${order.market} at ${order.price}: ${order.status}`)
      await refresh()
    })
  })
  byId('my-orders').addEventListener('click', ({ target }) => {
    const id = target.closest('tr')?.dataset.order
    if (!id || target.tagName !== 'BUTTON') return
    void attempt(async () => {
      await trader.cancel(id)
      await refresh()
    })
  })
}
