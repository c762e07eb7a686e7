//! Decimal strings and times as people read them. Money is never turned into a float to be shown.

/** '1234567.5' -> '1,234,567.5' */
export const grouped = (text) => {
  if (text === null || text === undefined || text === '') return '–'
  const [whole = '', fraction] = String(text).split('.')
  const sign = whole.startsWith('-') ? '−' : ''
  const digits = whole.replace('-', '').replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return fraction === undefined ? sign + digits : `${sign}${digits}.${fraction}`
}

/** Exactly `places` decimals: cut off, zeros added. */
export const fixed = (text, places) => {
  if (text === null || text === undefined) return '–'
  const [whole = '0', fraction = ''] = String(text).split('.')
  return grouped(places === 0 ? whole : `${whole}.${fraction.slice(0, places).padEnd(places, '0')}`)
}

/** Decimals of a step such as '0.001'. */
export const placesOf = (step) => String(step).split('.')[1]?.length ?? 0

/** A rate such as '0.0000125' as percent, shifted by text so that no digit is lost. */
export const percent = (text) => {
  if (text === null || text === undefined) return '–'
  const negative = String(text).startsWith('-')
  const [whole = '0', fraction = ''] = String(text).replace('-', '').split('.')
  const digits = (whole + fraction.padEnd(2, '0')).replace(/^0+(?=\d)/, '')
  const places = Math.max(fraction.length, 2) - 2
  const padded = digits.padStart(places + 1, '0')
  const head = padded.slice(0, padded.length - places)
  const tail = places === 0 ? '' : padded.slice(-places)
  return `${negative ? '−' : ''}${head}.${tail.slice(0, 4).padEnd(4, '0')} %`
}

/** Large amounts short: 1.23 M. Only for volumes. */
export const short = (text) => {
  const value = Number(text)
  if (text === null || text === undefined || !Number.isFinite(value)) return '–'
  for (const [unit, size] of [
    ['B', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ])
    if (Math.abs(value) >= size) return `${(value / size).toFixed(2)} ${unit}`
  return value.toLocaleString('en-US', { maximumFractionDigits: 4 })
}

const two = (value) => String(value).padStart(2, '0')

export const clock = (ms) => {
  const at = new Date(ms)
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** '42 s', '3 min 05 s', '2 h 10 min' */
export const span = (ms) => {
  if (!Number.isFinite(ms)) return '–'
  const s = Math.max(0, Math.round(ms / 1000))
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`
}

/** Time left as a countdown: '41:07'. */
export const countdown = (ms) => {
  const s = Math.max(0, Math.ceil(ms / 1000))
  const minutes = Math.floor(s / 60)
  return minutes < 60
    ? `${minutes}:${two(s % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`
}

export const shortHash = (hash) => (hash ? `${hash.slice(0, 8)}…${hash.slice(-4)}` : '–')
