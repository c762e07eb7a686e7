//! Preloaded into the services under a soak: collects all garbage again and again, so that what grows is what is kept.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** A few times in each window of the judge; left alone, V8 lets garbage of several minutes pile up. */
const EVERY_MS = 20_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
setInterval(() => {
  collect()
}, EVERY_MS).unref()
