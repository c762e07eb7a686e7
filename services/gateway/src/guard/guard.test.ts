import { describe, expect, test } from 'vitest'
import { BearerTokens } from './bearer-tokens.ts'
import { addressKey } from './client-address.ts'
import { RateLimiter } from './rate-limiter.ts'
import { RateLimitedError, TrafficGuard } from './traffic-guard.ts'

describe('a token bucket', () => {
  test('lets the burst through, then the flow', () => {
    const limiter = new RateLimiter({ perSecond: 10, burst: 20 })
    for (let i = 0; i < 20; i++) expect(limiter.take('a', 1, 0).allowed).toBe(true)
    expect(limiter.take('a', 1, 0)).toEqual({
      allowed: false,
      limit: 20,
      remaining: 0,
      resetS: 2,
      retryAfterMs: 100,
    })
    expect(limiter.take('b', 1, 0).allowed).toBe(true)
    expect(limiter.take('a', 1, 99).allowed).toBe(false)
    expect(limiter.take('a', 1, 100).allowed).toBe(true)
    expect(limiter.take('a', 20, 100_000).allowed).toBe(true)
  })

  test('admits at most burst + flow over any time, and a clock that goes back gives nothing', () => {
    const limiter = new RateLimiter({ perSecond: 100, burst: 50 })
    let admitted = 0
    for (let ms = 0; ms < 10_000; ms++) if (limiter.take('a', 1, ms).allowed) admitted++
    expect(admitted).toBeLessThanOrEqual(50 + 1_000)
    expect(admitted).toBeGreaterThan(1_000)
    const before = limiter.peek('a', 10_000).remaining
    expect(limiter.peek('a', 0).remaining).toBeLessThanOrEqual(before)
  })

  test('forgets keys beyond its bound', () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 1 })
    for (let i = 0; i < 250_000; i++) limiter.take(`key-${i}`, 1, 0)
    expect(limiter.take('key-249999', 1, 0).allowed).toBe(false)
  })
})

const rate = (burst: number) => ({ perSecond: 1, burst })

const guardOf = () => {
  const refused: string[] = []
  const guard = new TrafficGuard(
    {
      ordersPerAccount: rate(2),
      cancelsPerAccount: rate(2),
      requestsPerAddress: rate(4),
      badSignaturesPerAddress: rate(3),
      exempt: new Set(['0xmaker']),
    },
    (kind) => refused.push(kind),
  )
  return { guard, refused }
}

describe('the traffic guard', () => {
  const origin = { address: '10.0.0.1' }
  test('cancels have a reserve that orders and reads cannot use up', () => {
    const { guard, refused } = guardOf()
    guard.order('0xA', false, origin, 0)
    guard.order('0xa', false, origin, 0)
    expect(() => guard.order('0xA', false, origin, 0)).toThrow(RateLimitedError)
    guard.request(origin, 0)
    expect(() => guard.request(origin, 0)).toThrow(RateLimitedError)
    guard.cancel('0xA', 0)
    guard.cancel('0xa', 0)
    expect(() => guard.cancel('0xA', 0)).toThrow(RateLimitedError)
    expect(refused).toEqual(['order', 'request', 'cancel'])
  })

  test('an order that only reduces may use the reserve of the cancels', () => {
    const { guard } = guardOf()
    for (let i = 0; i < 2; i++) guard.order('0xA', false, origin, 0)
    for (let i = 0; i < 2; i++) guard.order('0xA', true, origin, 0)
    expect(() => guard.order('0xA', true, origin, 0)).toThrow(RateLimitedError)
    expect(guard.state('0xA', origin, 0)).toMatchObject({
      orders: { limit: 2, remaining: 0 },
      cancels: { limit: 2, remaining: 0 },
    })
  })

  test('an exempt name is believed until its address has sent bad signatures', () => {
    const { guard, refused } = guardOf()
    for (let i = 0; i < 100; i++) guard.order('0xMaker', false, origin, 0)
    for (let i = 0; i < 3; i++) guard.badSignature(origin, 0)
    expect(() => guard.order('0xMaker', false, origin, 0)).toThrow(RateLimitedError)
    guard.order('0xMaker', false, { address: '10.0.0.2' }, 0)
    expect(refused).toEqual(['bad_signature'])
  })
})

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1', 'fe80:0:0:0::/64'],
  [undefined, 'unknown'],
])('%s counts as %s', (remote, key) => {
  expect(addressKey(remote)).toBe(key)
})

describe('bearer tokens', () => {
  const tokens = new BearerTokens('secret one')
  const account = `0x${'ab'.repeat(20)}`

  test('come back as they were issued, until they expire', () => {
    const token = tokens.issue({ account, key: null, expiresAtMs: 1_000 })
    expect(tokens.verify(token, 999)).toEqual({ account, key: null, expiresAtMs: 1_000 })
    expect(() => tokens.verify(token, 1_000)).toThrow('expired')
    const keyed = { account, key: `0x${'cd'.repeat(20)}`, expiresAtMs: 1_000 }
    expect(tokens.verify(tokens.issue(keyed), 999)).toEqual(keyed)
  })

  test('of another secret, changed or padded are unknown', () => {
    const token = tokens.issue({ account, key: null, expiresAtMs: 1_000 })
    const others = [
      new BearerTokens('secret two').issue({ account, key: null, expiresAtMs: 1_000 }),
      `${token}=`,
      `${token}A`,
      token.slice(0, -1),
      '',
      'x',
    ]
    for (const other of others)
      expect(() => tokens.verify(other, 0)).toThrow(
        expect.objectContaining({ code: 'UNKNOWN_KEY' }),
      )
  })
})
