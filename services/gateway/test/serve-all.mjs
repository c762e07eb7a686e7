//! Lets the sequencer of a test take every kind of command that the engine knows: what its gate still refuses is what some
//! follower cannot carry yet, and no test of the gateway has one.
import { register } from 'node:module'

const hook = `export async function load(url, context, next) {
  const loaded = await next(url, context)
  if (!url.includes('/sequencer/src/sequencer.')) return loaded
  const source = String(loaded.source).replace(
    /SERVED_KIND_MAX\\s*=\\s*commandKind\\.SetWithdrawals/,
    'SERVED_KIND_MAX=commandKind.SettleMarket',
  )
  return { ...loaded, source }
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
