//! The two exchange classes over one copy of ccxt.
import type { Exchange } from 'ccxt'
import type { Ccxt, ClassOf } from './ccxt-module.ts'
import { streamClass } from './pro/stream-class.ts'
import { watchClass } from './pro/watch-class.ts'
import { accountClass } from './rest/account-class.ts'
import { marketClass } from './rest/market-class.ts'
import { orderClass } from './rest/order-class.ts'
import { parserClass } from './rest/parser-class.ts'
import { settingsClass } from './rest/settings-class.ts'
import { tradingClass } from './rest/trading-class.ts'
import { transportClass } from './rest/transport-class.ts'

/** `plumb` is the REST class, `pro.plumb` the one with `watch*`: where `ccxt` and `ccxt.pro` have theirs. */
export type PlumbClasses = { plumb: ClassOf<Exchange>; pro: { plumb: ClassOf<Exchange> } }

/**
 * The exchange classes for a copy of ccxt, whose base and error classes they use.
 *
 * @example
 * const { plumb, pro } = createClasses(require('ccxt'))
 */
export function createClasses(ccxt: Ccxt): PlumbClasses {
  const Parsers = parserClass(transportClass(ccxt))
  const Orders = orderClass(ccxt, accountClass(ccxt, marketClass(Parsers)))
  const Trading = settingsClass(ccxt, tradingClass(ccxt, Orders))
  const Pro = watchClass(streamClass(ccxt, Trading))
  return { plumb: class plumb extends Trading {}, pro: { plumb: class plumb extends Pro {} } }
}
