//! Ten thousand connections that do nothing: what they cost in memory, and that the exchange still answers.

import { setTimeout as sleep } from 'node:timers/promises'
import { usages } from '../generator/process-probe.ts'
import { type Findings, phase, type Session } from '../generator/session.ts'
import { WireClient } from '../generator/wire-client.ts'

/** The gateway takes 10,000 by default, and others are connected too. */
const CONNECTIONS = 9_900
const AN_ADDRESS = 90
const AT_ONCE = 100
const STAY_MS = 5_000

export async function idle(session: Session): Promise<Findings> {
  const { client, target } = session
  const gateway = () =>
    usages(target.processes().filter(({ name }) => name === 'gateway')).get('gateway')?.ownMib ?? 0
  const before = gateway()
  const wires: WireClient[] = []
  await phase(
    session,
    'connecting',
    async () => {
      while (wires.length < CONNECTIONS) {
        const from = wires.length
        const some = Array.from({ length: AT_ONCE }, (_, i) =>
          WireClient.open(target.url, 1 + Math.floor((from + i) / AN_ADDRESS)),
        )
        wires.push(...(await Promise.all(some)))
      }
    },
    () => wires.length,
  )
  await phase(
    session,
    'idle',
    () => sleep(STAY_MS),
    () => 0,
  )
  const after = gateway()
  const startMs = performance.now()
  await client.time()
  const answerMs = performance.now() - startMs
  const cut = wires.filter(({ closed }) => closed !== undefined).length
  for (const wire of wires) wire.close()
  const figures = {
    ordersPerSecond: 0,
    p50Ms: Number(answerMs.toFixed(3)),
    p99Ms: Number(answerMs.toFixed(3)),
    errors: 0,
    lost: cut,
    connections: wires.length,
    gatewayMib: Math.round(after),
    gatewayMibBefore: Math.round(before),
    kibAConnection: Number((((after - before) * 1_024) / wires.length).toFixed(1)),
  }
  return {
    figures,
    ratios: { memoryGrowth: after / before },
    summary: [
      `${figures.connections} idle connections: the gateway takes ${figures.gatewayMib} MiB, ${figures.kibAConnection} KiB for each above the ${figures.gatewayMibBefore} MiB before them.`,
    ],
    faults: cut === 0 ? [] : [`${cut} connections were cut`],
  }
}
