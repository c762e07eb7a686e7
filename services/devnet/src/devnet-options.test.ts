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

test.each([
  [['--port', '70000'], /--gateway-port needs a port number, 0 to 65535, not 70000/],
  [['--rpc-port', 'x'], /--rpc-port needs a port number/],
  [['--frsh'], /Unknown option '--frsh'[\s\S]*--fresh +delete/],
])('%j is refused with what to write instead', (args, message) => {
  expect(() => parseStartOptions(args)).toThrow(message)
})
