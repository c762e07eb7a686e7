import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseStartOptions } from './devnet-options.ts'

test('flags become options; npm’s own -- is passed over', () => {
  const args = ['--', '--fresh', '--state', '/x', '--port', '0', '--rpc-port', '9', '--no-bot']
  expect(parseStartOptions(args)).toMatchObject({
    fresh: true,
    stateDir: '/x',
    gatewayPort: 0,
    rpcPort: 9,
    bots: false,
    json: false,
  })
  expect(parseStartOptions([])).not.toHaveProperty('gatewayPort')
})

test('--prices becomes the oracle’s environment; what it does not price stays simulated', () => {
  expect(parseStartOptions([]).prices).toEqual({
    PLUMB_ORACLE_PRICES: expect.stringContaining('"BTC-PERP":60000'),
  })
  expect(parseStartOptions(['--prices', 'live']).prices).toMatchObject({
    PLUMB_ORACLE_MODE: 'live',
    PLUMB_ORACLE_PRICES: expect.any(String),
  })
  const file = fileURLToPath(import.meta.url)
  const { prices } = parseStartOptions(['--prices', `replay:${file}@60`])
  expect(prices).toMatchObject({ PLUMB_ORACLE_MODE: 'replay' })
  expect(JSON.parse(prices?.PLUMB_ORACLE_REPLAY ?? '')).toEqual({
    files: [{ file }],
    speed: 60,
    loop: true,
  })
})

test.each([
  [['--port', '70000'], /--gateway-port needs a port number, 0 to 65535, not 70000/],
  [['--rpc-port', 'x'], /--rpc-port needs a port number/],
  [['--prices', 'magic'], /--prices is simulator, live or replay:FILE\[@SPEED\], not magic/],
  [['--prices', 'replay:/none.csv'], /there is no file \/none.csv/],
  [['--prices', 'replay:/none.csv@0'], /0 is no speed/],
  [['--frsh'], /Unknown option '--frsh'[\s\S]*--fresh +delete/],
])('%j is refused with what to write instead', (args, message) => {
  expect(() => parseStartOptions(args)).toThrow(message)
})
