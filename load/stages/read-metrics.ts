//! The metrics of the services an order passes.
import type { MetricTexts } from './stage-report.ts'

/** Both services' metrics; undefined when one does not answer. */
export async function metricsOf(gatewayUrl: string, sequencerUrl: string): Promise<MetricTexts> {
  try {
    const [gateway, sequencer] = await Promise.all([read(gatewayUrl), read(sequencerUrl)])
    return { gateway, sequencer }
  } catch {
    return undefined
  }
}

async function read(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`)
  if (!response.ok) throw new Error(`${url}/metrics answers ${response.status}`)
  return await response.text()
}
