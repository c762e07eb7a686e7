//! Time charts as SVG text for reports: lines, steps, marked moments. No script in the page.

export type TimeSeries = {
  name: string
  points: readonly (readonly [timeMs: number, y: number])[]
  /** Drawn thin and pale; or broad and pale, to be seen behind another. */
  look?: keyof typeof strokes
}
export type Moment = { timeMs: number; y: number; label: string }

export type TimeChart = {
  title: string
  unit: string
  series: readonly TimeSeries[]
  moments?: readonly Moment[]
  /** Lowest and highest value shown; of the series unless given. */
  from?: number
  height?: number
}

const WIDTH = 960
const LEFT = 70
const RIGHT = 14
const TOP = 46
const BOTTOM = 30
const POINTS_MAX = 1_200
const COLOURS = ['#2f7ed8', '#e07b28', '#3a9d6b', '#8e5cc2', '#b0413e', '#7a7a7a']

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const strokes = {
  plain: 'stroke-width="1.6"',
  faint: 'stroke-width="1" stroke-opacity="0.6"',
  broad: 'stroke-width="5" stroke-opacity="0.35"',
}

/** Round steps that cover a range in about five parts. */
const stepsOf = (low: number, high: number): number[] => {
  const rough = (high - low || Math.abs(high) || 1) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((size) => size >= rough) ?? rough
  const first = Math.floor(low / step)
  const last = Math.ceil(high / step)
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
}

/** At most so many points, keeping each stretch's extremes, so that no spike is lost. */
const thinned = (points: TimeSeries['points']): TimeSeries['points'] => {
  if (points.length <= POINTS_MAX) return points
  const size = Math.ceil((2 * points.length) / POINTS_MAX)
  const kept: (readonly [number, number])[] = []
  for (let from = 0; from < points.length; from += size) {
    const part = points.slice(from, from + size)
    const low = part.reduce((a, b) => (b[1] < a[1] ? b : a))
    const high = part.reduce((a, b) => (b[1] > a[1] ? b : a))
    kept.push(...(low[0] <= high[0] ? [low, high] : [high, low]))
  }
  return kept
}

const timeText = (timeMs: number, spanMs: number) =>
  new Date(timeMs).toISOString().slice(11, spanMs < 600_000 ? 19 : 16)

const valueText = (value: number) =>
  Math.abs(value) >= 10_000
    ? value.toLocaleString('en-US', { maximumFractionDigits: 0 })
    : String(Number(value.toPrecision(6)))

const text = (x: number, y: number, words: string, anchor: string, more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"${more}>${escapeHtml(words)}</text>`

/** A chart over time (UTC). Series without points are left out; an empty chart is an empty text. */
export const timeChart = (chart: TimeChart): string => {
  const drawn = chart.series.filter(({ points }) => points.length > 0)
  if (drawn.length === 0) return ''
  const height = chart.height ?? 320
  const times = drawn.flatMap(({ points }) => [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0])
  const [start, end] = [Math.min(...times), Math.max(...times)]
  let low = chart.from ?? Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { points } of drawn)
    for (const [, y] of points) {
      low = Math.min(low, y)
      high = Math.max(high, y)
    }
  const grid = stepsOf(low, high)
  const [bottom, top] = [grid[0] ?? 0, grid.at(-1) ?? 1]
  const atX = (t: number) => LEFT + ((t - start) / (end - start || 1)) * (WIDTH - LEFT - RIGHT)
  const atY = (y: number) =>
    height - BOTTOM - ((y - bottom) / (top - bottom || 1)) * (height - TOP - BOTTOM)
  const lines = drawn.map(({ points, look = 'plain' }, i) => {
    const path = thinned(points)
      .map(([t, y]) => `${atX(t).toFixed(1)},${atY(y).toFixed(1)}`)
      .join(' ')
    return `<polyline points="${path}" fill="none" stroke="${COLOURS[i % COLOURS.length]}" ${strokes[look]}/>`
  })
  return [
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(chart.title)}" font-size="12" fill="currentColor">`,
    text(LEFT, 15, chart.title, 'start', ' font-size="14" font-weight="600"'),
    text(WIDTH - RIGHT, 15, chart.unit, 'end', ' fill-opacity="0.7"'),
    ...grid.map((y) => gridLine(atY(y), valueText(y))),
    ...timeMarks(start, end).map((t) =>
      text(atX(t), height - 10, timeText(t, end - start), 'middle', ' fill-opacity="0.7"'),
    ),
    legend(drawn),
    ...lines,
    ...(chart.moments ?? []).map((moment) => momentMark(moment, atX, atY)),
    '</svg>',
  ].join('\n')
}

const gridLine = (y: number, words: string) =>
  `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="#8883"/>${text(LEFT - 8, y + 4, words, 'end', ' fill-opacity="0.7"')}`

const timeMarks = (start: number, end: number) =>
  Array.from({ length: 9 }, (_, i) => start + ((end - start) * (i + 0.5)) / 9)

const legend = (series: readonly TimeSeries[]) => {
  let x = LEFT
  return series
    .map(({ name }, i) => {
      const at = x
      x += 26 + name.length * 6.6
      return `<rect x="${at}" y="25" width="10" height="10" rx="2" fill="${COLOURS[i % COLOURS.length]}"/>${text(at + 14, 34, name, 'start')}`
    })
    .join('')
}

const momentMark = (
  { timeMs, y, label }: Moment,
  atX: (t: number) => number,
  atY: (y: number) => number,
) =>
  `<g><title>${escapeHtml(label)}</title><circle cx="${atX(timeMs).toFixed(1)}" cy="${atY(y).toFixed(1)}" r="4.5" fill="#b0413e" stroke="#fff" stroke-width="1"/></g>`
