//! One market's last candles as a picture: wicks, bodies and volumes, the mark as a line.
import { byId, setText } from './dom.js'
import { clock, grouped, placesOf } from './format.js'

const shown = 90
/** Fewer are drawn as wide as these. */
const fewest = 30
const minuteMs = 60_000
const gutter = { right: 72, bottom: 20, top: 8 }
/** Of a price's tag at the right. */
const tagHeight = 18
const volumeShare = 0.16

const svg = (tag, attributes, text = '') => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value))
  if (text) node.textContent = text
  return node
}

/** Round prices inside a range, three to six of them. */
const roundPrices = (low, high) => {
  const rough = (high - low) / 4 || 1
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((one) => one * power >= rough) ?? 10)
  const prices = []
  for (let price = Math.ceil(low / step) * step; price <= high; price += step) prices.push(price)
  return prices
}

/** Rows as the API has them: [openTime, open, high, low, close, volume, …]. */
const geometry = (rows, mark, width, height) => {
  const prices = rows.flatMap(([, , high, low]) => [Number(high), Number(low)])
  if (mark) prices.push(mark)
  const [low, high] = [Math.min(...prices), Math.max(...prices)]
  const pad = (high - low) * 0.06 || high * 0.0005
  const [bottom, top] = [low - pad, high + pad]
  const right = width - gutter.right
  const floor = height - gutter.bottom
  const slot = right / Math.max(rows.length, fewest)
  const base = floor - (floor - gutter.top) * volumeShare
  const most = Math.max(...rows.map((row) => Number(row[5])), Number.MIN_VALUE)
  return {
    bottom,
    top,
    right,
    floor,
    slot,
    x: (i) => right - (rows.length - i - 0.5) * slot,
    y: (price) => gutter.top + ((top - price) / (top - bottom)) * (base - gutter.top),
    bar: (volume) => (volume / most) * (floor - base - 4),
  }
}

/** `levels`: prices that have a tag of their own; no label of the axis stands under one. */
const drawAxes = (at, rows, places, levels) => {
  const parts = []
  const tags = levels.map((price) => at.y(price))
  for (const price of roundPrices(at.bottom, at.top)) {
    const y = at.y(price)
    parts.push(svg('line', { class: 'grid', x1: 0, x2: at.right, y1: y, y2: y }))
    if (tags.some((tag) => Math.abs(tag - y) < tagHeight)) continue
    const label = grouped(price.toFixed(places))
    parts.push(svg('text', { class: 'axis', x: at.right + 8, y: y + 4 }, label))
  }
  for (const [i, [openTime]] of rows.entries())
    if (openTime % (15 * minuteMs) === 0)
      parts.push(
        svg(
          'text',
          { class: 'axis', x: at.x(i), y: at.floor + 15, 'text-anchor': 'middle' },
          clock(openTime).slice(0, 5),
        ),
      )
  return parts
}

const drawCandle = (at, [, open, high, low, close, volume], i) => {
  const rises = Number(close) >= Number(open)
  const way = rises ? 'rise' : 'fall'
  const x = at.x(i)
  const body = Math.min(Math.max(at.slot * 0.64, 1), 14)
  const [upper, lower] = [at.y(Math.max(open, close)), at.y(Math.min(open, close))]
  const tall = at.bar(Number(volume))
  return [
    svg('rect', {
      class: `${way} volume`,
      x: x - body / 2,
      y: at.floor - tall,
      width: body,
      height: tall,
    }),
    svg('line', { class: way, x1: x, x2: x, y1: at.y(Number(high)), y2: at.y(Number(low)) }),
    svg('rect', {
      class: way,
      x: x - body / 2,
      y: upper,
      width: body,
      height: Math.max(lower - upper, 1),
    }),
  ]
}

const drawLevel = (at, name, price, places) => {
  const y = at.y(price)
  return [
    svg('line', { class: name, x1: 0, x2: at.right, y1: y, y2: y }),
    svg('rect', {
      class: `${name} tag`,
      x: at.right + 2,
      y: y - tagHeight / 2,
      width: gutter.right - 2,
      height: tagHeight,
      rx: 3,
    }),
    svg(
      'text',
      { class: `${name} label`, x: at.right + 8, y: y + 4 },
      grouped(price.toFixed(places)),
    ),
  ]
}

export const createChart = () => {
  let rows = []
  /** A minute without trades is drawn at the last price. */
  const put = (row) => {
    const last = rows.at(-1)
    if (last !== undefined && row[0] === last[0]) rows[rows.length - 1] = row
    else if (last === undefined || row[0] > last[0]) {
      for (let at = (last?.[0] ?? row[0]) + minuteMs; at < row[0]; at += minuteMs)
        rows.push([at, last[4], last[4], last[4], last[4], '0'])
      rows.push(row)
    }
    rows = rows.slice(-shown)
  }
  return {
    clear: () => {
      rows = []
    },
    set: (all) => {
      rows = all.slice(-shown)
    },
    take: ({ data }) => put(data),
    draw: (market, ticker) => {
      const picture = byId('chart')
      byId('no-candles').hidden = rows.length > 0
      picture.classList.toggle('hidden', rows.length === 0)
      if (rows.length === 0) return picture.replaceChildren()
      const { width, height } = picture.getBoundingClientRect()
      picture.setAttribute('viewBox', `0 0 ${width} ${height}`)
      const mark = ticker?.mark ? Number(ticker.mark) : 0
      const places = placesOf(market.tickSize)
      const at = geometry(rows, mark, width, height)
      const last = rows.at(-1)
      const levels = [Number(last[4]), ...(mark ? [mark] : [])]
      picture.replaceChildren(
        ...drawAxes(at, rows, places, levels),
        ...rows.flatMap((row, i) => drawCandle(at, row, i)),
        ...(mark ? drawLevel(at, 'mark-line', mark, places) : []),
        ...drawLevel(
          at,
          Number(last[4]) >= Number(last[1]) ? 'rise-line' : 'fall-line',
          Number(last[4]),
          places,
        ),
      )
      setText(byId('chart-span'), `${rows.length} min of trades, dashed: mark`)
    },
  }
}
