import type { OrderRequest } from '@plumb/protocol'
import { orderTypedData, typedDomain } from '@plumb/protocol'
import { signTyped } from '@plumb/sdk'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  contract,
  type Json,
  login,
  order,
  rest,
  startExchange,
  type TestExchange,
  TestStream,
  tokenOf,
  wallet,
} from '../test/exchange-fixture.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 })

const alice = wallet(11)
const bob = wallet(12)
const stranger = wallet(13)
let house: TestExchange
let stream: TestStream
let aliceToken: string
beforeAll(async () => {
  house = await startExchange()
  await house.fund(alice, 100_000)
  await house.fund(bob, 1_000)
  aliceToken = await tokenOf(house.gateway, alice)
  stream = await TestStream.open(house.gateway)
  await stream.signIn(house.gateway, alice)
}, 60_000)
afterAll(() => house.close())

const seqNow = async (): Promise<number> =>
  (await rest(house.gateway, 'GET', '/v1/status')).body.seq
const nowS = () => Math.floor(Date.now() / 1_000)

type Row = {
  name: string
  body: () => Promise<unknown>
  code: string
  status: number
  field?: string
  limit?: string | number
}
const row = (
  name: string,
  body: () => Promise<unknown>,
  code: string,
  status: number,
  field?: string,
  limit?: string | number,
): Row => ({
  name,
  body,
  code,
  status,
  ...(field === undefined ? {} : { field }),
  ...(limit === undefined ? {} : { limit }),
})
/** A well-signed order of something the exchange does not take. */
const signed = (changes: Partial<OrderRequest>) => () => order(alice, changes)
/** A signed order changed afterwards. */
const changed = (changes: Record<string, unknown>) => async () => ({
  ...(await order(alice)),
  ...changes,
})
const without = (field: keyof OrderRequest) => async () => {
  const { [field]: _, ...others } = await order(alice)
  return others
}
const signedBy = (signer: typeof alice, chainId: number, verifying: string) => async () => {
  const { signature: _, ...content } = await order(alice)
  const data = orderTypedData(typedDomain(chainId, verifying), content, 0)
  return { ...content, signature: await signTyped(signer, data) }
}
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const malleated = async () => {
  const body = await order(alice)
  const s = N - BigInt(`0x${body.signature.slice(66, 130)}`)
  const v = body.signature.slice(130) === '1b' ? '1c' : '1b'
  return {
    ...body,
    signature: `${body.signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${v}`,
  }
}
const vOf = (v: string) => async () => {
  const body = await order(alice)
  return { ...body, signature: `${body.signature.slice(0, 130)}${v}` }
}

/** Refused at the door: nothing of it may reach the journal. */
const atTheDoor: Row[] = [
  row('a list', async () => [], 'BAD_REQUEST', 400),
  row('price as a number', changed({ price: 60_000 }), 'BAD_REQUEST', 400, 'price'),
  row('price not canonical', changed({ price: '60000.0' }), 'BAD_REQUEST', 400, 'price'),
  row('price with an exponent', changed({ price: '6e4' }), 'BAD_REQUEST', 400, 'price'),
  row('amount negative', changed({ amount: '-0.1' }), 'BAD_REQUEST', 400, 'amount'),
  row('amount as a number', changed({ amount: 0.1 }), 'BAD_REQUEST', 400, 'amount'),
  row('seq as text', changed({ seq: '1' }), 'BAD_REQUEST', 400, 'seq'),
  row('seq zero', changed({ seq: 0 }), 'BAD_REQUEST', 400, 'seq', 1),
  row('seq too large', changed({ seq: 2 ** 32 }), 'BAD_REQUEST', 400, 'seq', 4_294_967_295),
  row('unknown field', changed({ leverage: 5 }), 'BAD_REQUEST', 400, 'leverage'),
  row('wrong side', changed({ side: 'long' }), 'BAD_REQUEST', 400, 'side'),
  row('market order that stays', signed({ type: 'market' }), 'BAD_REQUEST', 400, 'timeInForce'),
  row('boolean as text', changed({ postOnly: 'false' }), 'BAD_REQUEST', 400, 'postOnly'),
  row(
    'client id too long',
    changed({ clientOrderId: 'x'.repeat(37) }),
    'BAD_REQUEST',
    400,
    'clientOrderId',
    36,
  ),
  row('signature not hex', changed({ signature: 'xyz' }), 'BAD_REQUEST', 400, 'signature'),
  row('signature missing', without('signature'), 'MISSING_FIELD', 400, 'signature'),
  row('price missing', without('price'), 'MISSING_FIELD', 400, 'price'),
  row(
    'post-only IOC',
    signed({ postOnly: true, timeInForce: 'IOC' }),
    'BAD_REQUEST',
    400,
    'postOnly',
  ),
  row('unknown market', changed({ market: 'DOGE-PERP' }), 'UNKNOWN_MARKET', 404, 'market'),
  row('market __proto__', changed({ market: '__proto__' }), 'UNKNOWN_MARKET', 404, 'market'),
  row('off the tick', signed({ price: '60000.3' }), 'INVALID_TICK', 422, 'price', '0.5'),
  row('price zero', signed({ price: '0' }), 'INVALID_TICK', 422, 'price', '0.5'),
  row(
    'price beyond u32 ticks',
    changed({ price: '99999999999' }),
    'INVALID_TICK',
    422,
    'price',
    '2147483647.5',
  ),
  row('off the step', signed({ amount: '0.00015' }), 'INVALID_STEP', 422, 'amount', '0.0001'),
  row('amount zero', signed({ amount: '0' }), 'INVALID_STEP', 422, 'amount', '0.0001'),
  row('amount too large', signed({ amount: '100.0001' }), 'MAX_SIZE', 422, 'amount', '100'),
  row('notional too small', signed({ amount: '0.0001' }), 'MIN_NOTIONAL', 422, 'amount', '10'),
  row('fee cap below the fee', signed({ maxFee: 44 }), 'FEE_ABOVE_MAX', 422, 'maxFee', 45),
  row('fee cap beyond the wire', changed({ maxFee: 256 }), 'BAD_REQUEST', 400, 'maxFee', 255),
  row('lane too high', signed({ lane: 1_024 }), 'INVALID_LANE', 400, 'lane', 1_023),
  row('expired', signed({ expiry: 1 }), 'SIGNATURE_EXPIRED', 400, 'expiry'),
  row(
    'expires within the lag',
    () => order(alice, { expiry: nowS() + 599 }),
    'SIGNATURE_EXPIRED',
    400,
    'expiry',
  ),
  row('unknown account', () => order(stranger), 'UNKNOWN_ACCOUNT', 404, 'account'),
  row('unknown subaccount', signed({ subaccount: 9 }), 'UNKNOWN_ACCOUNT', 404, 'account'),
  row('wrong chain', signedBy(alice, 1, contract), 'BAD_SIGNATURE', 401, 'signature'),
  row(
    'wrong contract',
    signedBy(alice, 1337, `0x${'33'.repeat(20)}`),
    'BAD_SIGNATURE',
    401,
    'signature',
  ),
  row(
    'forged: signed by another',
    signedBy(bob, 1337, contract),
    'BAD_SIGNATURE',
    401,
    'signature',
  ),
  row('changed after signing', changed({ price: '59999.5' }), 'BAD_SIGNATURE', 401, 'signature'),
  row('side changed after signing', changed({ side: 'sell' }), 'BAD_SIGNATURE', 401, 'signature'),
  row('malleated: high s', malleated, 'BAD_SIGNATURE', 401, 'signature'),
  row('v 0', vOf('00'), 'BAD_SIGNATURE', 401, 'signature'),
  row('v 29', vOf('1d'), 'BAD_SIGNATURE', 401, 'signature'),
  row(
    'zero signature',
    changed({ signature: `0x${'00'.repeat(65)}` }),
    'BAD_SIGNATURE',
    401,
    'signature',
  ),
]

const expectRefusal = (answer: { error?: Json }, { code, field, limit }: Row) => {
  expect(answer.error).toMatchObject({ code, message: expect.any(String) })
  expect(answer.error.field).toBe(field)
  if (limit !== undefined) expect(answer.error.limit).toBe(limit)
}

describe('refused at the door, never journaled', () => {
  test.each(atTheDoor)('REST: $name → $code', async (r) => {
    const before = await seqNow()
    const { status, body } = await rest(house.gateway, 'POST', '/v1/orders', {
      body: await r.body(),
    })
    expectRefusal(body, r)
    expect(status).toBe(r.status)
    expect(body.error.requestId).toMatch(/./)
    expect(await seqNow()).toBe(before)
  })

  test.each(atTheDoor.slice(1))('stream: $name → $code', async (r) => {
    const before = await seqNow()
    const body = await r.body()
    expectRefusal(await stream.ask({ op: 'order.place', ...(body as object) }), r)
    expect(await seqNow()).toBe(before)
  })
})

describe('refused by the engine: journaled as a rejected command', () => {
  const rows: (Row & { first?: Partial<OrderRequest> })[] = [
    {
      ...row('replayed lane sequence', signed({ lane: 7, seq: 5 }), 'NONCE_USED', 400, 'seq'),
      first: { lane: 7, seq: 900_005, price: '57000' },
    },
    {
      ...row('busy lane', signed({ lane: 8, seq: 900_009 }), 'LANE_BUSY', 409, 'lane'),
      first: { lane: 8, seq: 900_005, price: '57000' },
    },
    row('insufficient margin', () => order(bob, { amount: '10' }), 'INSUFFICIENT_MARGIN', 422),
    row('price band', signed({ side: 'sell', price: '50000' }), 'PRICE_BAND', 422, 'price'),
    row('reduce-only with nothing', signed({ reduceOnly: true }), 'REDUCE_ONLY', 422, 'reduceOnly'),
  ]
  test.each(rows)('$name → $code', async (r) => {
    if (r.first !== undefined) {
      const first = await rest(house.gateway, 'POST', '/v1/orders', {
        body: await order(alice, r.first),
      })
      expect(first.status).toBe(200)
    }
    const before = await seqNow()
    const { status, body } = await rest(house.gateway, 'POST', '/v1/orders', {
      body: await r.body(),
    })
    expectRefusal(body, r)
    expect(status).toBe(r.status)
    expect(await seqNow()).toBe(before + 1)
    expectRefusal(await stream.ask({ op: 'order.place', ...((await r.body()) as object) }), r)
  })

  test('amend and cancel of what is not there', async () => {
    for (const id of ['1', '999999999', 'abc', '0', '-1', '1e3']) {
      const amend = await rest(house.gateway, 'PUT', `/v1/orders/${id}`, {
        body: await order(alice),
      })
      expect([amend.status, amend.body.error.code]).toEqual([404, 'ORDER_NOT_FOUND'])
      const cancel = await rest(house.gateway, 'DELETE', `/v1/orders/${id}`, { token: aliceToken })
      expect([cancel.status, cancel.body.error.code]).toEqual([404, 'ORDER_NOT_FOUND'])
    }
  })
})

const send = (method: string, path: string, options: Parameters<typeof rest>[3] = {}) =>
  rest(house.gateway, method, path, options)

describe('the HTTP edge', () => {
  const json = { 'content-type': 'application/json' }

  test.each([
    ['not JSON', '{"price":', 400, 'BAD_REQUEST'],
    ['a key twice', '{"account":"a","account":"b"}', 400, 'BAD_REQUEST'],
    ['an escaped key', '{"\\u0061ccount":"a"}', 400, 'BAD_REQUEST'],
    ['__proto__', '{"__proto__":{"account":"a"}}', 400, 'MISSING_FIELD'],
    ['nested too deeply', `${'['.repeat(9)}${']'.repeat(9)}`, 400, 'BAD_REQUEST'],
    ['nested very deeply', '['.repeat(60_000), 400, 'BAD_REQUEST'],
    ['too large', `{"account":"${'a'.repeat(70_000)}"}`, 413, 'PAYLOAD_TOO_LARGE'],
    ['a lone surrogate', '{"account":"\\ud800"}', 400, 'BAD_REQUEST'],
    ['null', 'null', 400, 'BAD_REQUEST'],
  ])('body: %s', async (_, body, status, code) => {
    const answer = await send('POST', '/v1/orders', { body })
    expect([answer.status, answer.body.error?.code]).toEqual([status, code])
  })

  test('empty bodies, other media types, unknown routes, malformed URLs', async () => {
    const rows: [string, string, Parameters<typeof rest>[3], number, string][] = [
      ['POST', '/v1/orders', { headers: json }, 400, 'BAD_REQUEST'],
      ['POST', '/v1/orders', {}, 400, 'BAD_REQUEST'],
      ['DELETE', '/v1/orders/1', { headers: json }, 401, 'UNKNOWN_KEY'],
      ['DELETE', '/v1/orders/1', { headers: json, token: aliceToken }, 404, 'ORDER_NOT_FOUND'],
      [
        'POST',
        '/v1/orders',
        { body: 'x', headers: { 'content-type': 'text/plain' } },
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ],
      [
        'POST',
        '/v1/orders',
        { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ],
      ['GET', '/v1/nothing', {}, 404, 'NOT_FOUND'],
      ['PATCH', '/v1/orders', {}, 404, 'NOT_FOUND'],
      ['GET', '/v1/markets/%zz/book', {}, 400, 'BAD_REQUEST'],
      ['GET', `/v1/markets/${'A'.repeat(300)}/book`, {}, 400, 'BAD_REQUEST'],
      ['GET', '/v1/markets/NOPE/book', {}, 404, 'UNKNOWN_MARKET'],
      ['GET', '/v1/markets/BTC-PERP/book?depth=x', {}, 400, 'BAD_REQUEST'],
      ['GET', '/v1/markets/BTC-PERP/book?depth=1&depth=2', {}, 400, 'BAD_REQUEST'],
      ['GET', '/v1/markets/BTC-PERP/book?depht=1', {}, 400, 'BAD_REQUEST'],
      ['GET', '/v1/orders', {}, 401, 'UNKNOWN_KEY'],
      ['GET', '/v1/orders', { token: 'abc' }, 401, 'UNKNOWN_KEY'],
      ['GET', `/v1/orders?account=${bob.address}`, { token: aliceToken }, 403, 'KEY_FORBIDDEN'],
      ['GET', '/v1/orders?limit=0', { token: aliceToken }, 400, 'BAD_REQUEST'],
      ['GET', '/v1/orders?cursor=zzz', { token: aliceToken }, 400, 'BAD_REQUEST'],
    ]
    for (const [method, path, options, status, code] of rows) {
      const answer = await send(method, path, options)
      expect([method, path, answer.status, answer.body.error?.code]).toEqual([
        method,
        path,
        status,
        code,
      ])
      expect(answer.body.error.requestId).toBe(answer.headers.get('x-request-id'))
    }
  })

  test('a token changed in any character is worth nothing', async () => {
    for (let i = 0; i < aliceToken.length; i += 5) {
      const other = aliceToken[i] === 'A' ? 'B' : 'A'
      const token = `${aliceToken.slice(0, i)}${other}${aliceToken.slice(i + 1)}`
      expect((await send('GET', '/v1/me', { token })).status).toBe(401)
    }
  })

  test('logins: skew, length, expiry, signer', async () => {
    const now = Date.now()
    const rows: [Parameters<typeof login>[1], number, string, string][] = [
      [{ issuedAt: now - 300_500 }, 400, 'CLOCK_SKEW', 'issuedAt'],
      [{ issuedAt: now + 310_000, expiresAt: now + 400_000 }, 400, 'CLOCK_SKEW', 'issuedAt'],
      [{ issuedAt: now - 1_000, expiresAt: now - 500 }, 400, 'SIGNATURE_EXPIRED', 'expiresAt'],
      [{ issuedAt: now, expiresAt: now + 86_400_001 }, 400, 'BAD_REQUEST', 'expiresAt'],
    ]
    for (const [changes, status, code, field] of rows) {
      const answer = await send('POST', '/v1/auth', { body: await login(alice, changes) })
      expect([answer.status, answer.body.error.code, answer.body.error.field]).toEqual([
        status,
        code,
        field,
      ])
    }
    const forged = { ...(await login(bob)), account: alice.address }
    const answer = await send('POST', '/v1/auth', { body: forged })
    expect([answer.status, answer.body.error.code]).toEqual([401, 'BAD_SIGNATURE'])
  })
})

describe('the stream edge', () => {
  test.each([
    ['not JSON', 'hello', 'BAD_REQUEST', null],
    ['no op', '{"id":1}', 'BAD_REQUEST', 1],
    ['unknown op', '{"op":"order.nuke","id":"x"}', 'BAD_REQUEST', 'x'],
    ['op __proto__', '{"op":"__proto__","id":2}', 'BAD_REQUEST', 2],
    ['op toString', '{"op":"toString","id":3}', 'BAD_REQUEST', 3],
    ['no id', '{"op":"subscribe","channel":"book"}', 'MISSING_FIELD', null],
    ['unknown channel', '{"op":"subscribe","id":4,"channel":"tape"}', 'BAD_REQUEST', 4],
    [
      'unknown market',
      '{"op":"subscribe","id":5,"channel":"book","market":"X"}',
      'UNKNOWN_MARKET',
      5,
    ],
    ['private without account', '{"op":"subscribe","id":6,"channel":"orders"}', 'MISSING_FIELD', 6],
    ['bad token', '{"op":"auth","id":7,"token":"abc"}', 'UNKNOWN_KEY', 7],
    ['deep', `{"op":"ping","id":8,"x":${'['.repeat(9)}${']'.repeat(9)}}`, 'BAD_REQUEST', null],
    ['a list', '[]', 'BAD_REQUEST', null],
  ])('%s', async (_, text, code, id) => {
    const after = stream.messages.length
    stream.socket.send(text)
    const answer = await stream.find((m) => m.error !== undefined, after)
    expect(answer).toMatchObject({ id, error: { code } })
  })

  test('cancel: one name, of an account signed in here', async () => {
    const scope = { op: 'order.cancel', account: alice.address, subaccount: 0 }
    expect((await stream.ask(scope)).error).toMatchObject({
      code: 'MISSING_FIELD',
      field: 'orderId',
    })
    const both = await stream.ask({ ...scope, orderId: '1', clientOrderId: 'a' })
    expect(both.error).toMatchObject({ code: 'BAD_REQUEST' })
    const other = await stream.ask({ ...scope, account: bob.address, orderId: '1' })
    expect(other.error).toMatchObject({ code: 'UNKNOWN_KEY', field: 'account' })
  })

  test('a binary frame is answered, a message over 16 KiB ends with 1009', async () => {
    const own = await TestStream.open(house.gateway)
    own.socket.send(Buffer.from([1, 2, 3]))
    expect((await own.find((m) => m.error)).error.code).toBe('BAD_REQUEST')
    const closed = new Promise((resolve) => own.socket.once('close', resolve))
    own.socket.send(JSON.stringify({ op: 'ping', id: 'x'.repeat(17_000) }))
    expect(await closed).toBe(1009)
  })

  test('a foreign origin is refused, our own is not', async () => {
    await expect(TestStream.open(house.gateway, { origin: 'http://evil.example' })).rejects.toThrow(
      '403',
    )
    const own = await TestStream.open(house.gateway, { origin: house.gateway.url })
    own.close()
  })
})

test('fuzz: whatever is sent, no 5xx and nothing is sequenced', async () => {
  const before = await seqNow()
  const base = await order(alice, { price: '57500' })
  const keys = Object.keys(base)
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom('', '0', '-0', 'NaN', '1e999', '__proto__', '\u0000', '٣', 2 ** 53, -1, 1e308),
  )
  const mutation = fc.oneof(
    fc.tuple(fc.constantFrom(...keys, 'extra', '__proto__', 'constructor'), anything),
    fc.tuple(fc.string({ maxLength: 8 }), anything),
  )
  const paths = ['/v1/orders', '/v1/orders/batch', '/v1/withdrawals', '/v1/auth', '/v1/orders/5']
  await fc.assert(
    fc.asyncProperty(
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...paths),
      fc.boolean(),
      async (changes, path, asWhole) => {
        const body = asWhole ? changes[0]?.[1] : { ...base, ...Object.fromEntries(changes) }
        fc.pre(JSON.stringify(body) !== JSON.stringify(base))
        const method = path.endsWith('/5') ? 'PUT' : 'POST'
        const answer = await rest(house.gateway, method, path, { body: JSON.stringify(body) ?? '' })
        expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(500)
        if (answer.status >= 400) expect(answer.body.error.code).toMatch(/^[A-Z_]+$/)
        const after = stream.messages.length
        const message = { op: 'order.place', ...base, ...Object.fromEntries(changes), id: 'f' }
        stream.socket.send(JSON.stringify(message))
        const heard = await stream.find((m) => 'error' in m || 'result' in m, after)
        expect(heard.error?.code).not.toBe('INTERNAL')
        expect(heard.result).toBeUndefined()
      },
    ),
    { numRuns: 150 },
  )
  expect(await seqNow()).toBe(before)
  expect((await rest(house.gateway, 'GET', '/ready')).status).toBe(200)
}, 60_000)
