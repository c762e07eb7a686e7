import { describe, expect, test } from 'vitest'
import { checkInvariants } from './reference/invariants.ts'
import { asPlayed, Scenario, scenarioMarket } from './reference/scenario.ts'

// Dave is long 0.1 BTC from 60,000 with an equity of `equity` there: maintenance margin is 2.5 %, initial margin 5 %, the
// maker's fee 0.9 USDC. Bob is short 0.06 and Carol 0.04 of it; mark = index, since no market is tight on both sides.
const opening = (equity: number) => `
  deposit alice 10_000
  deposit bob   10_000
  deposit carol 10_000
  deposit dave  ${Number((equity + 0.9).toFixed(6))}
  risk armed
  risk armed m=1
  at 60_000/60_000
  place dave buy 0.1 @ 60_000 as d
  place bob sell 0.06 @ 60_000
  place carol sell 0.04 @ 60_000
`

const stories: Record<string, [equity: number, table: string]> = {
  'stage 0: below initial margin the orders that add risk go, then what could turn the position': [
    397.3,
    `
    place dave buy 0.01 @ 59_000 as more     => rests
    place dave sell 0.05 @ 62_000 as close   => rests
    place dave sell 0.04 @ 63_000 as older   => rests
    place dave sell 0.04 @ 63_000 as turn    => rests
    place dave sell 0.1 @ 61_000 reduce as r => rests
    // R = 5 % of 0.11 BTC + 0.045 % of (590 + 0.11 BTC) = 329.90235 at 59,400; E = 337.3.
    at 59_400                                => mark 59400
    // R = 329.349855, E = 327.3. Sells of 0.13 exceed 0.1: the furthest, and the later of two, goes.
    at 59_300                                => mark 59300, dave stage 0, more closes liquidation, turn closes liquidation
    at 59_300                                =>
  `,
  ],
  'stage 0 leaves orders that close exactly the position': [
    397.3,
    `
    place dave buy 0.01 @ 59_000 as more     => rests
    place dave sell 0.04 @ 62_000 as a       => rests
    place dave sell 0.06 @ 63_000 as b       => rests
    at 59_300                                => mark 59300, dave stage 0, more closes liquidation
  `,
  ],
  'stage 0 counts the levels that a scale has still to place': [
    397.3,
    `
    place dave sell 0.12 @ 62_000 scale=4x10 as s => rests
    at 59_300                                => mark 59300
    // E = 287.3, R = 297.1505. Only 0.03 of 0.12 rest, but all of it would turn the position.
    at 58_900                                => mark 58900, dave stage 0, s closes liquidation
  `,
  ],
  'stage 0 of a market where the account is flat: both sides, while there is margin missing': [
    397.3,
    `
    place dave buy 0.02 @ 59_000 m=1 as b    => rests
    place dave sell 0.02 @ 62_000 m=1 as s   => rests
    // R = 299.1685 there, where no order is, and 61.098 here; E = 327.3.
    at 59_300/60_000                         => mark 59300, dave stage 0, s closes liquidation, b closes liquidation
  `,
  ],
  'at exactly maintenance margin nothing happens, a tick below it does; it ends where health begins':
    [
      384,
      `
    place carol buy 0.1 @ 57_599.8 as c      => rests
    // E = MM = 144.
    at 57_600                                => mark 57600
    // E = 143.99, MM = 143.99975: limit 1.46 ticks below mark, up to a tick. Fee 1.5 % of each fill.
    place dave sell 0.1 @ 59_000 as o        => rests
    place bob buy 0.04 @ 57_599.8 stp-maker as b => rests
    cancel carol c                           => c closes user
    place carol buy 0.1 @ 57_599.8 as c      => rests
    at 57_599.9                              => mark 57599.9, dave stage 0, o closes liquidation, dave stage 1 0.1 @ 57599.8, liquidates b 0.04 @ 57599.8 insurance 34.55988
    has dave                                 => -3346.56788 USDC 0.06 BTC
    at 57_599.9                              =>
  `,
    ],
  'the limit is 1.5 × the missing margin from mark, no further': [
    384,
    `
    // E = 134, MM = 143.75: 146.25 below 57,500.
    place carol buy 0.1 @ 57_353.7 as c      => rests
    at 57_500                                => mark 57500
    place carol buy 0.1 @ 57_353.8 as e      => rests
    // β = 5,750 − 134 = 5,616, fill 5,735.38: 119.38 over, the fee is 1.5 %.
    at 57_500                                => dave stage 1 0.1 @ 57353.8, liquidates e 0.1 @ 57353.8 insurance 86.0307
    has dave                                 => 33.3493 USDC
  `,
  ],
  'a short buys back': [
    384,
    `
    deposit shorty 320
    place alice buy 0.1 @ 60_000 as a        => rests
    place shorty sell 0.1 @ 60_000           => fill a 0.1 @ 60000
    // E = 317.3 − 170 = 147.3, MM = 154.25 at 61,700: up to 104.25 above mark.
    place bob sell 0.1 @ 61_804.3 as far     => rests
    at 61_700                                => mark 61700
    place bob sell 0.1 @ 61_804.2 as near    => rests
    at 61_700                                => shorty stage 1 0.1 @ 61804.2, liquidates near 0.1 @ 61804.2 insurance 92.7063
    has shorty                               => 44.1737 USDC
  `,
  ],
  'a large position goes by a fifth, then whole for 30 s': [
    384,
    `
    risk armed partial=1_000
    place carol buy 0.1 @ 57_400 as c        => rests
    at 57_500                                => mark 57500, dave stage 1 0.02 @ 57353.8, liquidates c 0.02 @ 57400 insurance 17.22
    // E = 114.78, MM = 115: whole, but only 4.125 from mark.
    at 57_500                                =>
    cancel carol c                           => c closes user
    place carol buy 0.01 @ 57_479.4 as e     => rests
    place carol buy 0.1 @ 57_480 as f        => rests
    wait 28s
    // Exactly 30 s after: a fifth again (0.016). E = 110.78, MM = 114.9: 77.25 from mark.
    at 57_450                                => mark 57450, dave stage 1 0.016 @ 57372.8, liquidates f 0.016 @ 57480 insurance 13.7952
  `,
  ],
  'what is worth exactly the bound is not large': [
    384,
    `
    risk armed partial=5_750
    place carol buy 0.01 @ 57_400 as c       => rests
    at 57_500                                => mark 57500, dave stage 1 0.1 @ 57353.8, liquidates c 0.01 @ 57400 insurance 8.61
  `,
  ],
  'what is worth a unit more is': [
    384,
    `
    risk armed partial=5_749.999999
    place carol buy 0.01 @ 57_400 as c       => rests
    at 57_500                                => mark 57500, dave stage 1 0.02 @ 57353.8, liquidates c 0.01 @ 57400 insurance 8.61
  `,
  ],
  'within 30 s the rest goes whole': [
    384,
    `
    risk armed partial=1_000
    place carol buy 0.02 @ 57_400 as c       => rests
    at 57_500                                => mark 57500, dave stage 1 0.02 @ 57353.8, liquidates c 0.02 @ 57400 insurance 17.22
    place carol buy 0.1 @ 57_496 as e        => rests
    at 57_500                                => dave stage 1 0.08 @ 57495.9, liquidates e 0.08 @ 57496 insurance 68.9952
    has dave                                 => 45.4648 USDC
  `,
  ],
  'makers are held to the rules of matching': [
    384,
    `
    risk armed penalty=0.03
    risk m=1
    deposit dave/1 10_000
    deposit poor 200
    place alice sell 0.03 @ 60_000 m=1 as x  => rests
    place poor buy 0.03 @ 60_000 m=1         => fill x 0.03 @ 60000
    place dave/1 buy 0.01 @ 57_500 as own    => rests
    place bob buy 0.2 @ 57_490 reduce as r   => rests
    place bob buy 0.1 @ 57_480 reduce as s   => rests
    place poor buy 0.01 @ 57_470 as p        => rests
    place carol buy 0.1 @ 57_450 as last     => rests
    // Own orders go, Bob is trimmed to his short, Poor (E = 109.19, IM = 114.25) cannot pay. The fee takes all above β:
    // 3,449.4 − (3,450 − 0.6 · 134) = 79.8, then 2,298 − (2,300 − 53.6) = 51.6.
    at 57_500/57_000                         => mark 57500, mark 57000, own closes selfTrade, dave stage 1 0.1 @ 57353.8, liquidates r 0.06 @ 57490 insurance 79.8, r closes reduceOnly, s closes reduceOnly, p closes notSettleable, liquidates last 0.04 @ 57450 insurance 51.6
    has dave                                 => 0 USDC
  `,
  ],
  'at two thirds of maintenance margin the book, below it the backstop': [
    336,
    `
    deposit safety 10_000
    mode safety 0
    backstop safety
    // E = 96 = 2/3 of 144.
    at 57_600                                => mark 57600
    // 1.5 % off mark leaves more than the bankruptcy price: 5,759.99 − 86.39985.
    at 57_599.9                              => mark 57599.9, dave stage 2 0.1, taken over 0.1 for 5673.59015 insurance 0
    has dave                                 => 9.59015 USDC
    has safety                               => 4326.40985 USDC 0.1 BTC
    at 55_000                                => mark 55000
  `,
  ],
  'the backstop pays the bankruptcy price when that is nearer than 1.5 %': [
    336,
    `
    deposit safety 10_000
    mode safety 0
    backstop safety
    // E = 6 at 56,700.
    at 56_700                                => mark 56700, dave stage 2 0.1, taken over 0.1 for 5664 insurance 0
    has dave                                 => 0 USDC
  `,
  ],
  'the backstop takes over only what its own margin covers, to the unit': [
    336,
    `
    deposit safety 201.599649
    mode safety 0
    backstop safety
    // It would have 201.599649 + 86.39985 of the 287.9995 it needs.
    at 57_599.9                              => mark 57599.9
    deposit safety 0.000001
    at 57_599.9                              => dave stage 2 0.1, taken over 0.1 for 5673.59015 insurance 0
  `,
  ],
  'insurance pays what is missing, or nothing at all': [
    336,
    `
    deposit safety 10_000
    mode safety 0
    backstop safety
    fund alice 4                             => tranche 4
    // E = −4 at 56,600.
    at 56_600                                => mark 56600, dave stage 3 0.1, taken over 0.1 for 5660 insurance 4
    has dave                                 => 0 USDC
    has safety                               => 4340 USDC 0.1 BTC
  `,
  ],
  'a tranche a unit short leaves it to the winners, and pays first': [
    336,
    `
    deposit safety 10_000
    mode safety 0
    backstop safety
    fund alice 3.999999                      => tranche 3.999999
    // Weights: Bob 204 × 0.332 (leverage), Carol 136 × 0.223; both are capped by what they hold. Carol's remainder is larger? No: 0.6 : 0.4.
    at 56_600                                => mark 56600, dave stage 4 0.1, adl 1 bob -0.06 share 0.000001, adl 2 carol -0.04 share 0, round 0.1 deficit 0.000001 insurance 3.999999
    has dave                                 => 0 USDC
    has bob                                  => 10202.379999 USDC
    has carol                                => 10134.92 USDC
  `,
  ],
  'winners bear the deficit by the lots they close': [
    336,
    `
    at 56_600                                => mark 56600, dave stage 4 0.1, adl 1 bob -0.06 share 2.4, adl 2 carol -0.04 share 1.6, round 0.1 deficit 4 insurance 0
    has dave                                 => 0 USDC
    has bob                                  => 10199.98 USDC
    has carol                                => 10133.32 USDC
  `,
  ],
  'nobody is deleveraged while the account has equity': [
    336,
    `
    // E = 0 at 56,640: it waits for the book, at mark and no worse.
    at 56_640                                => mark 56640
    place alice buy 0.1 @ 56_639.9 as a      => rests
    at 56_640                                =>
    place alice buy 0.1 @ 56_640 as b        => rests
    at 56_640                                => dave stage 1 0.1 @ 56640, liquidates b 0.1 @ 56640 insurance 0
    has dave                                 => 0 USDC
  `,
  ],
  'a bankrupt account sells on the book only if insurance can pay what is missing there': [
    336,
    `
    place alice buy 0.05 @ 56_639.9 as a     => rests
    place alice buy 0.05 @ 56_640 as b       => rests
    // E = −4: half of it needs 2 more than mark: 56,640. The other half would cost insurance 0.005.
    at 56_600                                => mark 56600, dave stage 1 0.1 @ 56600, liquidates b 0.05 @ 56640 insurance 0
    fund bob 0.005                           => tranche 0.005
    at 56_600                                => dave stage 1 0.05 @ 56600, liquidates a 0.05 @ 56639.9 insurance -0.005
    has dave                                 => 0 USDC
  `,
  ],
  'a partial liquidation is forgotten with its position': [
    384,
    `
    risk armed partial=1_000
    place carol buy 0.02 @ 57_400 as c       => rests
    at 57_500                                => mark 57500, dave stage 1 0.02 @ 57353.8, liquidates c 0.02 @ 57400 insurance 17.22
    deposit dave 200
    place alice buy 0.08 @ 57_500 as a       => rests
    place dave sell 0.08 @ 57_500            => fill a 0.08 @ 57500
    place dave buy 0.1 @ 57_500 as again     => rests
    place alice sell 0.1 @ 57_500            => fill again 0.1 @ 57500
    place bob buy 0.1 @ 55_380 as b          => rests
    // E = 314.78 − 2.07 − 0.8625 − 190 = 121.8475 of 139: a fifth again, 257.2875 from mark.
    at 55_600                                => mark 55600, dave stage 1 0.02 @ 55342.8, liquidates b 0.02 @ 55380 insurance 16.614
  `,
  ],
  'of two accounts that are equally badly off the lower id is first': [
    384,
    `
    deposit erin 384.9
    place erin buy 0.1 @ 60_000 as e         => rests
    place alice sell 0.1 @ 60_000            => fill e 0.1 @ 60000
    place carol buy 0.05 @ 57_400 as c       => rests
    at 57_500                                => mark 57500, dave stage 1 0.1 @ 57353.8, liquidates c 0.05 @ 57400 insurance 43.05
  `,
  ],
  'of two markets with the same maintenance margin the lower is first, and one is enough': [
    10_000,
    `
    deposit fred 385.35
    place fred buy 0.05 @ 60_000 m=1 as x    => rests
    place alice sell 0.05 @ 60_000 m=1       => fill x 0.05 @ 60000
    place fred buy 0.05 @ 60_000 as y        => rests
    place alice sell 0.05 @ 60_000           => fill y 0.05 @ 60000
    place carol buy 0.05 @ 57_400 m=1 as one => rests
    place carol buy 0.05 @ 57_400 as zero    => rests
    at 57_500/57_500                         => mark 57500, mark 57500, fred stage 1 0.05 @ 57360.5, liquidates zero 0.05 @ 57400 insurance 43.05
  `,
  ],
  'an account that the one before it has made healthy is left alone': [
    384,
    `
    deposit bea 310
    place bea sell 0.05 @ 60_000 as b        => rests
    place alice buy 0.05 @ 60_000            => fill b 0.05 @ 60000
    place bea buy 0.05 @ 60_000 m=1 as bb    => rests
    place alice sell 0.05 @ 60_000 m=1       => fill bb 0.05 @ 60000
    place bea buy 0.05 @ 57_400 reduce as r  => rests
    at 60_000/57_050                         => mark 57050
    place alice buy 0.05 @ 54_197.5 m=1 as q => rests
    place bea sell 0.01 @ 59_000 m=1 reduce as keep => rests
    // E = 139 of 139.4975, better than Dave's 134 of 143.75. His sale gives her 5 and takes half of what she must have.
    at 57_500/54_098                         => mark 57500, mark 54098, dave stage 1 0.1 @ 57353.8, liquidates r 0.05 @ 57400 insurance 43.05
    cancel bea keep                          => keep closes user
    has bea                                  => -2561.3305 USDC 0.05 BTC
  `,
  ],
  'and without that it has its turn': [
    384,
    `
    deposit bea 310
    place bea sell 0.05 @ 60_000 as b        => rests
    place alice buy 0.05 @ 60_000            => fill b 0.05 @ 60000
    place bea buy 0.05 @ 60_000 m=1 as bb    => rests
    place alice sell 0.05 @ 60_000 m=1       => fill bb 0.05 @ 60000
    place carol buy 0.05 @ 57_400 as r       => rests
    at 60_000/57_050                         => mark 57050
    place alice buy 0.05 @ 54_197.5 m=1 as q => rests
    at 57_500/54_098                         => mark 57500, mark 54098, dave stage 1 0.1 @ 57353.8, liquidates r 0.05 @ 57400 insurance 43.05, bea stage 1 0.05 @ 54090.8, liquidates q 0.05 @ 54197.5 insurance 40.648125
  `,
  ],
  'not on a stale index, not while halted, not before it is armed': [
    336,
    `
    state 4
    at 57_000                                => mark 57000
    state 3
    at 57_000                                =>
    state 2
    risk
    at 57_000                                =>
    risk armed
    place alice buy 0.1 @ 57_000 as a        => reject CLOSE_ONLY
    state 0
    place alice buy 0.1 @ 57_000 as a        => rests
    wait 6s
    tick                                     =>
    at 57_000                                => dave stage 1 0.1 @ 56640, liquidates a 0.1 @ 57000 insurance 36
  `,
  ],
}

const marks: Record<string, [equity: number, table: string]> = {
  'on an index of exactly five seconds': [
    384,
    `
    at 57_500                                => mark 57500
    place alice buy 0.1 @ 57_500 as a        => rests
    wait 5s
    tick                                     => dave stage 1 0.1 @ 57353.8, liquidates a 0.1 @ 57500 insurance 86.25
  `,
  ],
  // A fill at 60,000 leaves E = 153.91 at 57,700, MM = 144.25 + 15 with the other market's 0.01.
  'while its holder’s oldest mark is no older than L': [
    384,
    `
    place dave buy 0.01 @ 60_000 m=1 as d    => rests
    place carol sell 0.01 @ 60_000 m=1       => fill d 0.01 @ 60000
    place alice buy 0.01 @ 57_700 as a       => rests
    wait 599s
    at 57_700                                => mark 57700, dave stage 1 0.1 @ 57627.5, liquidates a 0.01 @ 57700 insurance 8.655
    place alice buy 0.1 @ 57_700 as b        => rests
    // E = 136.255 of 144.6, but the other market's mark is 601 s old.
    at 57_600                                => mark 57600
  `,
  ],
}

const states: Record<string, [equity: number, table: string]> = {
  'who may be a backstop, and stays one': [
    336,
    `
    backstop mallory                         => reject UNKNOWN_ACCOUNT
    backstop alice m=9                       => reject UNKNOWN_MARKET
    backstop alice                           => reject INVALID_PARAMETER
    mode alice 1
    backstop alice                           => reject INVALID_PARAMETER
    mode alice 0
    place alice buy 0.01 @ 59_000 as a       => rests
    backstop alice                           => reject INVALID_PARAMETER
    cancel alice a                           => a closes user
    backstop alice
    mode alice cross                         => reject ISOLATED_MARKET
    mode alice 0                             => reject ISOLATED_MARKET
    place alice buy 0.01 @ 59_000 as b       => rests
    backstop none
    mode alice cross
  `,
  ],
  'a backstop is neither liquidated nor deleveraged': [
    336,
    `
    deposit safety 10_000
    mode safety 0
    backstop safety
    at 57_599.9                              => mark 57599.9, dave stage 2 0.1, taken over 0.1 for 5673.59015 insurance 0
    withdraw safety 9_000                    => accepted
    place safety sell 0.05 @ 60_000 as s     => rests
    // Far below its margin, and still there.
    at 45_000                                => mark 45000
    cancel safety s                          => s closes user
    deposit shorty 320
    at 60_000                                => mark 60000
    place alice buy 0.1 @ 60_000 as a        => rests
    place shorty sell 0.1 @ 60_000           => fill a 0.1 @ 60000
    // Shorty owes 32.7. Alice alone closes, though the backstop is long too.
    at 63_500                                => mark 63500, shorty stage 4 0.1, adl 1 alice 0.1 share 32.7, round 0.1 deficit 32.7 insurance 0
  `,
  ],
  'who is a backstop no longer is a trader like others': [
    336,
    `
    deposit safety 10_000
    mode safety 0
    backstop safety
    at 57_599.9                              => mark 57599.9, dave stage 2 0.1, taken over 0.1 for 5673.59015 insurance 0
    withdraw safety 9_000                    => accepted
    at 60_000                                => mark 60000
    deposit shorty 320
    place alice buy 0.1 @ 60_000 as a        => rests
    place shorty sell 0.1 @ 60_000           => fill a 0.1 @ 60000
    backstop none
    // Weights: 676.40985 at leverage 3.787, Alice's 350 at 0.613: 92.27 and 7.73 lots of 100, the larger remainder up.
    at 63_500                                => mark 63500, shorty stage 4 0.1, adl 1 safety 0.092 share 30.084, adl 2 alice 0.008 share 2.616, round 0.1 deficit 32.7 insurance 0
  `,
  ],
  'paying into a tranche': [
    336,
    `
    fund mallory 5                           => reject UNKNOWN_ACCOUNT
    fund alice 5 m=9                         => reject UNKNOWN_MARKET
    fund alice 0                             => reject INVALID_PARAMETER
    fund alice 10_000.000001                 => reject INSUFFICIENT_BALANCE
    fund alice 100 lane=4:7                  => tranche 100
    fund alice 100 lane=4:7                  => reject NONCE_USED
    fund alice 50 m=1                        => tranche 50
    fund bob 0.5                             => tranche 100.5
    has alice                                => 9850 USDC
  `,
  ],
  'what a delisting needs': [
    336,
    `
    settle m=9                               => reject UNKNOWN_MARKET
    settle                                   => reject INVALID_PARAMETER
    state 1
    settle                                   => reject INVALID_PARAMETER
    state 5                                  => reject INVALID_PARAMETER
    reopen m=9                               => reject UNKNOWN_MARKET
    reopen                                   => reject INVALID_PARAMETER
    state 2
    settle                                   => state 5, settles @ 60000
    state 0                                  => reject INVALID_PARAMETER
    settle                                   => reject INVALID_PARAMETER
    reopen                                   => reject INVALID_PARAMETER
    place alice buy 0.1 @ 60_000             => reject MARKET_HALTED
  `,
  ],
  'a delisting: orders go, positions end at the mean mark near the mark, the tranche pays what a loser cannot':
    [
      336,
      `
    fund alice 50                            => tranche 50
    place carol buy 0.1 @ 40_000 as c        => rests
    place bob sell 0.1 @ 61_000 as b         => rests
    state 4
    // The mean of the marks 60,000 and 52,000 is beyond 3 % of the mark; no liquidation while halted.
    at 52_000                                => mark 52000
    settle                                   => state 5, settles @ 53560, b closes marketClosed, c closes marketClosed
    at 70_000                                => bob settles -0.06 for -3213.6, carol settles -0.04 for -2142.4, dave settles 0.1 for 5356, dave owes 258 insurance 50
    has bob                                  => 10384.78 USDC
    has dave                                 => 0 USDC
    at 70_000                                =>
    withdraw carol 10_256.52                 => accepted
    // Accounts hold 258 more than came in: who comes last gets what is left, to the unit (risk.md 1.9, step 5).
    withdraw bob 10_384.78                   => accepted
    has alice                                => 9950 USDC
    withdraw alice 9_695.600001              => reject INSUFFICIENT_BALANCE
    withdraw alice 9_695.6                   => accepted
  `,
    ],
  'a loser with another position owes its part of the deficit there': [
    336,
    `
    risk m=1
    deposit dave 62
    place dave buy 0.02 @ 60_000 m=1 as d    => rests
    place alice sell 0.02 @ 60_000 m=1       => fill d 0.02 @ 60000
    state 4
    at 52_000/60_000                         => mark 52000
    settle                                   => state 5, settles @ 53560
    risk armed m=1
    // E = 398 − 0.18 − 644 = −246.18, of which 30 / 163.9 by maintenance margin.
    at 0/60_000                              => dave stage 4 0.02, adl 1 alice -0.02 share 45.060403, round 0.02 deficit 45.060403 insurance 0, bob settles -0.06 for -3213.6, carol settles -0.04 for -2142.4, dave settles 0.1 for 5356, dave owes 201.119597 insurance 0
    has dave                                 => 0 USDC
  `,
  ],
}

describe('liquidation', () => {
  test.each(Object.entries({ ...stories, ...marks, ...states }))('%s', (_, [equity, table]) => {
    const scenario = new Scenario({}, [
      scenarioMarket,
      { ...scenarioMarket, market: 1, symbol: 'ETH-PERP' },
    ])
    scenario.play(opening(equity))
    expect(scenario.play(table)).toEqual(asPlayed(table))
    checkInvariants(scenario.engine)
  })
})

// Three markets at 60,000: Fred is long in each, worth the same there. At 57,500 E is 450 less 2,500 a coin and the fees.
test.each([
  ['the lowest that can, of equal ones', [0.06, 0.06, 0.06], [0, 1, 2], 0],
  ['the next, where the first finds nobody', [0.06, 0.06, 0.06], [1, 2], 1],
  ['the last, where the others find nobody', [0.06, 0.06, 0.06], [2], 2],
  ['the largest first', [0.05, 0.06, 0.07], [0, 1, 2], 2],
  ['then the second', [0.05, 0.06, 0.07], [0, 1], 1],
  ['then the smallest', [0.05, 0.06, 0.07], [0], 0],
  ['equal ones after a larger one', [0.05, 0.08, 0.05], [0, 2], 0],
  ['the later of equal ones after a larger one', [0.05, 0.08, 0.05], [2], 2],
])('of several markets: %s', (_, sizes, bids, first) => {
  const markets = sizes.map((__, market) => ({ ...scenarioMarket, market, symbol: `M${market}` }))
  const scenario = new Scenario({}, markets)
  const at = (price: string) => scenario.run(`at ${sizes.map(() => price).join('/')}`)
  scenario.play(`
    deposit alice 100_000
    deposit fred 600
  `)
  for (const { market } of markets) scenario.run(`risk armed m=${market}`)
  at('60_000')
  for (const [market, size] of sizes.entries()) {
    scenario.run(`place alice sell ${size} @ 60_000 m=${market}`)
    scenario.run(`place fred buy ${size} @ 60_000 m=${market}`)
  }
  for (const market of bids)
    scenario.run(`place alice buy 0.01 @ 58_000 m=${market} as bid${market}`)
  expect(at('58_000')).toContain(`liquidates bid${first}`)
  checkInvariants(scenario.engine)
})

test('the queue of ADL is the order in which winners are taken', () => {
  const scenario = new Scenario()
  scenario.play(opening(336).replace('risk armed m=1', '').replace('60_000/60_000', '60_000'))
  const queue = (side: 0 | 1) => scenario.engine.adlQueue(0, side).map(({ accountId }) => accountId)
  expect(scenario.run('at 56_640')).toBe('mark 56640')
  const [bob, carol] = [2, 3]
  expect(queue(1)).toEqual([bob, carol])
  expect(scenario.run('at 56_600')).toContain('adl 1 bob -0.06 share 2.4, adl 2 carol -0.04')
  expect(queue(1)).toEqual([])
})

test('a market comes back in steps, and liquidation last', () => {
  const scenario = new Scenario()
  scenario.play(opening(384).replace('risk armed m=1', '').replace('60_000/60_000', '60_000'))
  scenario.run('risk armed stages=60:120:300')
  scenario.run('place carol buy 0.1 @ 56_900 as c')
  scenario.run('state 4')
  expect(scenario.run('reopen')).toBe('state 3')
  expect(scenario.engine.market(0)?.state).toBe(3)
  const said = new Map<number, string>()
  for (let second = 1; second <= 301; second++) {
    // The index is silent for ten seconds of the post-only stage: five of its ticks are not good ones.
    if (second > 70 && second <= 80) scenario.timeMs += 1_000
    const outcome = scenario.run(second > 70 && second <= 80 ? 'tick' : 'at 57_300')
    if (outcome !== '') said.set(second, outcome)
  }
  expect([...said]).toEqual([
    [1, 'mark 57300'],
    [60, 'state 1'],
    [180, 'state 0'],
    [300, 'dave stage 1 0.1 @ 56861.3, liquidates c 0.1 @ 56900 insurance 74'],
  ])
  checkInvariants(scenario.engine)
})

test('post-only lasts until sixty ticks were good; a stage of 0 s is skipped; a new state ends it', () => {
  const scenario = new Scenario()
  scenario.play(opening(384).replace('risk armed m=1', '').replace('60_000/60_000', '60_000'))
  scenario.run('risk stages=0:1:0')
  scenario.run('state 4')
  expect(scenario.run('reopen')).toBe('state 1')
  for (let tick = 1; tick < 60; tick++) expect(scenario.run('at 60_000')).toBe('')
  expect(scenario.run('at 60_000')).toBe('state 0')
  scenario.run('risk stages=1:0:0')
  scenario.run('state 4')
  expect(scenario.run('reopen')).toBe('state 3')
  expect(scenario.run('at 60_000')).toBe('state 0')
  scenario.run('risk stages=0:0:0')
  scenario.run('state 4')
  expect(scenario.run('reopen')).toBe('state 0')
  scenario.run('risk stages=1:1:0')
  scenario.run('state 4')
  expect(scenario.run('reopen')).toBe('state 3')
  scenario.run('state 2')
  expect(scenario.run('at 60_000')).toBe('')
  expect(scenario.engine.market(0)?.state).toBe(2)
})

test('a market with a fixed index is reopened and settled at it', () => {
  const scenario = new Scenario({}, [{ ...scenarioMarket, fixedIndexTicks: 600_000 }])
  scenario.run('risk stages=0:1:0')
  scenario.run('state 4')
  expect(scenario.run('reopen')).toBe('state 1')
  for (let tick = 1; tick < 60; tick++) {
    scenario.timeMs += 1_000
    expect(scenario.run('tick')).toBe('')
  }
  expect(scenario.run('tick')).toBe('state 0')
  scenario.run('state 2')
  expect(scenario.run('settle')).toBe('state 5, settles @ 60000')
})

test('a delisting closes 256 positions a tick, money and dust exact all the way', () => {
  const scenario = new Scenario({ accounts: 400 }, [scenarioMarket])
  scenario.play('at 60_000')
  for (let pair = 0; pair < 150; pair++) {
    scenario.run(`deposit long${pair} 1_000`)
    scenario.run(`deposit short${pair} 1_000`)
    scenario.run(`place long${pair} buy 0.001 @ 60_000 lane=0`)
    scenario.run(`place short${pair} sell 0.001 @ 60_000 lane=0`)
  }
  // Over an hour's end, so that funding is due and leaves dust.
  scenario.run('deposit deep 100_000')
  expect(scenario.run('place deep buy 1 @ 60_600 lane=0 as deep')).toBe('rests')
  for (let second = 0; second < 3_700; second++) scenario.run('at 60_000')
  scenario.run('state 2')
  expect(scenario.run('settle')).toMatch(/^state 5, settles @ [\d.]+, deep closes marketClosed$/)
  const pool = scenario.engine.totals().fundingPoolsQuote
  const counts = [256, 44, 0].map((expected) => {
    const outcome = scenario.run('tick')
    checkInvariants(scenario.engine)
    expect(outcome.split(' settles ').length - 1).toBe(expected)
    return outcome
  })
  expect(pool).toBe(0)
  expect(counts[1]).toMatch(/dust [\d.]+$/)
  const { fundingPoolsQuote, insuranceQuote, unsettledQuote } = scenario.engine.totals()
  expect(fundingPoolsQuote).toBe(0)
  expect(unsettledQuote).toBe(0)
  expect(insuranceQuote).toBeGreaterThan(0)
  expect(insuranceQuote).toBeLessThan(300)
})

test('a market whose positions are worth 2^52 or more cannot be settled', () => {
  const market = { ...scenarioMarket, maxOrderLots: 1e9, maxPositionLots: 1e9 }
  const scenario = new Scenario({}, [market])
  scenario.play('at 60_000')
  for (let pair = 0; pair < 3; pair++)
    scenario.play(`
      deposit long${pair} 200_000_000
      deposit short${pair} 200_000_000
      place long${pair} buy 35_000 @ 60_000
      place short${pair} sell 35_000 @ 60_000
    `)
  expect(scenario.engine.market(0)?.openInterestLots).toBe(105_000_000)
  scenario.run('state 2')
  expect(scenario.run('settle')).toBe('reject MAX_NOTIONAL')
})

test('what winners and insurance cannot bear waits, and leaves no trace', () => {
  const scenario = new Scenario({}, [
    scenarioMarket,
    { ...scenarioMarket, market: 1, symbol: 'ETH-PERP' },
  ])
  scenario.play(`
    deposit alice 10_000
    deposit dave 336.9
    deposit s1 400
    deposit s2 400
    risk armed
    at 60_000/60_000
    place dave buy 0.1 @ 60_000
    place s1 sell 0.05 @ 60_000
    place s2 sell 0.05 @ 60_000
    place s1 buy 0.06 @ 60_000 m=1
    place alice sell 0.06 @ 60_000 m=1
    fund alice 1.5
  `)
  // Dave's deficit is 14, the tranche pays 1.5: 12.5 over 100 lots. S2 closes its 50. S1 has lost its profit elsewhere and has
  // 2 left: 16 lots. Shares 12.5 · 66 %, insurance 1.5 · 66 %.
  expect(scenario.run('at 56_500/50_481.5')).toBe(
    'mark 56500, mark 50481.5, dave stage 4 0.1, adl 1 s2 -0.05 share 6.25, adl 2 s1 -0.016 share 2, round 0.066 deficit 8.25 insurance 0.99',
  )
  checkInvariants(scenario.engine)
  // Nobody is left who has anything: another tick does nothing.
  const holdings = () => [1, 2, 3, 4].map((id) => scenario.engine.account(id))
  const before = holdings()
  expect(scenario.send({ kind: 'Tick' })).toEqual([])
  expect(holdings()).toEqual(before)
})

/** `longs` and `shorts` traders with `lots` of 0.001 BTC each at 60,000; the longs' equity at 60,000 is 5 % and a bit more. */
function crowd(longs: number, shorts: number, lots: number): Scenario {
  const scenario = new Scenario({ accounts: 256 })
  scenario.play('risk armed')
  scenario.play('at 60_000')
  for (let i = 0; i < shorts; i++) scenario.run(`deposit short${i} 100_000`)
  for (let i = 0; i < longs; i++) {
    // 7 is coprime to the counts used: a shuffle of the equities over the account numbers.
    scenario.run(`deposit long${i} ${4 * lots + ((7 * i) % longs) / 100}`)
    scenario.run(`place long${i} buy ${lots / 1_000} @ 60_000 lane=0`)
  }
  for (let i = 0; i < shorts; i++)
    scenario.run(`place short${i} sell ${(lots * longs) / shorts / 1_000} @ 60_000 lane=0`)
  return scenario
}

const kinds = (scenario: Scenario, kind: string) =>
  scenario.send({ kind: 'Tick' }).filter((event) => event.kind === kind)

test('the worst off come first, 32 a tick', () => {
  const scenario = crowd(40, 2, 10)
  scenario.timeMs += 1_000
  for (const publisher of [0, 1]) scenario.run(`index 55_000 ${publisher}`)
  const first = kinds(scenario, 'AdlRound').map((event) =>
    'accountId' in event ? event.accountId : 0,
  )
  expect(first.length).toBe(32)
  // Account 3 + i has the equity of place 7·i mod 40.
  const byEquity = Array.from({ length: 40 }, (_, i) => i).toSorted(
    (a, b) => ((7 * a) % 40) - ((7 * b) % 40),
  )
  expect(first).toEqual(byEquity.slice(0, 32).map((i) => 3 + i))
  expect(kinds(scenario, 'AdlRound').length).toBe(8)
  expect(kinds(scenario, 'AdlRound').length).toBe(0)
  checkInvariants(scenario.engine)
})

test('a tick moves 500 positions at most', () => {
  const scenario = crowd(17, 34, 34)
  scenario.timeMs += 1_000
  for (const publisher of [0, 1]) scenario.run(`index 55_000 ${publisher}`)
  const events = scenario.send({ kind: 'Tick' })
  const rounds = events.filter((event) => event.kind === 'AdlRound')
  expect(events.filter((event) => event.kind === 'AdlExecuted').length).toBe(500)
  expect(rounds.map((round) => round.participants)).toEqual([...Array(14).fill(34), 24])
  checkInvariants(scenario.engine)
})

test('a maker is paid no rebate by an account that pays no fee', () => {
  const scenario = new Scenario({}, [{ ...scenarioMarket, makerFee: -10 }])
  scenario.play(opening(384).replace('risk armed m=1', '').replace('60_000/60_000', '60_000'))
  scenario.run('place carol buy 0.1 @ 57_400 as c')
  const fees = scenario.engine.totals().feesQuote
  expect(scenario.run('at 57_500')).toMatch(/liquidates c/)
  expect(scenario.engine.totals().feesQuote).toBe(fees)
})

/** A backstop that is long 0.1 BTC from 60,000 already; what a tick below maintenance makes of Dave's 0.1. */
function withBackstop(maxPositionLots: number, deposit: number, leverage: number): string {
  const scenario = new Scenario({}, [{ ...scenarioMarket, maxPositionLots }])
  scenario.play(opening(336).replace('risk armed m=1', '').replace('60_000/60_000', '60_000'))
  scenario.run(`deposit safety ${deposit}`)
  scenario.run('mode safety 0')
  scenario.run('place safety buy 0.1 @ 60_000')
  scenario.run('place alice sell 0.1 @ 60_000')
  scenario.run(`leverage safety ${leverage}`)
  scenario.run('backstop safety')
  const said = scenario.run('at 57_599.9')
  checkInvariants(scenario.engine)
  return said
}

test('a backstop takes over up to its position limit', () => {
  const taken = 'mark 57599.9, dave stage 2 0.1, taken over 0.1 for 5673.59015 insurance 0'
  expect(withBackstop(200, 10_000, 0)).toBe(taken)
  expect(withBackstop(199, 10_000, 0)).toBe('mark 57599.9')
})

// After it: E = deposit − fee 0.9 − loss 240.01 + 86.39985 gained, IM = 5 % (leverage 10: 10 %) of 11,519.98.
test.each([
  [730.509_15, 0, true],
  [730.509_149, 0, false],
  [1_306.508_15, 10, true],
  [1_306.508_149, 10, false],
])('a backstop with %f USDC and leverage %i takes over: %s', (deposit, leverage, takes) => {
  expect(withBackstop(100_000, deposit, leverage).includes('taken over')).toBe(takes)
})

test('the rank of a winner counts the funding it is owed', () => {
  const scenario = new Scenario()
  scenario.play(`
    deposit alice 20_000
    deposit first 350
    deposit later 350
    deposit dave 336
    risk armed
    at 60_000
    place first sell 0.05 @ 60_000 as f
    place dave buy 0.05 @ 60_000
    place alice buy 0.2 @ 61_000 as bid
  `)
  // Longs pay until the hour is full, since the bid is above the index; then the other half is sold.
  for (let i = 0; i < 95; i++) {
    scenario.timeMs += 29_000
    scenario.run('at 60_000')
  }
  scenario.play(`
    cancel alice bid
    place later sell 0.05 @ 60_000 as l
    place dave buy 0.05 @ 60_000
  `)
  // Same size and gain; who has less equity has the higher leverage.
  expect(scenario.run('at 56_600')).toBe(
    'mark 56600, dave stage 4 0.1, adl 1 later -0.05 share 5.698712, first pays -4.697423, ' +
      'adl 2 first -0.05 share 5.698712, round 0.1 deficit 11.397424 insurance 0',
  )
  checkInvariants(scenario.engine)
})

test('400 winners a round, 500 fills a tick; what is left waits for the next', () => {
  const winners = 600
  const scenario = new Scenario({ accounts: 640, openOrders: 1_024, positions: 700 })
  scenario.play('deposit dave 1_400\ndeposit dora 470\nrisk armed\nat 60_000')
  for (let n = 0; n < winners; n++) {
    scenario.run(`deposit w${n} 20`)
    scenario.run(`place w${n} sell 0.001 @ 60_000`)
  }
  scenario.play('place dave buy 0.45 @ 60_000\nplace dora buy 0.15 @ 60_000')
  const rounds = (price: string) => {
    scenario.timeMs += 1_000
    for (const publisher of [0, 1]) scenario.run(`index ${price} ${publisher}`)
    const events = scenario.send({ kind: 'Tick' })
    return events.flatMap((e) =>
      e.kind === 'AdlRound' ? [[e.accountId, e.participants, e.closedLots]] : [],
    )
  }
  // E = 1,387.85 − 1,417.5 of a maintenance margin of 639.56, and 465.95 − 472.5 of 213.19: Dave is the worse off.
  expect(rounds('56_850')).toEqual([
    [1, 400, 400],
    [2, 100, 100],
  ])
  expect(rounds('56_850')).toEqual([
    [1, 50, 50],
    [2, 50, 50],
  ])
  expect(rounds('56_850')).toEqual([])
  checkInvariants(scenario.engine)
})
