//! The named loads.
import type { Findings, Session, Settings } from '../generator/session.ts'
import type { StartedServices } from '../generator/target-kind.ts'
import { fanOut } from './fan-out.ts'
import { idle } from './idle.ts'
import { rest } from './rest.ts'
import { saturate } from './saturate.ts'
import { smoke } from './smoke.ts'
import { soak } from './soak.ts'
import { storm } from './storm.ts'

export type Profile = {
  about: string
  run: (session: Session) => Promise<Findings>
  defaults?: Partial<Settings>
  /** For services that are started for it. */
  started?: StartedServices
}

export const profiles: Record<string, Profile | undefined> = {
  smoke: { about: 'two thousand orders and a look at everything: is it fit for more?', run: smoke },
  saturate: {
    about:
      'signed orders over WebSocket as fast as they are answered, then 8,000/s for the latency',
    run: saturate,
  },
  'fan-out': {
    about: 'a thousand readers of ten books, checked for gaps; beside plain ws.send',
    run: fanOut,
    defaults: { rate: 800, seconds: 15, fillPercent: 0 },
  },
  storm: {
    about: 'every resting order canceled, one by one and a hundred to a message',
    run: storm,
    defaults: { orders: 120_000 },
  },
  rest: {
    about: 'REST by autocannon: reads, single orders, batches of twenty; beside bare node:http',
    run: rest,
    defaults: { seconds: 5, orders: 60_000 },
  },
  idle: { about: 'ten thousand connections that do nothing', run: idle },
  soak: {
    about: 'twenty minutes of orders and cancels: memory must stay flat',
    run: soak,
    defaults: { rate: 400, seconds: 1_200 },
    started: {
      nodeOptions: [`--import ${new URL('../memory/collect-garbage.mjs', import.meta.url).href}`],
      // Ten times as often as they are: what each leaves behind is then many small steps, and a staircase grows.
      settings: {
        PLUMB_SNAPSHOT_COMMANDS: '20000',
        PLUMB_MARGIN_SNAPSHOT_COMMANDS: '20000',
        PLUMB_GATEWAY_SNAPSHOT_COMMANDS: '20000',
      },
    },
  },
}

export function defaultsOf({ defaults = {} }: Profile): Omit<Settings, 'market'> {
  return {
    connections: 8,
    inFlight: 128,
    rate: 8_000,
    seconds: 12,
    orders: 150_000,
    fillPercent: 1,
    ...defaults,
  }
}
