import { errorTable } from '@plumb/protocol'
import { expect, test } from 'vitest'
import {
  errorDetailOf,
  errorFrom,
  InsufficientFundsError,
  knownErrorCodes,
  PlumbError,
} from './errors.ts'

// Codes that only the exchange's own services can meet.
const internal = new Set([
  'DEPOSIT_GAP',
  'DEPOSIT_REPEATED',
  'NOTHING_TO_CONFIRM',
  'STALE_PRICE_MESSAGE',
  'UNKNOWN_PUBLISHER',
  'ALREADY_INITIALISED',
  'KEY_USED',
  'NOTICE_GAP',
  'NOTICE_REPEATED',
])

test('every public code has a class, and every class a public code', () => {
  const known = new Set(knownErrorCodes)
  expect(Object.keys(errorTable).filter((code) => !known.has(code) && !internal.has(code))).toEqual(
    [],
  )
  expect(new Set(knownErrorCodes).size).toBe(knownErrorCodes.length)
})

test('an error carries what the exchange said', () => {
  const detail = errorDetailOf({
    error: {
      code: 'INSUFFICIENT_MARGIN',
      message: 'too little',
      field: 'amount',
      limit: '3',
      requestId: 'r1',
    },
  })
  const error = errorFrom(detail!)
  expect(error).toBeInstanceOf(InsufficientFundsError)
  expect(error).toBeInstanceOf(PlumbError)
  expect(error).toMatchObject({
    name: 'InsufficientFundsError',
    code: 'INSUFFICIENT_MARGIN',
    field: 'amount',
    limit: '3',
    requestId: 'r1',
    retryable: false,
  })
})

test('a code of a later version is still an error', () => {
  expect(errorFrom({ code: 'NEW_CODE', message: 'm' })).toMatchObject({ code: 'NEW_CODE' })
})

test.each([null, 'x', {}, { error: 1 }, { error: {} }, { error: { code: 1 } }])(
  '%o is no error body',
  (body) => {
    expect(errorDetailOf(body)).toBeUndefined()
  },
)
