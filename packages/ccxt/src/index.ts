//! Plumb for ccxt: `plumb` (REST) and `pro.plumb` (REST and streams).
import ccxt from 'ccxt'
import { createClasses } from './create-classes.ts'

export { createClasses } from './create-classes.ts'

const classes = createClasses(ccxt)
/** The REST class: `new plumb({ walletAddress, privateKey })`. */
export const plumb = classes.plumb
/** `pro.plumb`: the REST class with `watch*` and order entry over the stream. */
export const pro = classes.pro
