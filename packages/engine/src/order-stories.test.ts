import { limits } from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { restoreEngine } from './index.ts'
import { checkInvariants } from './reference/invariants.ts'
import { asPlayed, Scenario, scenarioMarket } from './reference/scenario.ts'

const opening = `
  deposit alice 10_000
  deposit bob   10_000
  deposit carol 10_000
  index 60_000 0
  index 60_000 1
  tick => mark 60000
`
/** Index and, while no side of the book faces another, mark go to a price. */
const to = (price: string) => `
    wait 1s
    index ${price} 0
    index ${price} 1`

const stories: Record<string, string> = {
  'a market order is an IOC that the band narrows instead of refusing': `
    place alice buy 0.1 @ 70_000 ioc              => reject PRICE_BAND
    place alice buy 0.1 @ 70_000 market           => reject INVALID_PARAMETER
    place alice buy 0.1 @ 70_000 ioc market       => reject NOT_FILLABLE
    place bob sell 0.05 @ 60_100 as a             => rests
    place bob sell 0.05 @ 63_000.1 as b           => rests
    place alice buy 0.1 @ 70_000 ioc market       => at 63000, fill a 0.05 @ 60100, ioc
    place carol buy 0.1 @ 57_000 as c             => rests
    place alice sell 0.01 @ 0.1 ioc market reduce => at 57000, fill c 0.01 @ 57000
    place alice buy 0.1 @ 63_000 ioc market       => reject NOT_FILLABLE
  `,
  'a market order with a slippage cap goes no further than that from the best price': `
    place bob sell 0.01 @ 60_000 as a             => rests
    place bob sell 0.01 @ 60_060 as b             => rests
    place bob sell 0.01 @ 60_060.1 as c           => rests
    place alice buy 0.1 @ 62_000 ioc capped=1000  => at 60060, fill a 0.01 @ 60000, fill b 0.01 @ 60060, ioc
    place alice buy 0.1 @ 60_050 ioc capped=1000  => reject NOT_FILLABLE
    cancel bob c                                  => c closes user
    place alice buy 0.1 @ 62_000 ioc capped=1000  => reject NOT_FILLABLE
    place bob buy 0.01 @ 59_000.1 as d            => rests
    place alice sell 0.1 @ 100 ioc capped=100     => at 58994.2, fill d 0.01 @ 59000.1, ioc
  `,
  'a stop waits off the book without margin, and trades when mark reaches it': `
    place alice buy 0.1 @ 60_000 as a             => rests
    place bob sell 0.1 @ 60_000                   => fill a 0.1 @ 60000
    place alice sell 0.1 @ 57_500 reduce stop=59_000 as s => waits
    place alice sell 0.2 @ 59_000 stop=58_000 as t => waits
    place carol buy 0.2 @ 58_500 as c             => rests
    ${to('59_000.1')}
    tick                                          => mark 59000.1
    ${to('59_000')}
    tick                                          => mark 59000, s triggers 0.1 @ 57500, fill c 0.1 @ 58500
    has alice                                     => 9846.4675 USDC
    ${to('58_000')}
    tick                                          => mark 58000, t triggers 0.2 @ 59000
    place carol buy 0.2 @ 59_000 ioc              => fill t 0.2 @ 59000
  `,
  'take-profits and buys mirror stops; index and last price trigger too': `
    place alice buy 0.1 @ 61_000 stop=60_500 on=index as bs => waits
    place alice buy 0.1 @ 61_000 take=59_500 on=index as bt => waits
    place alice sell 0.1 @ 59_000 take=60_500 on=index as st => waits
    place alice sell 0.1 @ 59_000 stop=60_000 on=last as sl => waits
    tick                                          =>
    ${to('60_500')}
    tick                                          => mark 60500, bs triggers 0.1 @ 61000, st triggers 0.1 @ 59000, st closes selfTrade
    ${to('59_500')}
    tick                                          => mark 59500, bt triggers 0.1 @ 61000
    cancelAll alice                               => bs closes user, bt closes user, sl closes user
    place alice sell 0.1 @ 59_000 stop=60_000 on=last as sl => waits
    place bob sell 0.01 @ 60_100 as b             => rests
    place carol buy 0.01 @ 60_100                 => fill b 0.01 @ 60100
    tick                                          =>
    place bob sell 0.01 @ 60_000 as b             => rests
    place carol buy 0.01 @ 60_000                 => fill b 0.01 @ 60000
    tick                                          => sl triggers 0.1 @ 59000
    cancel alice sl                               => sl closes user
  `,
  'a trailing stop follows the best price since it was placed, at its distance': `
    place alice buy 0.1 @ 60_000 as a             => rests
    place bob sell 0.1 @ 60_000                   => fill a 0.1 @ 60000
    place alice sell 0.1 @ 58_000 reduce trail=500 on=index as t => waits
    place bob buy 0.1 @ 63_000 reduce trail=500 on=index as u => waits
    place carol buy 0.1 @ 59_990 as c             => rests
    ${to('60_600')}
    tick                                          => mark 60600, u triggers 0.1 @ 63000
    cancel bob u                                  => u closes user
    ${to('60_100.1')}
    tick                                          => mark 60100.1
    ${to('60_100')}
    tick                                          => mark 60100, t triggers 0.1 @ 58000, fill c 0.1 @ 59990
    place bob buy 0.1 @ 62_000 reduce trail=500 on=index as u => waits
    ${to('59_400')}
    tick                                          => mark 59400
    ${to('59_899.9')}
    tick                                          => mark 59899.9
    ${to('59_900')}
    tick                                          => mark 59900, u triggers 0.1 @ 62000
  `,
  'a triggered order is admitted anew, and closes with the reason it is refused for': `
    place alice sell 0.1 @ 59_000 reduce stop=59_900 on=index as r => waits
    place alice buy 9 @ 59_000 stop=59_900 as m    => waits
    place alice buy 9 @ 59_000 take=59_900 as n    => waits
    place alice sell 0.1 @ 50_000 stop=59_900 on=index as p => waits
    place alice sell 0.1 @ 100 ioc capped=0 stop=59_900 on=index as q => waits
    place alice buy 0.1 @ 59_000 fok take=59_900 on=index as f => waits
    cancel alice m                                 => m closes user
    ${to('59_900')}
    tick => mark 59900, r triggers 0.1 @ 59000, r closes triggerRefused REDUCE_ONLY, n triggers 9 @ 59000, n closes triggerRefused INSUFFICIENT_MARGIN, p triggers 0.1 @ 50000, p closes triggerRefused PRICE_BAND, q triggers 0.1 @ 56905, q closes triggerRefused NOT_FILLABLE, f triggers 0.1 @ 59000, f closes triggerRefused NOT_FILLABLE
  `,
  'triggers rest while the index is dead or the market halted': `
    place alice sell 0.1 @ 59_000 stop=60_000 as s => waits
    state 4
    place alice sell 0.1 @ 59_000 stop=60_000      => reject MARKET_HALTED
    tick                                           =>
    state 3
    place alice sell 0.1 @ 59_000 stop=60_000      => reject CANCEL_ONLY
    tick                                           =>
    state 2
    place alice sell 0.1 @ 59_000 stop=59_000 as t => waits
    tick                                           => s triggers 0.1 @ 59000, s closes triggerRefused CLOSE_ONLY
    state 0
    place alice sell 0.1 @ 59_000 stop=60_000 as s => waits
    wait 31s
    tick                                           =>
    cancelAll alice                                => t closes user, s closes user
  `,
  'one cancels the other: what one fills, the other may no longer': `
    place alice buy 0.1 @ 60_000 as a              => rests
    place bob sell 0.1 @ 60_000                    => fill a 0.1 @ 60000
    place alice sell 0.1 @ 61_000 as tp            => rests
    place alice sell 0.1 @ 58_000 stop=59_000 oco=tp as sl => waits
    place alice sell 0.1 @ 58_000 stop=59_000 oco=tp => reject LINK_NOT_FOUND
    place alice buy 0.1 @ 58_000 oco=tp            => reject LINK_NOT_FOUND
    place bob sell 0.1 @ 62_000 oco=7:1            => reject LINK_NOT_FOUND
    place carol buy 0.04 @ 61_000                  => fill tp 0.04 @ 61000, sl left 0.06
    ${to('59_000')}
    tick                                           => mark 59000, sl triggers 0.06 @ 58000
    place carol buy 0.06 @ 58_000                  => fill sl 0.06 @ 58000, tp left 0, tp closes linked
    has alice                                      => 9918.212 USDC
  `,
  'a smaller sibling that is filled ends the larger; a cancelled one leaves it alone': `
    place alice sell 0.1 @ 60_000 as x             => rests
    place alice sell 0.3 @ 61_000 oco=x as y       => rests
    place bob buy 0.1 @ 60_000                     => fill x 0.1 @ 60000, y left 0.2, y closes linked
    place alice sell 0.1 @ 60_000 as x             => rests
    place alice sell 0.3 @ 61_000 oco=x as y       => rests
    cancel alice x                                 => x closes user
    place alice sell 0.1 @ 60_500 oco=y as z       => rests
    place bob buy 0.05 @ 60_500                    => fill z 0.05 @ 60500, y left 0.25
    cancelAll alice                                => y closes user, z closes user
  `,
  'taking is a fill too: the sibling gives way before the order rests': `
    place alice sell 0.1 @ 61_000 as x             => rests
    place bob buy 0.04 @ 60_000 as b               => rests
    place alice sell 0.1 @ 60_000 oco=x as y       => fill b 0.04 @ 60000, x left 0.06, rests
    place carol buy 0.06 @ 60_000                  => fill y 0.06 @ 60000, x left 0, x closes linked
  `,
  'bracket children are armed by what their parent has filled': `
    place alice buy 0.3 @ 60_000 as p              => rests
    place alice sell 0.2 @ 57_000 stop=59_000 parent=p => reject INVALID_PARAMETER
    place alice sell 0.4 @ 57_000 reduce stop=59_000 parent=p => reject INVALID_PARAMETER
    place alice sell 0.3 @ 57_000 reduce parent=p  => reject INVALID_PARAMETER
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p as sl => waits
    place alice sell 0.2 @ 61_000 reduce take=61_000 parent=p oco=sl as tp => waits
    place alice sell 0.2 @ 61_000 reduce take=61_000 parent=tp => reject LINK_NOT_FOUND
    ${to('58_900')}
    tick                                           => mark 58900
    ${to('60_000')}
    tick                                           => mark 60000
    place bob sell 0.1 @ 60_000                    => fill p 0.1 @ 60000
    place carol buy 0.03 @ 58_000 as c             => rests
    ${to('58_900')}
    tick => mark 58900, sl triggers 0.066 @ 57000, p closes linked, tp left 0.066, fill c 0.03 @ 58000, tp left 0.036
    cancelAll alice                                => sl closes user, tp closes user
  `,
  'a parent that is cancelled leaves what it armed, and takes the rest with it': `
    place alice buy 0.3 @ 60_000 as p              => rests
    place alice sell 0.3 @ 57_000 reduce stop=59_000 parent=p as sl => waits
    place bob sell 0.001 @ 60_000                  => fill p 0.001 @ 60000
    place alice sell 0.1 @ 57_000 reduce take=62_000 parent=p as tp => waits
    cancel alice p                                 => p closes user, sl left 0.001, tp closes linked
    place alice sell 0.001 @ 57_000 reduce take=62_000 parent=p as t2 => waits
    place alice sell 0.002 @ 57_000 reduce take=62_000 parent=p => reject INVALID_PARAMETER
    cancelAll alice                                => sl closes user, t2 closes user
    place alice buy 0.3 @ 60_000 as p              => rests
    cancel alice p                                 => p closes user
    place alice sell 0.1 @ 57_000 reduce take=62_000 parent=p => reject LINK_NOT_FOUND
  `,
  'children count on when their parent is amended': `
    place alice buy 0.2 @ 60_000 as p              => rests
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p as sl => waits
    place bob sell 0.1 @ 60_000                    => fill p 0.1 @ 60000
    amend alice p 0.3 @ 59_900                     => requeues, rests
    place bob sell 0.1 @ 59_900                    => fill p 0.1 @ 59900
    amend alice sl 0.5 @ 57_000 stop=59_000 reduce => reject INVALID_AMEND
    amend alice sl 0.4 @ 57_000 stop=59_000 reduce => keeps
    amend alice sl 0.4 @ 57_000 stop=59_000        => reject INVALID_AMEND
    cancel alice p                                 => p closes user, sl left 0.2
  `,
  'at most eight children a parent': `
    place alice buy 0.2 @ 60_000 as p              => rests
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p => waits
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p => waits
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p => waits
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p => waits
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p => waits
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p => waits
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p => waits
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p as e => waits
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p => reject OPEN_ORDERS_LIMIT
    cancel alice e                                 => e closes user
    place alice sell 0.2 @ 57_000 reduce stop=59_000 parent=p as e => waits
  `,
  'a waiting order is amended in its place, within its kind': `
    place alice sell 0.1 @ 58_000 stop=59_000 as s => waits
    place alice sell 0.1 @ 58_000 stop=59_500 as t => waits
    amend alice s 0.2 @ 58_500 stop=59_500         => keeps
    amend alice s 0.2 @ 58_500                     => reject INVALID_PARAMETER
    amend alice s 0.2 @ 58_500 take=59_500         => reject INVALID_AMEND
    amend alice s 0.2 @ 58_500 stop=59_500 till=10 => reject SIGNATURE_EXPIRED
    place carol buy 0.3 @ 58_600 as c              => rests
    ${to('59_500')}
    tick => mark 59500, s triggers 0.2 @ 58500, fill c 0.2 @ 58600, t triggers 0.1 @ 58000, fill c 0.1 @ 58600
    place alice sell 0.1 @ 100 ioc capped=50 stop=59_000 as m => waits
    amend alice m 0.1 @ 200 stop=58_000            => reject INVALID_AMEND
    amend alice m 0.1 @ 200 stop=58_000 ioc market => reject INVALID_PARAMETER
    amend alice m 0.1 @ 200 stop=58_000 ioc        => keeps
    place alice sell 0.1 @ 58_000 trail=10 as u    => waits
    amend alice u 0.1 @ 58_000                     => reject INVALID_AMEND
  `,
  'waiting orders expire, hold their lane and answer to their client id': `
    place alice sell 0.1 @ 58_000 stop=59_000 till=603 lane=7:1 id=x as s => waits
    place alice sell 0.1 @ 58_000 stop=59_000 till=603 lane=7:1 id=x => same as s
    place alice sell 0.1 @ 58_000 take=59_000 till=603 lane=7:1 id=x => reject DUPLICATE_CLIENT_ORDER_ID
    place alice sell 0.1 @ 58_000 till=603 lane=7:1 id=x => reject DUPLICATE_CLIENT_ORDER_ID
    place alice sell 0.1 @ 58_000 lane=7:2         => reject LANE_BUSY
    cancel alice x                                 => s closes user
    place alice sell 0.1 @ 58_000 stop=59_000 till=603 lane=7:2 as s => waits
    wait 3s
    tick                                           => s closes expired
  `,
  "a dead man's switch closes everything of the account unless it is set again": `
    place alice buy 0.1 @ 59_000 as a              => rests
    place alice sell 0.1 @ 58_000 stop=59_000 as s => waits
    deadman alice 0.5s                             => reject INVALID_PARAMETER
    deadman alice 5s                               => in 5s
    wait 4s
    deadman alice 5s                               => in 5s
    deadman bob 3s                                 => in 3s
    wait 4s
    tick                                           => off
    place alice buy 0.1 @ 59_000 reduce            => reject REDUCE_ONLY
    wait 1s
    tick                                           => off, a closes deadMan, s closes deadMan
    tick                                           =>
    deadman alice 5s                               => in 5s
    deadman alice 0s                               => off
    deadman mallory 5s                             => reject UNKNOWN_ACCOUNT
  `,
  'owners that share a group do not trade with each other': `
    group alice 7                                  =>
    group bob 7                                    =>
    deposit alice/1 1_000
    place alice/1 buy 0.01 @ 60_000 as a           => rests
    place bob sell 0.01 @ 60_000                   => selfTrade
    place bob sell 0.01 @ 60_000 fok stp-maker     => reject NOT_FILLABLE
    place carol sell 0.001 @ 60_000                => fill a 0.001 @ 60000
    group bob 0                                    =>
    place bob sell 0.009 @ 60_000                  => fill a 0.009 @ 60000
    group alice -1                                 => reject INVALID_PARAMETER
    group alice 1073741824                         => reject INVALID_PARAMETER
    group mallory 1                                => reject UNKNOWN_ACCOUNT
  `,
  'the throttle takes larger orders only, then post-only ones; reducing is free': `
    place alice buy 0.1 @ 60_000 as a              => rests
    place bob sell 0.1 @ 60_000                    => fill a 0.1 @ 60000
    throttle 1 1000                                =>
    place alice buy 0.01 @ 59_000                  => reject THROTTLED
    place alice buy 0.01 @ 59_000 stop=61_000      => reject THROTTLED
    place alice buy 0.02 @ 59_000 as b             => rests
    amend alice b 0.01 @ 59_000                    => reject THROTTLED
    place alice sell 0.01 @ 61_000 reduce          => rests
    throttle 2 0                                   =>
    place alice buy 0.02 @ 59_000                  => reject THROTTLED
    place alice buy 0.02 @ 59_000 post             => rests
    throttle 0 0                                   =>
    place alice buy 0.001 @ 59_000                 => rests
    throttle 3 0                                   => reject INVALID_PARAMETER
    throttle 1 -1                                  => reject INVALID_PARAMETER
  `,
  'a slide order rests one tick behind what it would have crossed': `
    place bob sell 0.1 @ 60_000 as b               => rests
    place alice buy 0.1 @ 60_500 post slide as s   => at 59999.9, rests
    place carol sell 0.1 @ 59_999 post slide as t  => at 60000, rests
    amend alice s 0.1 @ 59_000 post                => reject INVALID_AMEND
    place alice buy 0.1 @ 59_000 post slide        => rests
    place alice buy 0.1 @ 63_100 post slide        => reject PRICE_BAND
    cancelAll bob                                  => b closes user
    place carol buy 0.2 @ 60_000 stp-maker as c    => t closes selfTrade, rests
    place bob sell 0.3 @ 59_000                    => fill c 0.2 @ 60000, fill s 0.1 @ 59999.9
  `,
  'an iceberg shows a part, and the next one queues anew': `
    place alice sell 0.1 @ 60_000 show=0.03 as i   => rests
    place bob sell 0.1 @ 60_000 as b               => rests
    place carol buy 0.05 @ 60_000                  => fill i 0.03 @ 60000, i shows 0.03 @ 60000, fill b 0.02 @ 60000
    place carol buy 0.1 @ 60_000 as c              => fill b 0.08 @ 60000, fill i 0.02 @ 60000
    place carol buy 0.05 @ 60_000 fok              => fill i 0.01 @ 60000, i shows 0.03 @ 60000, fill i 0.03 @ 60000, i shows 0.01 @ 60000, fill i 0.01 @ 60000
    place alice sell 0.1 @ 60_000 show=0.03 as i   => rests
    amend alice i 0.1 @ 60_000                     => reject INVALID_AMEND
    place carol buy 0.11 @ 60_000 fok              => reject NOT_FILLABLE
    cancel alice i                                 => i closes user
  `,
  'an iceberg takes whole and hides what rests': `
    place bob buy 0.05 @ 60_000 as b               => rests
    place alice sell 0.1 @ 60_000 show=0.02 as i   => fill b 0.05 @ 60000, rests
    place carol buy 0.03 @ 60_000                  => fill i 0.02 @ 60000, i shows 0.02 @ 60000, fill i 0.01 @ 60000
    place alice sell 0.1 @ 60_000 show=0.1         => reject INVALID_PARAMETER
    place alice sell 0.1 @ 60_000 ioc show=0.05    => reject INVALID_PARAMETER
  `,
  'a scale shows one level after the other, each further from its limit': `
    place alice sell 0.1 @ 60_000 scale=3x10 as s  => rests
    place carol buy 0.034 @ 60_000                 => fill s 0.034 @ 60000, s shows 0.033 @ 60010
    place carol buy 0.07 @ 60_015 as c             => fill s 0.033 @ 60010, s shows 0.033 @ 60020, rests
    place bob buy 0.066 @ 60_020 fok               => reject NOT_FILLABLE
    cancelAll carol                                => c closes user
    place alice sell 0.1 @ 60_000 scale=3x10 as t  => rests
    place bob buy 0.133 @ 60_020 fok               => fill t 0.034 @ 60000, t shows 0.033 @ 60010, fill t 0.033 @ 60010, t shows 0.033 @ 60020, fill s 0.033 @ 60020, fill t 0.033 @ 60020
  `,
  'a scale that takes its first level queues the second behind the best price': `
    place bob sell 0.05 @ 59_900 as b              => rests
    place bob sell 0.05 @ 59_950 as c              => rests
    place alice buy 0.1 @ 60_000 scale=2x20 as s   => fill b 0.05 @ 59900, s shows 0.05 @ 59949.9, rests
    place bob sell 0.05 @ 59_949.9                 => fill s 0.05 @ 59949.9
    place alice buy 0.1 @ 60_000 scale=33x20       => reject INVALID_PARAMETER
    cancel bob c                                   => c closes user
    place bob buy 0.05 @ 60_000 as d               => rests
    place carol buy 0.1 @ 59_990 as e              => rests
    place alice sell 0.3 @ 59_900 scale=3x10 as s  => fill d 0.05 @ 60000, fill e 0.05 @ 59990, s shows 0.1 @ 59990.1, rests
    cancel carol e                                 => e closes user
    place bob buy 0.2 @ 60_000 fok                 => fill s 0.1 @ 59990.1, s shows 0.1 @ 59920, fill s 0.1 @ 59920
    place alice buy 0.1 @ 60_000 scale=2x60_000    => reject INVALID_PARAMETER
    deposit alice 10_000_000
    place alice buy 101 @ 58_000 scale=9x10        => reject POSITION_LIMIT
    place alice buy 90 @ 58_000 scale=9x10 as t    => rests
    place alice buy 20 @ 58_000                    => reject POSITION_LIMIT
    cancel alice t                                 => t closes user
    place alice buy 20 @ 58_000                    => rests
  `,
  'a peg stands at the index plus its offset, within its limit, never crossing': `
    place alice buy 0.1 @ 60_100 post peg=-50 as p => waits
    tick                                           => p shows 0.1 @ 59950
    ${to('60_200')}
    tick                                           => mark 60200, p shows 0.1 @ 60100
    place bob sell 0.1 @ 60_050 as b               => fill p 0.1 @ 60100
    place alice buy 0.1 @ 60_100 post peg=0 as p   => waits
    place bob sell 0.1 @ 60_050 as b               => rests
    tick                                           => p shows 0.1 @ 60049.9
    place carol sell 0.1 @ 60_049                  => fill p 0.1 @ 60049.9
  `,
  'a peg without a price or without margin waits': `
    place alice sell 0.1 @ 100 post peg=-59_990 as p => waits
    tick                                           =>
    cancel alice p                                 => p closes user
    place alice buy 9 @ 60_000 post peg=-10 as q   => waits
    tick                                           =>
    deposit alice 100_000
    tick                                           => q shows 9 @ 59990
    ${to('64_000')}
    tick                                           => mark 64000, q shows 9 @ 60000
    cancel alice q                                 => q closes user
    place alice sell 0.1 @ 100 post peg=-3_000 as r => waits
    tick                                           => r shows 0.1 @ 61000
    state 2
    tick                                           =>
  `,
  'a twap takes its slices when they are due, and makes up for missed ones': `
    place bob sell 1 @ 60_000 as b                 => rests
    place alice buy 0.1 @ 60_000 ioc twap=4x10 as t => waits
    tick                                           => t triggers 0.025 @ 60000, fill b 0.025 @ 60000
    wait 9s
    index 60_000 0
    index 60_000 1
    tick                                           =>
    wait 1s
    tick                                           => t triggers 0.025 @ 60000, fill b 0.025 @ 60000
    wait 25s
    index 60_000 0
    index 60_000 1
    tick                                           => t triggers 0.05 @ 60000, fill b 0.05 @ 60000
    cancel alice t                                 => reject ORDER_NOT_FOUND
  `,
  'a twap skips a slice that is refused, and closes with what is left': `
    place bob sell 1 @ 60_010 as b                 => rests
    place alice buy 0.1 @ 61_000 ioc twap=2x1 capped=0 => reject INVALID_PARAMETER
    place alice buy 0.1 @ 60_000 ioc twap=2x1 as t => waits
    tick                                           =>
    wait 1s
    tick                                           => t closes ioc
  `,
}

describe('stories of advanced orders', () => {
  test.each(Object.entries(stories))('%s', (_, table) => {
    const scenario = new Scenario()
    scenario.play(opening)
    for (const row of asPlayed(table)) {
      expect(scenario.play(row)).toEqual([row])
      checkInvariants(scenario.engine)
    }
    const copy = restoreEngine(scenario.engine.snapshot())
    expect(copy.stateHash()).toEqual(scenario.engine.stateHash())
    checkInvariants(copy)
  })
})

test("a market's switch closes what the account has there, beside the account's own", () => {
  const eth = { ...scenarioMarket, market: 1, symbol: 'ETH-PERP' }
  const scenario = new Scenario({}, [scenarioMarket, eth])
  for (const row of ['deposit alice 10_000', 'deposit bob 10_000', 'at 60_000/60_000'])
    scenario.run(row)
  const table = `
    place alice buy 0.1 @ 59_000 as a              => rests
    place alice buy 0.1 @ 59_000 m=1 as b          => rests
    place alice sell 0.1 @ 58_000 stop=59_000 m=1 as c => waits
    place bob buy 0.1 @ 59_000 m=1 as d            => rests
    deadman alice 4s m=2                           => reject UNKNOWN_MARKET
    deadman mallory 4s m=1                         => reject UNKNOWN_ACCOUNT
    deadman alice 0.5s m=1                         => reject INVALID_PARAMETER
    deadman alice 4s m=1                           => m=1 in 4s
    deadman bob 4s m=0                             => m=0 in 4s
    deadman alice 9s m=0                           => m=0 in 9s
    deadman alice 6s                               => in 6s
    wait 2s
    deadman alice 4s m=1                           => m=1 in 4s
    deadman bob 0s m=0                             => m=0 off
    deadman bob 0s m=0                             => m=0 off
    wait 2s
    tick                                           =>
    wait 2s
    tick                                           => off, a closes deadMan, b closes deadMan, c closes deadMan, m=1 off
    at 60_000/60_000                               =>
    place alice buy 0.1 @ 59_000 as a              => rests
    place alice buy 0.1 @ 59_000 m=1 as b          => rests
    deadman bob 3s m=1                             => m=1 in 3s
    wait 3s
    tick                                           => m=0 off, a closes deadMan, m=1 off, d closes deadMan
    tick                                           =>
    cancelAll alice                                => b closes user
  `
  for (const row of asPlayed(table)) {
    expect(scenario.play(row)).toEqual([row])
    const copy = restoreEngine(scenario.engine.snapshot())
    expect(copy.stateHash()).toEqual(scenario.engine.stateHash())
  }
})

test.each([
  [2, 'reject NOT_FILLABLE', 'fill s 0.1 @ 60000, s closes ioc, rests'],
  [3, 'reject NOT_FILLABLE', 'fill s 0.1 @ 60000, s shows 0.1 @ 60200, rests'],
  [4, 'fill s 0.1 @ 60000, s shows 0.1 @ 60200', 'rests'],
])('of %i pages a scale never takes the last one', (pages, killed, taken) => {
  const scenario = new Scenario({ pages, pageDirectories: 4 })
  scenario.play(opening)
  scenario.play('place bob buy 0.001 @ 57_500')
  scenario.play('place alice sell 0.2 @ 60_000 scale=2x200 as s')
  expect(scenario.run('place carol buy 0.1 @ 60_000 fok')).toBe(killed)
  checkInvariants(scenario.engine)
  expect(scenario.run('place carol buy 0.3 @ 60_000')).toBe(taken)
  checkInvariants(scenario.engine)
})

test.each(['buy', 'sell'])(
  'a scale that would %s counts whole against the position limit',
  (side) => {
    const scenario = new Scenario({}, [{ ...scenarioMarket, maxPositionLots: 100 }])
    scenario.play(opening)
    const at = side === 'buy' ? '59_000' : '61_000'
    expect(scenario.run(`place alice ${side} 0.08 @ ${at} scale=4x10`)).toContain('rests')
    expect(scenario.run(`place alice ${side} 0.021 @ ${at}`)).toBe('reject POSITION_LIMIT')
    expect(scenario.run(`place alice ${side} 0.02 @ ${at}`)).toBe('rests')
  },
)

test('an OCO sibling that is reduced reserves as much less', () => {
  const scenario = new Scenario()
  scenario.play(opening)
  scenario.play(`
    place alice buy 0.1 @ 59_000 as a
    place alice buy 0.1 @ 58_000 oco=a as b
    place bob sell 0.04 @ 59_000
  `)
  const reserved = scenario.engine.reserved(1).map(({ side, lots, quote }) => [side, lots, quote])
  expect(reserved).toContainEqual([0, 120, 60 * 590_000 * 100 + 60 * 580_000 * 100])
})

test('a tick makes a bounded number of fills; the orders it leaves wait for the next', () => {
  const most = limits.fillsPerCommandMax
  const scenario = new Scenario()
  scenario.play(opening)
  scenario.play('deposit dave 100_000')
  for (let n = 0; n < most + 3; n++)
    scenario.run(`place ${n % 2 === 0 ? 'alice' : 'bob'} sell 0.001 @ 60_000`)
  scenario.play('place dave buy 0.499 @ 60_000 take=60_000 on=index as a')
  scenario.play('place dave buy 0.003 @ 60_000 take=60_000 on=index as b')
  scenario.play('place dave buy 0.001 @ 60_000 take=60_000 on=index as c')
  const first = scenario.run('tick').split(', ')
  expect(first.filter((word) => word.startsWith('fill'))).toHaveLength(most)
  expect(first.filter((word) => word.includes('triggers'))).toEqual([
    'a triggers 0.499 @ 60000',
    'b triggers 0.003 @ 60000',
  ])
  checkInvariants(scenario.engine)
  const second = scenario.run('tick').split(', ')
  expect(second.filter((word) => word.includes('triggers'))).toEqual([
    'b triggers 0.002 @ 60000',
    'c triggers 0.001 @ 60000',
  ])
  checkInvariants(scenario.engine)
})
