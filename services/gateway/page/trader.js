//! What a trader does, over the public API: everything of weight is signed by the wallet.

const hourMs = 3_600_000
const renewMs = 10_000
const orderLifeS = 24 * 3_600
const e8 = 100_000_000n

/** Decimal text × 1e8; throws for anything else. */
const scaled = (decimal) => {
  const parts = /^(\d{1,10})(?:\.(\d{1,8}))?$/.exec(decimal.trim())
  if (parts === null) throw new Error(`${decimal || 'nothing'} is no decimal number`)
  return BigInt(parts[1]) * e8 + BigInt((parts[2] ?? '').padEnd(8, '0'))
}

/** Back to canonical text. */
const textOf = (value) => {
  const fraction = String(value % e8)
    .padStart(8, '0')
    .replace(/0+$/, '')
  return fraction === '' ? String(value / e8) : `${value / e8}.${fraction}`
}

/** @param wallet of `connectWallet` */
export const createTrader = ({ account, sign }) => {
  let token = ''
  let expiresAt = 0

  const call = async (method, path, body, isPrivate = true) => {
    const response = await fetch(path, {
      method,
      headers: {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(isPrivate ? { authorization: `Bearer ${token}` } : {}),
      },
      body: body && JSON.stringify(body),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.error?.message ?? `${path}: ${response.status}`)
    return answer
  }

  /** A token for an hour, by a signed login. */
  const signIn = async () => {
    const issuedAt = Date.now()
    const login = { account, issuedAt, expiresAt: issuedAt + hourMs }
    const signature = await sign('Login', login)
    const answer = await call('POST', '/v1/auth', { ...login, signature }, false)
    token = answer.token
    expiresAt = login.expiresAt
  }
  const read = async (path) => {
    if (Date.now() > expiresAt - renewMs) await signIn()
    return call('GET', path)
  }

  /** A lane without a live order, and its next sequence number. */
  const freeLane = async () => {
    const [{ lanes }, { items }] = await Promise.all([
      read('/v1/lanes'),
      read('/v1/orders?status=open'),
    ])
    const busy = new Set(items.map((order) => order.lane))
    let lane = 0
    while (busy.has(lane)) lane++
    return { lane, seq: (lanes[lane] ?? 0) + 1 }
  }

  return {
    account,
    signIn,
    /** Account, open orders, positions and deposits on their way. */
    overview: async () => {
      const [summary, orders, positions, deposits] = await Promise.all([
        read('/v1/account'),
        read('/v1/orders?status=open'),
        read('/v1/positions'),
        read('/v1/deposits?limit=20'),
      ])
      return {
        summary,
        orders: orders.items,
        positions: positions.items,
        pending: deposits.items.filter(({ status }) => status === 'pending'),
      }
    },
    /** Signs and places a limit order; answers it. */
    place: async (market, side, priceText, amountText) => {
      const [price, size] = [scaled(priceText), scaled(amountText)]
      const { lane, seq } = await freeLane()
      const expiry = Math.floor(Date.now() / 1_000) + orderLifeS
      const { index, takerFeeUnits: maxFee } = market
      // Integers as text: a JSON number would lose digits of a uint64.
      const signature = await sign('Order', {
        market: index,
        subaccount: 0,
        side: side === 'buy' ? 0 : 1,
        flags: 0,
        kind: 0,
        price: String(price),
        size: String(size),
        trigger: '0',
        maxFee,
        lane,
        seq,
        expiry,
      })
      const { order } = await call('POST', '/v1/orders', {
        account,
        subaccount: 0,
        market: market.id,
        side,
        type: 'limit',
        price: textOf(price),
        amount: textOf(size),
        timeInForce: 'GTC',
        postOnly: false,
        reduceOnly: false,
        maxFee,
        lane,
        seq,
        expiry,
        signature,
      })
      return order
    },
    cancel: (id) => call('DELETE', `/v1/orders/${id}`),
  }
}
