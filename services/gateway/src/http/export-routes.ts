//! CSV files of an account's history, from the first day: columns and decimals as in JSON.
import { Readable } from 'node:stream'
import {
  exportParams,
  exportQuery,
  fillObject,
  fundingPaymentObject,
  type ListOf,
  ledgerObject,
  orderObject,
  type PageQuery,
  transferObject,
} from '@plumb/protocol'
import { z } from 'zod'
import { AccountView } from '../view/account-view.ts'
import { requireOwner } from './account-routes.ts'
import type { ReadParts } from './market-routes.ts'
import { type Route, route, unread } from './route.ts'

const PAGE_ROWS = 1_000

type Row = Record<string, unknown>
type ReadPage = (page: PageQuery) => Promise<ListOf<Row>> | ListOf<Row>

type File = { columns: string[]; pages: ReadPage[] }

export function exportRoutes({ view, history }: ReadParts): Route[] {
  const fileOf = (file: string, account: AccountView): File => {
    if (file === 'fills.csv')
      return { columns: columnsOf(fillObject), pages: [(page) => history.fills(account, page)] }
    if (file === 'orders.csv')
      return { columns: columnsOf(orderObject), pages: [(page) => history.orders(account, page)] }
    if (file === 'funding.csv')
      return {
        columns: columnsOf(fundingPaymentObject),
        pages: [(page) => history.fundingPayments(account, page)],
      }
    if (file === 'ledger.csv')
      return { columns: columnsOf(ledgerObject), pages: [(page) => history.entries(account, page)] }
    return {
      columns: columnsOf(transferObject),
      pages: [
        (page) => history.deposits(account, page),
        (page) => history.withdrawals(account, page),
      ],
    }
  }
  return [
    route(
      'GET',
      '/v1/export/:file',
      { body: unread, query: exportQuery, params: exportParams },
      {
        auth: 'token',
        tag: 'Account',
        summary:
          'History as CSV: fills, orders, funding, ledger, transfers (deposits, withdrawals)',
      },
      async ({ params, query }, { session, reply }) => {
        requireOwner(session, query.account)
        const subaccount = query.subaccount ?? 0
        const account =
          view.account(session.account, subaccount) ??
          new AccountView(-1, session.account, subaccount)
        const { since = 0, until } = query
        const lines = csvLines(fileOf(params.file, account), { since, until, limit: PAGE_ROWS })
        // The first page is read before the answer begins: what fails then still gets its error code.
        const first = await lines.next()
        reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', `attachment; filename="${params.file}"`)
        return Readable.from(behind(first, lines))
      },
    ),
  ]
}

async function* behind(first: IteratorResult<string, void>, rest: AsyncGenerator<string, void>) {
  if (first.done !== true) yield first.value
  yield* rest
}

/** One text for each page, behind the header. */
async function* csvLines({ columns, pages }: File, page: PageQuery): AsyncGenerator<string, void> {
  let header = csvLine(columns)
  for (const read of pages) {
    let cursor: string | undefined
    do {
      const { items, nextCursor } = await read(
        cursor === undefined ? page : { until: page.until, limit: page.limit, cursor },
      )
      const rows = items.map(flat).map((row) => csvLine(columns.map((name) => row[name])))
      yield header + rows.join('')
      header = ''
      cursor = nextCursor ?? undefined
    } while (cursor !== undefined)
  }
}

/** Fields of an object, nested ones by dotted names. */
function columnsOf(schema: z.ZodObject): string[] {
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    const inner = field instanceof z.ZodNullable ? field.unwrap() : field
    return inner instanceof z.ZodObject
      ? Object.keys(inner.shape).map((key) => `${name}.${key}`)
      : [name]
  })
}

/** Nested fields by dotted names: `fee.cost`. */
function flat(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).map(([inner, v]) => [`${name}.${inner}`, v])
        : [[name, value]],
    ),
  )
}

function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

/** Quoted where it must be; a text that a spreadsheet would run as a formula gets an apostrophe. */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  const plain = typeof value === 'string' ? value : JSON.stringify(value)
  const isText = typeof value === 'string' && !/^-?\d+(?:\.\d+)?$/.test(plain)
  const text = isText && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
