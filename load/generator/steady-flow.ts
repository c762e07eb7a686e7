//! Orders that come and go: every account cancels what rests of it after so many orders, so that the book keeps its size.
import { textFrame } from './frames.ts'
import type { LoadAccount } from './load-accounts.ts'
import { makeOrders } from './order-bodies.ts'
import type { OrderRow } from './order-rows.ts'
import type { Session } from './session.ts'

/** Orders an account has resting at most: 384 accounts of 32 keep half of 12,288 orders on the book. */
export const RESTING_MAX = 32

/** A request of an account, JSON from behind its id on. */
export type Message = { op: 'order.place' | 'order.cancelAll'; account: number; body: string }

/** Whether an account sweeps after order `i`, dealt out in turn to `accounts`; they do not all sweep at once. */
export function sweepsAfter(i: number, accounts: number): boolean {
  const round = Math.floor(i / accounts)
  return (round + (i % accounts)) % RESTING_MAX === RESTING_MAX - 1
}

/** `count` signed orders, dealt out in turn, each account's `order.cancelAll` behind every 32nd of its own. */
export async function steadyFlow(session: Session, count: number): Promise<Message[]> {
  const { client, accounts, settings } = session
  const { market, fillPercent } = settings
  const orders = await makeOrders(client, accounts, {
    market,
    count,
    fillPercent,
    sweepsAfter: (i) => sweepsAfter(i, accounts.length),
  })
  return orders.flatMap((order, i): Message[] => {
    const account = i % accounts.length
    const placed: Message = { op: 'order.place', account, body: JSON.stringify(order).slice(1) }
    return sweepsAfter(i, accounts.length) ? [placed, sweepOf(accounts, account)] : [placed]
  })
}

function sweepOf(accounts: readonly LoadAccount[], account: number): Message {
  const { address } = accounts[account]!.signer
  return { op: 'order.cancelAll', account, body: `"account":"${address}","subaccount":0}` }
}

/** A row for each connection; an account stays on one, where it is signed in, so its requests keep their order. */
export function flowRows(messages: readonly Message[], rows: number): OrderRow[] {
  const frames: Buffer[][] = Array.from({ length: rows }, () => [])
  const ids: number[][] = Array.from({ length: rows }, () => [])
  const aside: Set<number>[] = Array.from({ length: rows }, () => new Set())
  for (const [id, { op, account, body }] of messages.entries()) {
    const row = account % rows
    frames[row]!.push(textFrame(`{"op":"${op}","id":${id},${body}`))
    ids[row]!.push(id)
    if (op !== 'order.place') aside[row]!.add(id)
  }
  return frames.map((row, i) => {
    let end = 0
    const ends = row.map((frame) => (end += frame.length))
    return { bytes: Buffer.concat(row), ends, ids: ids[i]!, aside: aside[i]! }
  })
}

/** Cuts the messages where so many orders have gone by; what follows the last of them stays with it. */
export function cutAfterOrders(
  messages: readonly Message[],
  orders: number,
): [Message[], Message[]] {
  let seen = 0
  const at = messages.findIndex(({ op }) => op === 'order.place' && ++seen > orders)
  return at < 0 ? [[...messages], []] : [messages.slice(0, at), messages.slice(at)]
}
