//! What a scenario must show, judged from its record. A claim that fails names what broke it.
import type { Actor } from './scenario-cast.ts'
import type { ScenarioPlan } from './scenario-plan.ts'
import type { Liquidation, ScenarioRecord } from './scenario-record.ts'

export type Claim = { claim: string; ok: boolean; evidence: string }

const claimOf = (claim: string, complaints: readonly string[], evidence: string): Claim => ({
  claim,
  ok: complaints.length === 0,
  evidence: complaints.length === 0 ? evidence : complaints.slice(0, 3).join('; '),
})

const PPM = 1_000_000

/** An action that took a position, not only orders. */
const actions = ({ liquidations }: ScenarioRecord): Liquidation[] =>
  liquidations.filter(({ why }) => why.stage > 0)

const explained = (record: ScenarioRecord): Claim => {
  const all = actions(record)
  const complaints = all.flatMap(({ why }) =>
    why.equityQuote < why.maintenanceQuote
      ? []
      : [
          `seq ${why.seq}: account ${why.accountId} had equity ${why.equityQuote} ≥ ${why.maintenanceQuote}`,
        ],
  )
  const bare = all.filter(({ outcomes }) => outcomes.length === 0)
  return claimOf(
    'Nobody is liquidated above maintenance margin, and each action has a record that says why',
    [...complaints, ...bare.map(({ why }) => `seq ${why.seq}: explained, but nothing done`)],
    `${all.length} actions, each with equity below maintenance in its record`,
  )
}

const fates = (record: ScenarioRecord, cast: readonly Actor[]): Claim => {
  const fallen = new Set(actions(record).map(({ why }) => why.accountId))
  const complaints = cast.flatMap(({ name, accountId, fate }) =>
    fate === 'either' || (fate === 'liquidated') === fallen.has(accountId)
      ? []
      : [`${name} was ${fallen.has(accountId) ? '' : 'not '}liquidated`],
  )
  const names = cast.filter(({ accountId }) => fallen.has(accountId)).map(({ name }) => name)
  const unhealthy = record.unhealthy.map((id) => `account ${id} is left below maintenance`)
  return claimOf(
    'Who had to be liquidated was, who had margin was not, nobody is left below maintenance',
    [...complaints, ...unhealthy],
    `liquidated: ${names.join(', ')}`,
  )
}

const bounded = (record: ScenarioRecord, { market }: ScenarioPlan): Claim => {
  const complaints = record.prices.flatMap(({ timeMs, indexTicks, markTicks }) => {
    const most = Math.floor((indexTicks * (PPM + market.markBandPpm)) / PPM)
    const least = Math.ceil((indexTicks * (PPM - market.markBandPpm)) / PPM)
    return markTicks >= least && markTicks <= most
      ? []
      : [`mark ${markTicks} at index ${indexTicks}, ${new Date(timeMs).toISOString()}`]
  })
  return claimOf(
    'The mark never leaves its band around the index',
    complaints,
    `${record.prices.length} marks within ${market.markBandPpm / 10_000} %`,
  )
}

const falsePrint = (record: ScenarioRecord, plan: ScenarioPlan, seen: number): Claim[] => {
  const { falsePrint: lie, market } = plan
  if (lie === undefined) return []
  const dollars = (ticks: number) => (ticks * market.tickE8) / 1e8
  const lowestIndex = dollars(Math.min(...record.prices.map(({ indexTicks }) => indexTicks)))
  const lowestMark = dollars(Math.min(...record.prices.map(({ markTicks }) => markTicks)))
  const complaints = [
    ...(seen < lie.below ? [] : [`the oracle never heard less than ${seen} of ${lie.series}`]),
    ...(lowestIndex >= lie.indexAbove ? [] : [`the index fell to ${lowestIndex}`]),
    ...(lowestMark >= lie.indexAbove * 0.99 ? [] : [`the mark fell to ${lowestMark}`]),
  ]
  return [
    claimOf(
      `The print of ${lie.series} moves nothing`,
      complaints,
      `the oracle heard ${seen} from it; lowest index ${lowestIndex}, lowest mark ${lowestMark}`,
    ),
  ]
}

const sums = (record: ScenarioRecord): Claim[] => {
  const rounds = record.liquidations.flatMap(({ deleveraged, outcomes }) =>
    outcomes.flatMap((round) => (round.kind === 'AdlRound' ? [{ round, deleveraged }] : [])),
  )
  const complaints = rounds.flatMap(({ round, deleveraged }) => {
    const lots = deleveraged.reduce((sum, { sizeLots }) => sum + Math.abs(sizeLots), 0)
    const shares = deleveraged.reduce((sum, { deficitQuote }) => sum + deficitQuote, 0)
    return lots === round.closedLots && shares === round.deficitQuote
      ? []
      : [
          `seq ${round.seq}: ${lots} lots and ${shares} of ${round.closedLots} and ${round.deficitQuote}`,
        ]
  })
  const covered = rounds.reduce((sum, { round }) => sum + round.deficitQuote, 0)
  const poor = record.money.filter(({ insuranceQuote }) => insuranceQuote < 0)
  return [
    claimOf(
      'The total is conserved to the unit',
      record.firstLeak === undefined ? [] : [record.firstLeak],
      `compared ${record.sumsCompared} times; ${record.depositsQuote / PPM} USDC deposited, all of it there`,
    ),
    claimOf(
      'Insurance is never below zero, and no debt is left',
      [
        ...(poor.length === 0 ? [] : ['the tranche was negative']),
        ...(record.badDebtQuote === 0 ? [] : [`${record.badDebtQuote} micro-USDC of bad debt`]),
      ],
      `${record.insuranceQuote / PPM} USDC in the tranche at the end`,
    ),
    claimOf(
      'Each round of auto-deleveraging adds up: lots closed, deficit shared',
      complaints,
      `${rounds.length} rounds, ${covered / PPM} USDC of deficit shared`,
    ),
  ]
}

/** @param seen the lowest price that the oracle heard of the false print's series; `equal`: what verification said */
export const judge = (
  plan: ScenarioPlan,
  cast: readonly Actor[],
  record: ScenarioRecord,
  seen: number,
  equal: Claim,
): Claim[] => [
  fates(record, cast),
  explained(record),
  bounded(record, plan),
  ...falsePrint(record, plan, seen),
  ...sums(record),
  equal,
]
