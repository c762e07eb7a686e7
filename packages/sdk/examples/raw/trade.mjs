//! No sdk: any EIP-712 signer and HTTP. Everything else is read from GET /v1/signing and /v1/markets, so this can be written
//! the same way in any language.
import { fileURLToPath } from 'node:url'
import { Wallet } from 'ethers'

const E8 = 100_000_000n

/** Signs in, places a post-only buy 3 % below the mark, reads it back and cancels it. */
export async function run({ url, key }) {
  const wallet = new Wallet(key)
  const call = async (method, path, body, token) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = await response.json()
    if (answer.error?.code === 'UNKNOWN_ACCOUNT')
      throw new Error('deposit first; on a devnet: npm run trade -- deposit 10000')
    if (!response.ok) throw new Error(`${answer.error.code}: ${answer.error.message}`)
    return answer
  }
  const { domain, types } = await call('GET', '/v1/signing')
  const { index, tickSize, takerFeeUnits } = await call('GET', '/v1/markets/BTC-PERP')

  // 1. a bearer token for reads and cancels, by a signed login
  const issuedAt = Date.now()
  const login = { account: wallet.address, issuedAt, expiresAt: issuedAt + 3_600_000 }
  const loginSignature = await wallet.signTypedData(domain, { Login: types.Login }, login)
  const { token } = await call('POST', '/v1/auth', { ...login, signature: loginSignature })

  // 2. a lane: the first that was never used, or a free one with its next sequence number
  const { lanes } = await call('GET', '/v1/lanes', undefined, token)
  const { items: open } = await call('GET', '/v1/orders?status=open', undefined, token)
  const busy = new Set(open.map((order) => order.lane))
  let lane = 0
  while (busy.has(lane)) lane++
  const seq = (lanes[lane] ?? 0) + 1

  // 3. the order: prices and sizes are signed as decimals × 1e8
  const { mark } = await call('GET', '/v1/tickers/BTC-PERP')
  const tick = scaled(tickSize)
  const priceE8 = ((scaled(mark) * 97n) / 100n / tick) * tick
  const amount = '0.001'
  const expiry = Math.floor(Date.now() / 1_000) + 3_600
  const message = {
    market: index,
    subaccount: 0,
    side: 0, // 0 buy, 1 sell
    flags: 2, // bit 0 reduce-only, bit 1 post-only, bits 2-3 GTC, IOC, FOK
    kind: 0, // 0 limit, 1 stop, 2 take-profit, 3 repricing
    price: priceE8,
    size: scaled(amount),
    trigger: 0,
    maxFee: takerFeeUnits, // units of 10 ppm
    lane,
    seq,
    expiry,
  }
  const signature = await wallet.signTypedData(domain, { Order: types.Order }, message)
  const { order } = await call('POST', '/v1/orders', {
    account: wallet.address,
    subaccount: 0,
    market: 'BTC-PERP',
    side: 'buy',
    type: 'limit',
    price: text(priceE8),
    amount,
    timeInForce: 'GTC',
    postOnly: true,
    reduceOnly: false,
    maxFee: takerFeeUnits,
    lane,
    seq,
    expiry,
    signature,
  })

  // 4. read it back, cancel it
  const read = await call('GET', `/v1/orders/${order.id}`, undefined, token)
  const canceled = await call('DELETE', `/v1/orders/${order.id}`, undefined, token)
  return { status: read.status, price: read.price, canceled: canceled.order.status }
}

/** Decimal text × 1e8. */
function scaled(decimal) {
  const [whole, fraction = ''] = decimal.split('.')
  return BigInt(whole) * E8 + BigInt(fraction.padEnd(8, '0'))
}

/** Back to canonical decimal text: no trailing zeros. */
function text(e8) {
  const fraction = (e8 % E8).toString().padStart(8, '0').replace(/0+$/, '')
  return fraction === '' ? String(e8 / E8) : `${e8 / E8}.${fraction}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const url = process.env.PLUMB_URL ?? 'http://127.0.0.1:8080'
  const { accounts } = await (await fetch(`${url}/v1/devnet`)).json()
  console.dir(await run({ url, key: process.env.PRIVATE_KEY ?? accounts[0].privateKey }))
}
