import { env } from 'node:process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  rest,
  startExchange,
  type TestExchange,
  TestStream,
  tokenOf,
  wallet,
} from '../test/exchange-fixture.ts'
import { Dice, MalformedFrames, malformedRequest } from '../test/malformed.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const seed = Number(env['PLUMB_SEED'] ?? 20_261_127)
const frames = Number(env['PLUMB_FUZZ_FRAMES'] ?? 192_000)
const requests = Number(env['PLUMB_FUZZ_REQUESTS'] ?? 8_000)
/** Frames sent in one go; a connection may pipeline a thousand. */
const batch = 800
const alice = wallet(71)
let house: TestExchange
let token: string
beforeAll(async () => {
  house = await startExchange()
  await house.fund(alice, 100_000)
  token = await tokenOf(house.gateway, alice)
}, 60_000)
afterAll(() => house.close())

const seqNow = async () => (await rest(house.gateway, 'GET', '/v1/status')).body.seq
const isFault = (code: string) => code === 'INTERNAL' || code === 'TIMEOUT'

test(`${frames} malformed frames: each is answered, none is a fault, none reaches the journal`, async () => {
  const before = await seqNow()
  const stream = await TestStream.open(house.gateway)
  await stream.signIn(house.gateway, alice)
  stream.socket.removeAllListeners('message')
  const codes = new Map<string, number>()
  let answers = 0
  let wake: (() => void) | undefined
  stream.socket.on('message', (data: Buffer) => {
    const text = data.toString()
    // What a subscription streams is no answer.
    if (text.startsWith('{"channel"')) return
    const code = /"error":\{"code":"(\w+)"/.exec(text)?.[1] ?? 'ok'
    codes.set(code, (codes.get(code) ?? 0) + 1)
    answers += 1
    if (isFault(code)) wake?.()
    else if (answers % batch === 0) wake?.()
  })
  const malformed = new MalformedFrames(new Dice(seed), alice.address)
  for (let sent = 0; sent < frames; sent += batch) {
    const answered = new Promise<void>((resolve) => {
      wake = resolve
    })
    for (let i = 0; i < batch; i++) stream.socket.send(malformed.next())
    await answered
    for (const code of codes.keys())
      if (isFault(code))
        expect.fail(`seed ${seed}: ${code} among the frames ${sent} to ${sent + batch}`)
  }
  expect(stream.closed).toBeNull()
  expect(answers).toBe(frames)
  stream.close()
  expect(await seqNow()).toBe(before)
  for (const code of ['BAD_REQUEST', 'MISSING_FIELD', 'BAD_SIGNATURE', 'UNKNOWN_MARKET'])
    expect(codes.get(code), code).toBeGreaterThan(frames / 10_000)
})

test(`${requests} malformed requests: 4xx or an ordinary answer, never 5xx, nothing in the journal`, async () => {
  const before = await seqNow()
  const dice = new Dice(seed + 1)
  const together = 100
  const seen = new Map<number, number>()
  for (let sent = 0; sent < requests; sent += together) {
    const asked = Array.from({ length: together }, () =>
      malformedRequest(dice, alice.address, token),
    )
    const answers = await Promise.all(asked.map((request) => house.gateway.inject(request)))
    for (const [i, { statusCode, body }] of answers.entries()) {
      seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1)
      // What only the ledger or the margin service has is honestly unavailable here: there is neither.
      const isHonest = statusCode === 503 && /(?:HISTORY|RISK)_UNAVAILABLE/.test(body)
      if (statusCode >= 500 && !isHonest)
        expect.fail(`seed ${seed}: ${statusCode} ${body} for ${JSON.stringify(asked[i])}`)
    }
  }
  expect(await seqNow()).toBe(before)
  for (const status of [400, 401, 404, 415])
    expect(seen.get(status), String(status)).toBeGreaterThan(100)
})
