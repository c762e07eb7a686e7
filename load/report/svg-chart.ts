//! Small charts as SVG text: lines over a linear or logarithmic axis, and bars. No library, no script in the page.

export type Series = { name: string; points: readonly (readonly [x: number, y: number])[] }

export type ChartOptions = {
  title: string
  xLabel: string
  yLabel: string
  /** Powers of ten along x. */
  logX?: boolean
  /** y begins near the least value instead of at 0. */
  fromLeast?: boolean
}

const WIDTH = 720
const HEIGHT = 300
const LEFT = 64
const RIGHT = 16
const TOP = 36
const BOTTOM = 44
const COLOURS = ['#2f7ed8', '#d9772b', '#3a9d6b', '#8e5cc2', '#b0413e']

const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** 12345678 -> 12.3 M: three digits are enough beside a picture. */
export function shortNumber(value: number): string {
  const steps: [number, string][] = [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ]
  for (const [size, unit] of steps)
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${unit}`
  return String(Number(value.toPrecision(3)))
}

/** Round steps that cover min … max in four to eight parts. */
function ticksBetween(min: number, max: number): number[] {
  if (!(max > min)) return [min, min + 1]
  const rough = (max - min) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough
  const first = Math.floor(min / step)
  return Array.from({ length: Math.ceil(max / step) - first + 1 }, (_, i) => (first + i) * step)
}

const ticksUpTo = (max: number) => ticksBetween(0, Math.max(0, max))

function decades(min: number, max: number): number[] {
  const from = Math.floor(Math.log10(min))
  const to = Math.ceil(Math.log10(max))
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i))
}

/** A chart of lines, y from 0 unless asked otherwise. Empty series are left out. */
export function lineChart(options: ChartOptions, series: readonly Series[]): string {
  const drawn = series.filter(({ points }) => points.length > 0)
  const xs = drawn.flatMap(({ points }) => points.map(([x]) => x))
  const ys = drawn.flatMap(({ points }) => points.map(([, y]) => y))
  const yTicks = ticksBetween(options.fromLeast === true ? Math.min(...ys) : 0, Math.max(...ys))
  const [yMin, yMax] = [yTicks[0] ?? 0, yTicks.at(-1) ?? 1]
  const least = Math.min(...xs)
  const most = Math.max(...xs)
  const log = options.logX === true
  const xTicks = log ? decades(least, most) : ticksUpTo(most)
  const [xMin, xMax] = [log ? (xTicks[0] ?? 1) : 0, xTicks.at(-1) ?? 1]
  const share = (x: number) =>
    log ? Math.log(x / xMin) / Math.log(xMax / xMin) : (x - xMin) / (xMax - xMin)
  const atX = (x: number) => LEFT + share(x) * (WIDTH - LEFT - RIGHT)
  const atY = (y: number) =>
    HEIGHT - BOTTOM - ((y - yMin) / (yMax - yMin)) * (HEIGHT - TOP - BOTTOM)
  const lines = drawn.map(({ points }, i) => {
    const path = points.map(([x, y]) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(' ')
    const colour = COLOURS[i % COLOURS.length]
    const dots =
      points.length > 24
        ? ''
        : points
            .map(([x, y]) => `<circle cx="${atX(x).toFixed(1)}" cy="${atY(y).toFixed(1)}" r="3"/>`)
            .join('')
    return `<g fill="${colour}"><polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}</g>`
  })
  return frame(options, [
    ...yTicks.map((y) => gridLine(atY(y), shortNumber(y))),
    ...xTicks.map((x) => label(atX(x), HEIGHT - BOTTOM + 16, shortNumber(x), 'middle')),
    ...lines,
    legend(drawn.map(({ name }) => name)),
  ])
}

export type Bar = { name: string; value: number }

/** Bars side by side, y from 0, the value on top of each. */
export function barChart(options: ChartOptions, bars: readonly Bar[]): string {
  const yTicks = ticksUpTo(Math.max(...bars.map(({ value }) => value)))
  const yMax = yTicks.at(-1) ?? 1
  const atY = (y: number) => HEIGHT - BOTTOM - (y / yMax) * (HEIGHT - TOP - BOTTOM)
  const slot = (WIDTH - LEFT - RIGHT) / bars.length
  const drawn = bars.map(({ name, value }, i) => {
    const x = LEFT + slot * (i + 0.2)
    const top = atY(value)
    const middle = x + slot * 0.3
    return [
      `<rect x="${x.toFixed(1)}" y="${top.toFixed(1)}" width="${(slot * 0.6).toFixed(1)}" height="${(HEIGHT - BOTTOM - top).toFixed(1)}" fill="${COLOURS[i % COLOURS.length]}"/>`,
      label(middle, top - 5, shortNumber(value), 'middle'),
      label(middle, HEIGHT - BOTTOM + 16, name, 'middle'),
    ].join('')
  })
  return frame(options, [...yTicks.map((y) => gridLine(atY(y), shortNumber(y))), ...drawn])
}

function label(x: number, y: number, text: string, anchor: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escape(text)}</text>`
}

function gridLine(y: number, text: string): string {
  const at = y.toFixed(1)
  return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#8884"/>${label(LEFT - 8, y + 4, text, 'end')}`
}

function legend(names: readonly string[]): string {
  if (names.length < 2) return ''
  const widths = names.map((name) => 26 + name.length * 7)
  return names
    .map((name, i) => {
      const x = LEFT + 8 + widths.slice(0, i).reduce((sum, width) => sum + width, 0)
      const colour = COLOURS[i % COLOURS.length]
      return `<rect x="${x}" y="${TOP - 8}" width="10" height="10" fill="${colour}"/>${label(x + 14, TOP + 1, name, 'start')}`
    })
    .join('')
}

function frame(options: ChartOptions, inside: readonly string[]): string {
  const { title, xLabel, yLabel } = options
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}" font-size="12" fill="currentColor">`,
    `<text x="${LEFT}" y="16" font-size="14" font-weight="600">${escape(title)}</text>`,
    label(WIDTH - RIGHT, 16, yLabel, 'end'),
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, xLabel, 'middle'),
    ...inside,
    '</svg>',
  ].join('\n')
}
