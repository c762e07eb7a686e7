//! The status page: what this exchange is doing right now, over the same API that traders use.
import { createAccount } from './account.js'
import { createBook } from './book.js'
import { createChart } from './chart.js'
import { byId, children, fill, make, setText, tableRow } from './dom.js'
import {
  clock,
  countdown,
  fixed,
  grouped,
  percent,
  placesOf,
  short,
  shortHash,
  span,
} from './format.js'
import { openStream } from './stream.js'

const batchesShown = 12
const tradesShown = 22

const state = {
  markets: [],
  tickers: new Map(),
  funding: new Map(),
  trades: [],
  batches: new Map(),
  chosen: '',
  open: false,
  status: undefined,
  seq: 0,
  clockSkewMs: 0,
}
const book = createBook()
const chart = createChart()
/** What is followed of the chosen market alone. */
const chosenChannels = ['book', 'trades', 'candles']
const dirty = new Set()

const now = () => Date.now() + state.clockSkewMs
const marketOf = (id) => state.markets.find((market) => market.id === id)
const statusOf = (id) => state.status?.markets?.find(({ market }) => market === id)

const get = async (path) => {
  const response = await fetch(path, { headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return response.json()
}

/** Draws at most once a frame, whatever comes in. */
const touch = (part) => {
  if (dirty.size === 0) requestAnimationFrame(drawDirty)
  dirty.add(part)
}

const drawMarkets = () => {
  const rows = children(byId('markets'), state.markets.length, () => {
    const row = tableRow(11, [0, 10])
    row.tabIndex = 0
    return row
  })
  for (const [i, market] of state.markets.entries()) {
    const ticker = state.tickers.get(market.id) ?? {}
    const funding = state.funding.get(market.id) ?? {}
    const places = placesOf(market.tickSize)
    const price = (text) => (text === null || text === undefined ? '–' : fixed(text, places))
    const rate = funding.rate ?? ticker.fundingRate
    const next = funding.nextFundingTime ?? ticker.nextFundingTime
    const row = rows[i]
    row.dataset.market = market.id
    row.classList.toggle('chosen', market.id === state.chosen)
    fill(row, [
      market.id,
      price(ticker.last),
      price(ticker.mark),
      price(ticker.index),
      price(ticker.bid),
      price(ticker.ask),
      percent(rate),
      next ? countdown(next - now()) : '–',
      ticker.quoteVolume === undefined ? '–' : `${short(ticker.quoteVolume)} ${market.quote}`,
      ticker.openInterest === undefined ? '–' : short(ticker.openInterest),
      (statusOf(market.id)?.state ?? market.state).replace('_', ' '),
    ])
    row.children[10].title = statusOf(market.id)?.reason ?? ''
    row.children[6].className = rate && rate !== '0' ? (rate.startsWith('-') ? 'down' : 'up') : ''
  }
}

/** State and funding of the chosen market in a line; why, when it takes less than usual. */
const drawChart = () => {
  const market = marketOf(state.chosen)
  if (!market) return
  const ticker = state.tickers.get(market.id)
  const { state: word = market.state, reason, since } = statusOf(market.id) ?? {}
  const { rate, nextFundingTime } = state.funding.get(market.id) ?? {}
  const places = placesOf(market.tickSize)
  const facts = [
    reason ? `${word.replace('_', ' ')}: ${reason}` : word.replace('_', ' '),
    since ? `for ${span(now() - since)}` : '',
    ticker?.mark ? `mark ${fixed(ticker.mark, places)}` : '',
    ticker?.index ? `index ${fixed(ticker.index, places)}` : '',
    rate ? `funding ${percent(rate)} in ${countdown(nextFundingTime - now())}` : '',
  ]
  setText(byId('market-note'), facts.filter(Boolean).join(' · '))
  chart.draw(market, ticker)
}

const drawTrades = () => {
  const market = marketOf(state.chosen)
  if (!market) return
  byId('no-trades').hidden = state.trades.length > 0
  const rows = children(byId('trades'), state.trades.length, () => tableRow(3, [0]))
  for (const [i, trade] of state.trades.entries()) {
    fill(rows[i], [
      clock(trade.ts),
      fixed(trade.price, placesOf(market.tickSize)),
      fixed(trade.amount, placesOf(market.stepSize)),
    ])
    rows[i].children[1].className = trade.side === 'buy' ? 'up' : 'down'
  }
}

const drawBatches = () => {
  const shown = [...state.batches.values()]
    .toSorted((a, b) => b.batchNo - a.batchNo)
    .slice(0, batchesShown)
  byId('no-batches').hidden = shown.length > 0
  const rows = children(byId('batches'), shown.length, () => {
    const row = tableRow(8, [5, 6])
    const hash = make('button', 'hash')
    hash.type = 'button'
    row.children[5].append(hash)
    row.children[6].append(make('span', 'pill'))
    return row
  })
  for (const [i, batch] of shown.entries()) {
    const row = rows[i]
    fill(row, [
      String(batch.batchNo),
      grouped(batch.toSeq),
      grouped(batch.fills),
      grouped(batch.gasUsed),
      grouped(batch.blockNumber),
      undefined,
      undefined,
      span(now() - batch.ts),
    ])
    const hash = row.children[5].firstChild
    setText(hash, shortHash(batch.txHash))
    hash.title = batch.txHash ?? ''
    const pill = row.children[6].firstChild
    setText(pill, batch.status)
    pill.className = `pill ${batch.status === 'settled' ? 'good' : 'warn'}`
  }
}

const drawSettlement = () => {
  const settled = [...state.batches.values()].filter(({ status }) => status === 'settled')
  const last = settled.toSorted((a, b) => b.batchNo - a.batchNo)[0]
  setText(byId('seq'), grouped(state.seq || undefined))
  if (last) {
    setText(byId('settled'), grouped(last.toSeq))
    const behind = Math.max(0, state.seq - Number(last.toSeq))
    setText(
      byId('settled-note'),
      `batch ${last.batchNo}, ${span(now() - last.ts)} ago · ${grouped(behind)} behind`,
    )
  }
  const lagMs = state.status?.settlementLagMs
  if (lagMs !== undefined && lagMs !== null) {
    setText(byId('lag'), lagMs === 0 ? '0 s' : span(lagMs))
    setText(
      byId('lag-note'),
      lagMs === 0 ? 'every fill is settled' : 'age of the oldest unsettled fill',
    )
  }
}

const drawState = () => {
  const pill = byId('state')
  const word = state.status?.state ?? 'ok'
  document.body.classList.toggle('stale', !state.open)
  if (!state.open) {
    setText(pill, 'reconnecting')
    pill.className = 'pill bad'
    return
  }
  setText(pill, word === 'ok' ? 'trading' : word.replace('_', ' '))
  pill.className = `pill ${word === 'ok' ? 'good' : 'warn'}`
}

const drawBook = () => {
  const market = marketOf(state.chosen)
  if (market) book.draw(market)
}

const parts = {
  markets: drawMarkets,
  trades: drawTrades,
  batches: drawBatches,
  settlement: drawSettlement,
  state: drawState,
  book: drawBook,
  chart: drawChart,
}

function drawDirty() {
  const drawn = [...dirty]
  dirty.clear()
  for (const part of drawn) parts[part]()
}

const rowsOf = (data) => (Array.isArray(data) ? data : (data.items ?? [data]))

const takeTrades = ({ type, data }) => {
  const fresh = rowsOf(data).toReversed()
  const seen = new Set(fresh.map(({ id }) => id))
  const kept = type === 'snapshot' ? [] : state.trades.filter(({ id }) => !seen.has(id))
  state.trades = [...fresh, ...kept].slice(0, tradesShown)
}

const takeBatches = (data) => {
  for (const batch of rowsOf(data)) state.batches.set(batch.batchNo, batch)
  const oldest = [...state.batches.keys()].toSorted((a, b) => b - a)[batchesShown * 2]
  if (oldest !== undefined)
    for (const number of state.batches.keys()) if (number <= oldest) state.batches.delete(number)
}

const onEvent = (event) => {
  if (event.seq > state.seq) {
    state.seq = event.seq
    touch('settlement')
  }
  const { channel, data } = event
  if (channel === 'ticker') for (const row of rowsOf(data)) state.tickers.set(row.market, row)
  if (channel === 'funding') for (const row of rowsOf(data)) state.funding.set(row.market, row)
  if (channel === 'ticker' || channel === 'funding') touch('markets')
  if (channel === 'batches') {
    takeBatches(data)
    touch('batches')
    touch('settlement')
  }
  if (channel === 'status') {
    state.status = { ...state.status, ...data }
    touch('state')
    touch('markets')
    touch('chart')
  }
  if (event.market !== state.chosen) return
  if (channel === 'book') {
    book.take(event)
    touch('book')
  }
  if (channel === 'trades') {
    takeTrades(event)
    touch('trades')
  }
  if (channel === 'candles') chart.take(event)
  if (channel === 'candles' || channel === 'ticker') touch('chart')
}

const stream = openStream({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/v1/ws`,
  onEvent,
  onState: (word) => {
    state.open = word === 'open'
    touch('state')
    if (state.open) load().catch(() => {})
  },
})

/** The trades before those that the stream tells. */
const loadTrades = async (id) => {
  const { items } = await get(`/v1/markets/${id}/trades?limit=${tradesShown}`)
  if (state.chosen !== id) return
  const known = new Set(state.trades.map((trade) => trade.id))
  state.trades = [...state.trades, ...items.filter((trade) => !known.has(trade.id))]
    .toSorted((a, b) => Number(b.id) - Number(a.id))
    .slice(0, tradesShown)
  touch('trades')
}

/** The minutes before those that the stream tells, quiet ones included. */
const loadCandles = async (id) => {
  const { items } = await get(`/v1/markets/${id}/candles?interval=1m&limit=90`)
  if (state.chosen !== id) return
  chart.set(items)
  touch('chart')
}

const choose = (id) => {
  if (id === state.chosen) return
  if (state.chosen) for (const channel of chosenChannels) stream.unsubscribe(channel, state.chosen)
  state.chosen = id
  state.trades = []
  book.clear()
  chart.clear()
  for (const channel of chosenChannels) stream.subscribe(channel, id)
  setText(byId('chart-market'), id)
  setText(byId('book-market'), id)
  setText(byId('trades-market'), id)
  history.replaceState(undefined, '', `#${id}`)
  loadTrades(id).catch(() => {})
  loadCandles(id).catch(() => {})
  for (const part of ['markets', 'book', 'trades', 'chart']) touch(part)
}

const amount = (text) => (text === '0' ? '0' : fixed(text, 6))

const drawTotals = (report) => {
  const box = byId('reconciled')
  const rows = [...(report.totals ?? [])]
  byId('totals-note').hidden = rows.length > 0 && !report.firstDifference
  const nodes = children(byId('totals'), rows.length, () => tableRow(5, [0, 1]))
  for (const [i, { name, engine, ledger, chain }] of rows.entries()) {
    const equal = engine === ledger && ledger === chain
    fill(nodes[i], [equal ? '✓' : '✗', name, amount(engine), amount(ledger), amount(chain)])
    nodes[i].children[0].className = `text mark ${equal ? 'up' : 'down'}`
  }
  if (report.firstDifference) setText(byId('totals-note'), String(report.firstDifference))
  if (report.ok === undefined || report.ok === null) return
  box.className = `fact ${report.ok ? 'good' : 'bad'}`
  setText(byId('reconciled-mark'), report.ok ? '✓ equal' : '✗ differ')
  setText(
    byId('reconciled-note'),
    `engine = ledger = chain · ${span(now() - report.checkedAt)} ago`,
  )
}

const load = async () => {
  const [{ items: markets }, { items: tickers }, { items: batches }] = await Promise.all([
    get('/v1/markets'),
    get('/v1/tickers'),
    get(`/v1/batches?limit=${batchesShown}`),
  ])
  state.markets = markets
  for (const ticker of tickers) state.tickers.set(ticker.market, ticker)
  takeBatches(batches)
  const known = (id) => markets.some((market) => market.id === id)
  const hash = decodeURIComponent(location.hash.slice(1))
  if (!known(state.chosen) && markets.length > 0) choose(known(hash) ? hash : markets[0].id)
  for (const { id } of markets)
    for (const channel of ['ticker', 'funding']) stream.subscribe(channel, id)
  for (const part of Object.keys(parts)) touch(part)
}

const poll = async () => {
  const startedMs = Date.now()
  const [time, status, report] = await Promise.all([
    get('/v1/time'),
    get('/v1/status'),
    get('/v1/reconciliation'),
  ])
  const tripMs = Date.now() - startedMs
  state.clockSkewMs = Math.round((time.ts ?? startedMs) + tripMs / 2 - Date.now())
  state.status = status
  if (Number(status.seq) > state.seq) state.seq = Number(status.seq)
  drawTotals(report)
  touch('state')
  touch('settlement')
}

const pickRow = (target) => {
  const id = target.closest('tr')?.dataset.market
  if (id) choose(id)
}

byId('markets').addEventListener('click', ({ target }) => pickRow(target))
byId('markets').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' && event.key !== ' ') return
  event.preventDefault()
  pickRow(event.target)
})
byId('batches').addEventListener('click', ({ target }) => {
  if (target.classList.contains('hash')) void navigator.clipboard?.writeText(target.title)
})
createAccount(() => marketOf(state.chosen))
for (const channel of ['batches', 'status']) stream.subscribe(channel)
setText(byId('where'), `${location.host} · every number on this page comes from the public API`)

setInterval(() => {
  touch('markets')
  touch('batches')
  touch('settlement')
}, 1_000)
addEventListener('resize', () => touch('chart'))
setInterval(() => {
  if (state.chosen) loadCandles(state.chosen).catch(() => {})
}, 20_000)
const keepPolling = async () => {
  try {
    await poll()
  } catch {
    // The stream's state already says that the exchange cannot be reached.
  }
  setTimeout(() => void keepPolling(), 2_000)
}
void keepPolling()
