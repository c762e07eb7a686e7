//! What a profile may ask of the exchange under load.

import type { MetricTexts } from '../stages/stage-report.ts'
import type { LoadAccount } from './load-accounts.ts'
import type { NamedProcess } from './process-probe.ts'

/** Limits that a load test on one machine would meet first. */
export const loadSettings = {
  PLUMB_RATE_REQUESTS: '1000000',
  PLUMB_CONNECTIONS_PER_IP: '20000',
  PLUMB_CONNECTIONS: '20000',
}

/** How services are started for a profile: options of Node, and settings beside `loadSettings`. */
export type StartedServices = {
  nodeOptions?: readonly string[]
  settings?: Readonly<Record<string, string>>
}

export type Target = {
  url: string
  /** `devnet`: with ledger, relayer and chain; `bare`: sequencer and gateway alone; `other`: only what is seen from outside. */
  kind: 'devnet' | 'bare' | 'other'
  /** Its processes, where they are on this machine. */
  processes: () => NamedProcess[]
  /** Metrics of gateway and sequencer, where they can be read. */
  metrics: () => Promise<MetricTexts>
  /** Makes sure that every account has money. */
  fund: (accounts: readonly LoadAccount[]) => Promise<void>
  stop: () => Promise<void>
}
