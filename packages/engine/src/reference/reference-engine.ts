//! The exchange again, from the rules alone: objects, Map and BigInt, no line shared with the fast engine.
import {
  type Command,
  type CommandRejected,
  commandKind,
  type EngineEvent,
  type Envelope,
  type EventBody,
  encodeEvent,
  rejectCode,
  type StateHash,
} from '@plumb/model'
import { defaultLimits, type EngineLimits } from '../engine-limits.ts'
import {
  genesis,
  listMarket,
  setAccountMode,
  setDeadMan,
  setFeeTiers,
  setLeverage,
  setMarketRisk,
  setSelfTradeGroup,
  setThrottle,
} from './reference-admin.ts'
import { amendOrder, cancelAll, cancelOrder } from './reference-amend.ts'
import {
  confirmBatch,
  creditDeposit,
  fundInsurance,
  requestWithdrawal,
  transfer,
} from './reference-cash.ts'
import { chainNotice } from './reference-chain.ts'
import { observePrice, tick } from './reference-clock.ts'
import { referenceHash } from './reference-hash.ts'
import { registerKey, revokeKey } from './reference-keys.ts'
import { placeOrder } from './reference-place.ts'
import {
  type Emit,
  emptyState,
  INVALID,
  type ReferenceState,
  type Refusal,
} from './reference-state.ts'
import { reopenMarket, setBackstop, setMarketState, settleMarket } from './reference-states.ts'

export class ReferenceEngine {
  readonly state: ReferenceState

  constructor(engineLimits: Partial<EngineLimits> = {}) {
    this.state = emptyState({ ...defaultLimits, ...engineLimits })
  }

  /** The events of one command, as their records. */
  apply({ seq, timeMs, command }: Envelope): Uint8Array[] {
    const s = this.state
    s.seq = seq
    s.timeMs = timeMs
    s.fills = 0
    const records: Uint8Array[] = []
    const emit: Emit = (event: EventBody) => {
      const leg = records.length
      if (leg > 100_000) throw new Error('a command without end')
      const whole: EngineEvent = { ...event, seq, timeMs, leg }
      records.push(encodeEvent(whole))
    }
    const refusal = !s.opened && command.kind !== 'Genesis' ? INVALID : run(s, command, emit)
    if (refusal !== undefined) emit(rejection(command, refusal))
    return records
  }

  stateHash(): StateHash {
    return referenceHash(this.state)
  }
}

function rejection(command: Command, { refuse, limitValue = 0 }: Refusal): CommandRejected {
  const named = 'clientOrderId' in command
  return {
    kind: 'CommandRejected',
    accountId: 'accountId' in command ? command.accountId : 0,
    market: 'market' in command ? command.market : 0,
    code: rejectCode[refuse],
    commandKind: commandKind[command.kind],
    orderId: named ? command.orderId : 0,
    limitValue,
    clientOrderId: named ? command.clientOrderId : '',
  }
}

function run(s: ReferenceState, c: Command, emit: Emit): Refusal | undefined {
  switch (c.kind) {
    case 'Genesis':
      return genesis(s, c, emit)
    case 'ListMarket':
      return listMarket(s, c, emit)
    case 'PlaceOrder':
    case 'PlaceAdvancedOrder':
      return placeOrder(s, c, emit)
    case 'AmendOrder':
      return amendOrder(s, c, emit)
    case 'CancelOrder':
      return cancelOrder(s, c, emit)
    case 'CancelAll':
      return cancelAll(s, c, emit)
    case 'CreditDeposit':
      return creditDeposit(s, c, emit)
    case 'RequestWithdrawal':
      return requestWithdrawal(s, c, emit)
    case 'ObservePrice':
      return observePrice(s, c, emit)
    case 'Tick':
      return tick(s, emit) ?? undefined
    case 'ConfirmBatch':
      return confirmBatch(s, c, emit)
    case 'SetMarketState':
      return setMarketState(s, c, emit)
    case 'SetWithdrawals':
      if (c.paused !== 0 && c.paused !== 1) return INVALID
      s.paused = c.paused
      emit({ kind: 'WithdrawalsSwitched', paused: c.paused })
      return undefined
    case 'Transfer':
      return transfer(s, c, emit)
    case 'SetLeverage':
      return setLeverage(s, c, emit)
    case 'SetAccountMode':
      return setAccountMode(s, c, emit)
    case 'SetDeadMan':
      return setDeadMan(s, c, emit)
    case 'SetSelfTradeGroup':
      return setSelfTradeGroup(s, c, emit)
    case 'SetFeeTiers':
      return setFeeTiers(s, c, emit)
    case 'SetMarketRisk':
      return setMarketRisk(s, c, emit)
    case 'SetBackstop':
      return setBackstop(s, c, emit)
    case 'FundInsurance':
      return fundInsurance(s, c, emit)
    case 'SetThrottle':
      return setThrottle(s, c, emit)
    case 'ReopenMarket':
      return reopenMarket(s, c, emit)
    case 'SettleMarket':
      return settleMarket(s, c, emit)
    case 'RegisterKey':
      return registerKey(s, c, emit)
    case 'RevokeKey':
      return revokeKey(s, c, emit)
    case 'ChainNotice':
      return chainNotice(s, c, emit)
  }
}
