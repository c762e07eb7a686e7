//! One market's book: snapshot and deltas in, rows with depth bars out.
import { byId, children, make, setText } from './dom.js'
import { fixed, placesOf } from './format.js'

const rowsShown = 10

/** Exact sums of decimal strings, as integers of `places` decimals. */
const units = (text, places) => {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.slice(0, places).padEnd(places, '0'))
}
const asText = (value, places) => {
  const digits = String(value).padStart(places + 1, '0')
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

const put = (side, levels) => {
  for (const [price, amount] of levels)
    if (amount === '0') side.delete(price)
    else side.set(price, amount)
}

const rowOf = () => {
  const row = make('div', 'row')
  row.append(make('span'), make('span'), make('span'))
  return row
}

/** Best first, with running sums. */
const levels = (side, best, places) => {
  let sum = 0n
  return [...side]
    .toSorted(([a], [b]) => best * (Number(a) - Number(b)))
    .slice(0, rowsShown)
    .map(([price, amount]) => {
      sum += units(amount, places)
      return { price, amount, sum }
    })
}

const drawSide = (parent, rows, market, deepest, reversed) => {
  const shown = reversed ? rows.toReversed() : rows
  const nodes = children(parent, shown.length, rowOf)
  const places = placesOf(market.stepSize)
  for (const [i, { price, amount, sum }] of shown.entries()) {
    const [priceNode, amountNode, sumNode] = nodes[i].children
    setText(priceNode, fixed(price, placesOf(market.tickSize)))
    setText(amountNode, fixed(amount, places))
    setText(sumNode, fixed(asText(sum, places), places))
    const share = deepest === 0n ? 0 : Number((sum * 1000n) / deepest) / 10
    nodes[i].style.setProperty('--depth', `${share}%`)
  }
}

export const createBook = () => {
  let bids = new Map()
  let asks = new Map()

  return {
    clear: () => {
      bids = new Map()
      asks = new Map()
    },
    take: ({ type, data }) => {
      if (type === 'snapshot') {
        bids = new Map()
        asks = new Map()
      }
      put(bids, data.bids)
      put(asks, data.asks)
    },
    draw: (market) => {
      const places = placesOf(market.stepSize)
      const bidRows = levels(bids, -1, places)
      const askRows = levels(asks, 1, places)
      const deepest = [bidRows.at(-1)?.sum ?? 0n, askRows.at(-1)?.sum ?? 0n].reduce((a, b) =>
        a > b ? a : b,
      )
      drawSide(byId('bids'), bidRows, market, deepest, false)
      drawSide(byId('asks'), askRows, market, deepest, true)
      const tickPlaces = placesOf(market.tickSize)
      const bid = bidRows[0]?.price
      const ask = askRows[0]?.price
      if (bid === undefined || ask === undefined) {
        setText(byId('mid'), bid ?? ask ?? 'empty')
        setText(byId('spread'), '')
        return
      }
      const gap = units(ask, tickPlaces) - units(bid, tickPlaces)
      const middle = (units(ask, tickPlaces) + units(bid, tickPlaces)) * 5n
      setText(byId('mid'), fixed(asText(middle, tickPlaces + 1), tickPlaces + 1))
      const basisPoints = (Number(gap) / (Number(middle) / 10)) * 1e4
      setText(
        byId('spread'),
        `spread ${fixed(asText(gap, tickPlaces), tickPlaces)} · ${basisPoints.toFixed(2)} bp`,
      )
    },
  }
}
