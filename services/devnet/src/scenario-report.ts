//! A scenario as one HTML page: who fell when and why, the prices, insurance, ADL, and what was claimed.
import { escapeHtml, type Moment, type TimeSeries, timeChart } from './report-chart.ts'
import type { Actor } from './scenario-cast.ts'
import type { Claim } from './scenario-claims.ts'
import type { ScenarioPlan } from './scenario-plan.ts'
import type { Heard } from './scenario-play.ts'
import type { Liquidation, Outcome, ScenarioRecord } from './scenario-record.ts'

export type ScenarioResult = {
  plan: ScenarioPlan
  cast: readonly Actor[]
  /** Names of the house's own accounts, by id. */
  others: ReadonlyMap<number, string>
  record: ScenarioRecord
  heard: Heard
  claims: readonly Claim[]
  anchorMs: number
}

const stages = ['orders', 'book', 'backstop', 'insurance', 'ADL'] as const

const usdc = (quote: number, digits = 2) =>
  (quote / 1_000_000).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })

const table = (
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  left = 1,
): string => {
  const cell = (tag: string) => (text: string, i: number) =>
    `<${tag}${i < left ? ' class="l"' : ''}>${text}</${tag}>`
  return [
    '<div class="scroll"><table>',
    `<tr>${heads.map(cell('th')).join('')}</tr>`,
    ...rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`),
    '</table></div>',
  ].join('\n')
}

/** Texts of one scenario: names, dollars, times of the recording. */
const wordsOf = ({ plan, cast, others, anchorMs }: ScenarioResult) => {
  const names = new Map([
    ...others,
    ...cast.map(({ accountId, name }) => [accountId, name] as const),
  ])
  const startMs = Date.parse(plan.startAt)
  const recorded = (timeMs: number) => startMs + (timeMs - anchorMs) * plan.speed
  return {
    recorded,
    name: (id: number) => names.get(id) ?? `account ${id}`,
    time: (timeMs: number) =>
      new Date(recorded(timeMs)).toISOString().slice(5, 19).replace('T', ' '),
    price: (ticks: number) =>
      ((ticks * plan.market.tickE8) / 1e8).toLocaleString('en-US', { maximumFractionDigits: 6 }),
    lotE8: plan.market.lotE8,
    amount: (lots: number) =>
      ((lots * plan.market.lotE8) / 1e8).toLocaleString('en-US', { maximumFractionDigits: 6 }),
  }
}
type Words = ReturnType<typeof wordsOf>

const pricesChart = (result: ScenarioResult, words: Words): string => {
  const { plan, record, heard, anchorMs } = result
  const dollars = (ticks: number) => (ticks * plan.market.tickE8) / 1e8
  const points = record.prices.filter(({ timeMs }) => timeMs >= anchorMs)
  const line = (name: string, of: (p: (typeof points)[number]) => number): TimeSeries => ({
    name,
    points: points.map((point) => [words.recorded(point.timeMs), dollars(of(point))] as const),
    ...(name === 'index' ? { look: 'broad' } : {}),
  })
  const sources = [...heard].map(
    ([name, list]): TimeSeries => ({
      name,
      look: 'faint',
      points: list.map(([timeMs, price]) => [words.recorded(timeMs), price] as const),
    }),
  )
  const moments = record.liquidations
    .filter(({ why }) => why.stage > 0)
    .map(
      ({ why }): Moment => ({
        timeMs: words.recorded(why.timeMs),
        y: dollars(why.markTicks),
        label: `${words.name(why.accountId)}: ${stages[why.stage] ?? ''} at mark ${words.price(why.markTicks)}`,
      }),
    )
  return timeChart({
    title: `${plan.market.symbol}: index, mark, and what the sources said`,
    unit: 'dollars, UTC · dots: liquidations',
    series: [line('index', (p) => p.indexTicks), line('mark', (p) => p.markTicks), ...sources],
    moments,
    height: 400,
  })
}

const moneyCharts = ({ record, anchorMs }: ScenarioResult, words: Words): string => {
  const points = record.money.filter(({ timeMs }) => timeMs >= anchorMs)
  const line = (name: string, of: (p: (typeof points)[number]) => number): TimeSeries => ({
    name,
    points: points.map((p) => [words.recorded(p.timeMs), of(p) / 1_000_000] as const),
  })
  return [
    timeChart({
      title: 'Insurance tranche',
      unit: 'USDC',
      from: 0,
      height: 220,
      series: [line('tranche', (p) => p.insuranceQuote)],
    }),
    timeChart({
      title: 'Backstop',
      unit: 'USDC',
      from: 0,
      height: 220,
      series: [line('equity', (p) => p.backstopEquityQuote)],
    }),
  ].join('\n')
}

const outcomeText = (outcome: Exclude<Outcome, { kind: 'LiquidationFilled' }>, words: Words) =>
  outcome.kind === 'PositionTakenOver'
    ? `${words.amount(Math.abs(outcome.sizeLots))} taken over by the backstop at ${usdc(Math.abs(outcome.quote / outcome.sizeLots) * (1e8 / words.lotE8))}`
    : `${words.amount(outcome.closedLots)} closed at mark against ${outcome.participants} accounts`

const insuranceOf = ({ outcomes }: Liquidation): number =>
  outcomes.reduce(
    (sum, outcome) =>
      sum +
      (outcome.kind === 'LiquidationFilled' ? outcome.insuranceQuote : -outcome.insuranceQuote),
    0,
  )

/** Fills of one action are one line: how much, between which prices, with whom. */
const outcomesText = ({ outcomes }: Liquidation, words: Words): string => {
  const fills = outcomes.filter((outcome) => outcome.kind === 'LiquidationFilled')
  const others = outcomes.filter((outcome) => outcome.kind !== 'LiquidationFilled')
  const lines = others.map((outcome) => outcomeText(outcome, words))
  const [first, last] = [fills[0], fills.at(-1)]
  if (first !== undefined && last !== undefined) {
    const lots = fills.reduce((sum, { sizeLots }) => sum + sizeLots, 0)
    const makers = [...new Set(fills.map(({ makerAccountId }) => words.name(makerAccountId)))]
    const verb = first.side === 1 ? 'sold' : 'bought back'
    const prices =
      first.priceTicks === last.priceTicks
        ? words.price(first.priceTicks)
        : `${words.price(first.priceTicks)} … ${words.price(last.priceTicks)}`
    lines.unshift(`${verb} ${words.amount(lots)} at ${prices} to ${makers.join(', ')}`)
  }
  return lines.map(escapeHtml).join('<br>')
}

const liquidationTable = ({ record }: ScenarioResult, words: Words): string =>
  table(
    [
      'when',
      'who',
      'stage',
      'what',
      'mark',
      'index',
      'position',
      'equity',
      'maintenance',
      'insurance',
    ],
    record.liquidations
      .filter(({ why, outcomes }) => why.stage > 0 || outcomes.length > 0)
      .map((one) => {
        const { why } = one
        return [
          words.time(why.timeMs),
          escapeHtml(words.name(why.accountId)),
          stages[why.stage] ?? '',
          outcomesText(one, words),
          words.price(why.markTicks),
          words.price(why.indexTicks),
          words.amount(why.positionLots),
          usdc(why.equityQuote),
          usdc(why.maintenanceQuote),
          usdc(insuranceOf(one)),
        ]
      }),
    4,
  )

const adlTable = ({ record }: ScenarioResult, words: Words): string => {
  const rows = record.liquidations.flatMap(({ deleveraged }) =>
    deleveraged.map((one) => [
      words.time(one.timeMs),
      escapeHtml(words.name(one.accountId)),
      escapeHtml(words.name(one.victimAccountId)),
      String(one.rank),
      words.amount(one.sizeLots),
      words.price(one.markTicks),
      usdc(one.deficitQuote),
      usdc(one.realizedQuote),
      words.amount(one.positionLots),
    ]),
  )
  if (rows.length === 0) return '<p>Nobody was deleveraged.</p>'
  const heads = ['when', 'who', 'for', 'rank', 'closed', 'at mark', 'its share', 'realized', 'left']
  return table(heads, rows, 3)
}

const castTable = ({ cast, record, plan }: ScenarioResult, words: Words): string =>
  table(
    [
      'who',
      'in a word',
      'leverage',
      'equity before',
      'position',
      'equity after',
      'position',
      'fell at',
    ],
    cast.map(({ name, note, leverage, accountId, side }) => {
      const [before, after] = [record.before.get(accountId), record.after.get(accountId)]
      const fell = record.liquidations.find(
        ({ why }) => why.accountId === accountId && why.stage > 0,
      )
      return [
        escapeHtml(name),
        escapeHtml(note),
        `${leverage} × ${side}`,
        usdc(before?.equityQuote ?? 0),
        words.amount(before?.lots ?? 0),
        usdc(after?.equityQuote ?? 0),
        words.amount(after?.lots ?? 0),
        fell === undefined
          ? '–'
          : `${words.price(fell.why.markTicks)}, ${words.time(fell.why.timeMs)}`,
      ]
    }),
    2,
  ) +
  `\n<p class="small">Positions in ${escapeHtml(plan.market.symbol)} contracts; equity at mark, USDC.</p>`

const claimList = (claims: readonly Claim[]): string =>
  `<ul class="claims">${claims
    .map(
      ({ claim, ok, evidence }) =>
        `<li class="${ok ? 'ok' : 'bad'}"><b>${escapeHtml(claim)}</b><br>${escapeHtml(evidence)}</li>`,
    )
    .join('\n')}</ul>`

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 1180px; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem }
svg { width: 100%; height: auto; margin: .6rem 0 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: 13px; width: 100% }
th, td { text-align: right; padding: .3rem .4rem; vertical-align: top; font-variant-numeric: tabular-nums; white-space: nowrap }
th { font-weight: 600; border-bottom: 1px solid #8886 }
td { border-bottom: 1px solid #8883 }
.l { text-align: left }
.small { font-size: 13px; opacity: .75 }
.claims { list-style: none; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: .6rem }
.claims li { overflow-wrap: anywhere; padding: .6rem .8rem; border-left: 4px solid; background: #8881; border-radius: 0 6px 6px 0; font-size: 14px }
.claims .ok { border-color: #3a9d6b }
.claims .bad { border-color: #c0392b }
.claims .bad b::before { content: "✗ " } .claims .ok b::before { content: "✓ " }
.figures { display: flex; flex-wrap: wrap; gap: 1.6rem; margin: 1.2rem 0 }
.figures div { font-size: 13px; opacity: .85 } .figures b { display: block; font-size: 22px; opacity: 1 }
`

const figures = (result: ScenarioResult): string => {
  const { record, cast, plan } = result
  const actions = record.liquidations.filter(({ why }) => why.stage > 0)
  const fallen = new Set(actions.map(({ why }) => why.accountId))
  const paid = record.liquidations.reduce((sum, one) => sum + Math.max(0, -insuranceOf(one)), 0)
  const shared = record.liquidations
    .flatMap(({ deleveraged }) => deleveraged)
    .reduce((sum, { deficitQuote }) => sum + deficitQuote, 0)
  const start = record.money.find(({ timeMs }) => timeMs >= result.anchorMs)
  const startInsurance = start?.insuranceQuote ?? 0
  const entries: [string, string][] = [
    [`${fallen.size} of ${cast.length}`, 'accounts of the cast liquidated'],
    [String(actions.length), 'actions'],
    [
      `${usdc(startInsurance, 0)} → ${usdc(record.insuranceQuote, 0)}`,
      'insurance before, after (USDC)',
    ],
    [usdc(paid, 0), 'paid by insurance'],
    [usdc(shared, 0), 'deficit shared by ADL'],
    [`${plan.speed} ×`, 'speed of the replay'],
  ]
  return `<div class="figures">${entries.map(([value, name]) => `<div><b>${escapeHtml(value)}</b>${escapeHtml(name)}</div>`).join('')}</div>`
}

/** The page. */
export const scenarioPage = (result: ScenarioResult): string => {
  const { plan, claims } = result
  const words = wordsOf(result)
  const ok = claims.every((claim) => claim.ok)
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(plan.title)}</title>
<style>${style}</style>
<h1>${escapeHtml(plan.title)}</h1>
<p>${escapeHtml(plan.story)}</p>
<p>Played through the whole exchange: journal, PostgreSQL, chain, oracle. ${ok ? 'Every claim below holds.' : '<b>Not every claim below holds.</b>'}</p>
${figures(result)}
${claimList(claims)}
<h2>Prices</h2>
${pricesChart(result, words)}
<h2>The cast</h2>
${castTable(result, words)}
<h2>Liquidations</h2>
${liquidationTable(result, words)}
<p class="small">Times are the recording's (UTC). Stage book: sold within the limit that never goes beyond the bankruptcy price; backstop: taken over below two thirds of maintenance; insurance: the same, the tranche paying the deficit; ADL: closed at mark against the other side. Equity and maintenance as the record of the action has them.</p>
<h2>Who bears it</h2>
${moneyCharts(result, words)}
<h2>Auto-deleveraging</h2>
${adlTable(result, words)}
</html>
`
}
